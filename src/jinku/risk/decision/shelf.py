"""The versions that decisions were made with, kept by their digest, so that any past day can be replayed.

Rules:

1. A part is kept as the bytes it is made from, in a file named by their SHA-256; it is never changed or dropped.
2. What is taken down is compared with its name: a file that was altered is told by name.

Example::

    shelf = Shelf(directory / "versions")
    digest = shelf.put("rules", raw)
    shelf.take("rules", digest)
"""

import hashlib
from pathlib import Path

from jinku.base.files import replace_durably
from jinku.risk.decision.errors import VersionUnknown


class Shelf:
    """See the module's rules."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def put(self, part: str, raw: bytes) -> str:
        """Keep the bytes of `part`; their digest in hex. Raises OSError."""
        digest = hashlib.sha256(raw).hexdigest()
        path = self._path(part, digest)
        if not path.exists():
            replace_durably(path, raw, 0o600)
        return digest

    def take(self, part: str, digest: str) -> bytes:
        """The bytes of `part` with this digest. Raises VersionUnknown."""
        path = self._path(part, digest)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise VersionUnknown(
                f"the {part} of version {digest[:16]} cannot be read: {type(error).__name__}",
                remedy=f"restore {path.name} from a backup",
            ) from None
        if hashlib.sha256(raw).hexdigest() != digest:
            raise VersionUnknown(
                f"the {part} of version {digest[:16]} was altered",
                remedy=f"restore {path.name} from a backup",
            )
        return raw

    def _path(self, part: str, digest: str) -> Path:
        return self._directory / f"{part}-{digest}"
