"""The bearer token: made on first start, kept in a file that only its owner reads, compared in constant time.

Rules:

1. The file is created with mode 0600 and is never overwritten; one that others can read is refused.
2. The token is never logged; only the file's path is printed.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from jinku.base.errors import InputError

TOKEN_BYTES = 32
TOKEN_FILE = "api-token"  # noqa: S105 - a file's name
_FORM = re.compile(r"jinku_[A-Za-z0-9_-]{43}")


class Token:
    """A bearer token that can only be compared, and that cursors are signed with."""

    def __init__(self, secret: str) -> None:
        self._digest = hashlib.sha256(b"Bearer " + secret.encode()).digest()
        self.cursor_key = hmac.digest(secret.encode(), b"jinku cursor v1", "sha256")
        """Key for the cursors of lists: bound to the token, so a new token ends old cursors."""

    def matches(self, authorization: bytes) -> bool:
        """Whether the value of an Authorization header carries this token; takes the same time either way."""
        scheme, _, rest = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        return hmac.compare_digest(hashlib.sha256(b"Bearer " + rest.strip()).digest(), self._digest)


def token_file(directory: Path) -> Path:
    """Where the token of a data directory lies."""
    return directory / TOKEN_FILE


def load_or_make_token(directory: Path) -> Token:
    """The token of `directory`, made on first use. Raises InputError for a file that is not a private token
    file."""
    return Token(read_or_make_secret(directory))


def read_or_make_secret(directory: Path) -> str:
    """The secret itself, for a client on the same machine. Errors as in `load_or_make_token`."""
    path = token_file(directory)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    secret = f"jinku_{secrets.token_urlsafe(TOKEN_BYTES)}"
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise InputError(
            "the token file can be read by others",
            file=path.name,
            remedy="run chmod 600 on it, or delete it for a new one",
        )
    secret = path.read_text(encoding="ascii", errors="replace").strip()
    if not _FORM.fullmatch(secret):
        raise InputError(
            "this is not a token", file=path.name, remedy="delete the file; a new token is made on start"
        )
    return secret
