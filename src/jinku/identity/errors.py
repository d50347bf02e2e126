"""What can go wrong with credentials. No message holds a secret."""

from typing import ClassVar

from jinku.base.errors import JinkuError


class CredentialExists(JinkuError):
    """A credential of this name is in force."""

    code: ClassVar[str] = "credential_exists"
    http_status: ClassVar[int] = 409

    def __init__(self, name: str) -> None:
        super().__init__(
            f"a credential {name!r} is in force", remedy="revoke it first, or choose another name"
        )


class CredentialUnknown(JinkuError):
    """There is no such credential in force."""

    code: ClassVar[str] = "credential_unknown"
    http_status: ClassVar[int] = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"no credential {name!r} is in force", remedy="ask for the list of credentials")
