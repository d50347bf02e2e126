"""Evidence by content: files kept under their SHA-256, for their owner only; cases name digests, never contents.

Rules (K7, K9):

1. `keep` copies a file under its digest; the same content twice is one file. Nothing is overwritten.
2. `check` reads again: what is gone or was changed is named.

Example::

    store = EvidenceStore(Path("house/risk-evidence"))
    digest = store.keep(Path("statement.pdf").read_bytes())
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from jinku.base.files import replace_durably
from jinku.risk.acts.errors import BadAct

FILE_BYTES_MAX = 64 << 20


class EvidenceStore:
    """A directory of files by their digest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, data: bytes) -> str:
        """Keep `data`; its SHA-256 in hexadecimal. Raises BadAct for nothing or too much, OSError."""
        if not 0 < len(data) <= FILE_BYTES_MAX:
            raise BadAct(
                "is no size of evidence",
                field="bytes",
                value=len(data),
                remedy=f"1 to {FILE_BYTES_MAX} bytes",
            )
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(digest)
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._directory.chmod(0o700)
            replace_durably(path, data, 0o600)
        return digest

    def read(self, digest: str) -> bytes | None:
        """What was kept under `digest`; None where it is gone or was changed."""
        path = self._path(digest)
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        return data if data and hashlib.sha256(data).hexdigest() == digest else None

    def check(self, digests: Iterable[str]) -> list[str]:
        """Those of `digests` that are gone or were changed."""
        return [one for one in digests if self.read(one) is None]

    def erase(self, digest: str) -> None:
        """Erase one file; harmless where it is gone."""
        self._path(digest).unlink(missing_ok=True)

    def digests(self) -> list[str]:
        """What is kept."""
        return sorted(path.name for path in self._directory.glob("??/*") if path.is_file())

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / digest
