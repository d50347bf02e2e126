"""Telling whether two parties are the same one, without keeping who they are: keyed hashes of identifiers and cards.

Rules:

1. A keyed hash is HMAC-SHA-256 under a key of the institution; without the key, trying all identifiers of a country
   against it says nothing. The key lies in a file of its own, readable by its owner only.
2. Before hashing, what does not tell identifiers apart is taken out: blanks, hyphens, letter case, width of digits.
3. The register remembers a fingerprint of its key, so that it can never be used with another: duplicates would
   pass.

Example::

    key = load_or_make_key(Path("keys/parties.key"))
    key.of_identifier("resident_id", "11010519491231002X")
"""

import hmac
import os
import secrets
import unicodedata
from pathlib import Path

from jinku.base.files import sync_directory
from jinku.custody.parties.errors import WrongKey

KEY_BYTES = 32
_IDENTIFIER, _CARD, _FINGERPRINT = b"jinku/party/identifier\0", b"jinku/party/card\0", b"jinku/party/key\0"
_REQUEST = b"jinku/party/application\0"


class IdentityKey:
    """A secret of the institution; see the module's rules."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise WrongKey(
                f"a key of {len(key)} bytes is not one of {KEY_BYTES}", remedy="restore the key file"
            )
        self._key = key

    def __repr__(self) -> str:
        return "IdentityKey(…)"

    def of_identifier(self, kind: str, identifier: str) -> bytes:
        """The keyed hash of a person's or enterprise's identifier, 32 bytes."""
        return self._hash(_IDENTIFIER, kind.encode() + b"\0" + plain(identifier).encode())

    def of_card(self, card: str) -> bytes:
        """The keyed hash of a card or bank account number, 32 bytes."""
        return self._hash(_CARD, plain(card).encode())

    def of_request(self, request: bytes) -> bytes:
        """The keyed hash of a whole application, to tell a retry from another one, 32 bytes."""
        return self._hash(_REQUEST, request)

    @property
    def fingerprint(self) -> bytes:
        """What may be shown of the key, 32 bytes."""
        return self._hash(_FINGERPRINT, b"")

    def _hash(self, label: bytes, value: bytes) -> bytes:
        return hmac.digest(self._key, label + value, "sha256")


def plain(text: str) -> str:
    """`text` with full-width characters made plain, in capitals, letters and digits only."""
    return "".join(one for one in unicodedata.normalize("NFKC", text).upper() if one.isalnum())


def load_or_make_key(path: Path) -> IdentityKey:
    """The key in the file at `path`, made where there is none, for its owner only. Raises WrongKey, OSError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return IdentityKey(path.read_bytes())
    key = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(descriptor)
    sync_directory(path.parent)
    return IdentityKey(key)
