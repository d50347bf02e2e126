"""What making a pack refuses."""

from typing import ClassVar

from jinku.base.errors import JinkuError


class ReceiverRefused(JinkuError):
    """A receiver's certificate that a pack cannot be encrypted to."""

    code: ClassVar[str] = "bad_certificate"
    http_status: ClassVar[int] = 422
