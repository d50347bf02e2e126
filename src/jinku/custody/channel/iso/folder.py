"""Directories that two parties share: files appear whole, signed, and are taken away once they are written down.

Rules:

1. A file is written beside its place and renamed into it, its signature first: whoever sees ``x.xml`` sees all of it
   and finds ``x.xml.sig``. Hidden names are drafts.
2. The signature is Ed25519 over a purpose line and the SHA-256 of the bytes. A file without a good one is not read: who
   may write into a directory is not yet the bank.
3. What was taken in is moved to the archive under its digest, and so is what was refused, apart.
4. A file that is delivered again under the same name has the same bytes, or is an error.

Example::

    Folder(outbox).deliver("iso-18c.xml", data, signer)
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from pathlib import Path

from jinku.base.errors import InputError
from jinku.base.files import replace_durably, sync_directory
from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.signer import Signer, Verifier
from jinku.custody.channel.errors import MessageRefused

PURPOSE = b"jinku/bank-file/v1\n"
SIGNATURE_SUFFIX = ".sig"
FILE_BYTES_MAX = 256 << 20
SIGNATURE_BYTES_MAX = 1_024


class Folder:
    """One shared directory; see the module's rules."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory

    def deliver(self, name: str, data: bytes, signer: Signer) -> None:
        """Put a file there, once. Raises InputError where another one has its name."""
        path = self._directory / name
        if path.exists() and path.read_bytes() != data:
            raise InputError("another file has this name", file=name, field="name", value=name)
        signature = base64.b64encode(signer.sign(_signed(data)))
        replace_durably(self._directory / f"{name}{SIGNATURE_SUFFIX}", signature, 0o600)
        replace_durably(path, data, 0o600)

    def names(self) -> list[str]:
        """Files that are there, by name."""
        return sorted(
            one.name
            for one in self._directory.iterdir()
            if one.is_file()
            and not one.is_symlink()
            and not one.name.startswith(".")
            and one.suffix != SIGNATURE_SUFFIX
        )

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises MessageRefused where it is too large."""
        with (self._directory / name).open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        if len(data) > FILE_BYTES_MAX:
            raise MessageRefused(f"a file is larger than {FILE_BYTES_MAX} bytes")
        return data

    def believe(self, name: str, data: bytes, verifier: Verifier) -> None:
        """Raises MessageRefused unless the bank signed these bytes."""
        try:
            with (self._directory / f"{name}{SIGNATURE_SUFFIX}").open("rb") as file:
                signature = base64.b64decode(file.read(SIGNATURE_BYTES_MAX), validate=True)
            verifier.verify(_signed(data), signature)
        except (OSError, binascii.Error, SignatureInvalidError):
            raise MessageRefused("a file is not signed by the expected key", remedy="ask the bank") from None

    def archive(self, name: str, digest: bytes, to: Path) -> None:
        """Move a file with its signature to `to`, under its digest; harmless where it is gone."""
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        for suffix in ("", SIGNATURE_SUFFIX):
            path = self._directory / f"{name}{suffix}"
            if path.exists():
                path.replace(to / f"{digest.hex()}-{name}{suffix}")
        sync_directory(to)
        sync_directory(self._directory)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())


def _signed(data: bytes) -> bytes:
    return PURPOSE + hashlib.sha256(data).digest()
