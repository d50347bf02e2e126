"""What a close was made from, kept by the SHA-256 of its bytes: statement files, exports, ledger extracts, records.

Rules:

1. A file's name is the SHA-256 of its content; large ones are kept compressed as ``NAME.gz``, so that anybody can check
   them with ``zcat NAME.gz | sha256sum``.
2. What is read is checked against its name: other bytes are `ChangedInput`, never used.
3. A file is written once, durably, for its owner's eyes, before anything refers to it.

Example::

    digest = vault.put(statement_bytes)
    vault.get(digest) == statement_bytes
"""

import gzip
import hashlib
import os
import re
import secrets
import zlib
from pathlib import Path

from jinku.base.files import sync_directory
from jinku.custody.closing.errors import ChangedInput

PLAIN_BYTES_MAX = 1 << 16
_LEVEL = 6
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Vault:
    """A directory of such files. Safe to share between threads and processes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes) -> str:
        """Keep `data`; its SHA-256 in hexadecimal. Raises OSError."""
        digest = hashlib.sha256(data).hexdigest()
        plain, packed = self._paths(digest)
        if plain.exists() or packed.exists():
            self.get(digest)  # whoever damaged it meanwhile is noticed here
            return digest
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        plain.parent.mkdir(mode=0o700, exist_ok=True)
        if len(data) <= PLAIN_BYTES_MAX:
            _write(plain, data)
        else:
            _write(packed, gzip.compress(data, _LEVEL, mtime=0))
        return digest

    def has(self, digest: str) -> bool:
        """Whether a file is kept by this SHA-256."""
        return bool(_DIGEST.fullmatch(digest)) and any(path.exists() for path in self._paths(digest))

    def get(self, digest: str) -> bytes:
        """The bytes with this SHA-256. Raises ChangedInput where they are gone or are others."""
        if not _DIGEST.fullmatch(digest):
            raise ChangedInput(f"{digest[:64]!r} is no SHA-256", remedy="name a kept file by its digest")
        plain, packed = self._paths(digest)
        try:
            data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise ChangedInput(
                f"the kept file {digest} cannot be read: {type(error).__name__}",
                remedy="restore it from a backup: its name says whether it is the right one",
            ) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise ChangedInput(
                f"the kept file {digest} has other bytes than it was kept with",
                remedy="restore it from a backup",
            )
        return data

    def _paths(self, digest: str) -> tuple[Path, Path]:
        folder = self._directory / digest[:2]
        return folder / digest, folder / f"{digest}.gz"


def _write(path: Path, data: bytes) -> None:
    """Durably, by a name of this writer's own: several may keep the same bytes at once."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    sync_directory(path.parent)
