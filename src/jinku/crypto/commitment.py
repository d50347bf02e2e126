"""Salted commitments: how something personal is bound to a record that holds nothing personal.

Rules:

1. ``commit(value, salt, purpose)`` is HMAC-SHA-256 keyed by a fresh random 32-byte salt, over a fixed
   label, the length-prefixed purpose and the value. Without the salt it tells nothing about the value;
   nobody can find another value that opens it.
2. Every commitment has a salt of its own. Erasing the salt erases the person: the commitment stays, proofs
   over it still hold, and it can never again be tied to the value.
3. The purpose separates domains: a commitment made for one does not open for another.
4. Comparison takes the same time whether or not it matches.

Example::

    salt = new_salt()
    kept = commit(b"Zhang San", salt, "party.name")
    check_opening(kept, b"Zhang San", salt, "party.name")
"""

import hmac
import secrets

from jinku.crypto.errors import CommitmentInputError, CommitmentMismatchError

SALT_BYTES = 32
COMMITMENT_BYTES = 32
PURPOSE_BYTES_MAX = 255
_LABEL = b"jinku/commitment/v1\0"


def new_salt() -> bytes:
    """32 random bytes from the operating system."""
    return secrets.token_bytes(SALT_BYTES)


def commit(value: bytes, salt: bytes, purpose: str) -> bytes:
    """The 32-byte commitment to `value`.

    `salt` is 32 bytes from `new_salt`, used once; `purpose` names what the value is, 1 to 255 bytes of UTF-8.
    Raises CommitmentInputError for another length of either.
    """
    _check_length("salt", len(salt), SALT_BYTES)
    label = purpose.encode()
    if not 1 <= len(label) <= PURPOSE_BYTES_MAX:
        raise CommitmentInputError("purpose", len(label), f"1 to {PURPOSE_BYTES_MAX}")
    return hmac.digest(salt, _LABEL + bytes([len(label)]) + label + value, "sha256")


def check_opening(commitment: bytes, value: bytes, salt: bytes, purpose: str) -> None:
    """Check that `value` and `salt` open `commitment`. Raises CommitmentMismatchError when they do not."""
    _check_length("commitment", len(commitment), COMMITMENT_BYTES)
    if not hmac.compare_digest(commitment, commit(value, salt, purpose)):
        raise CommitmentMismatchError(purpose)


def _check_length(field: str, length: int, expected: int) -> None:
    if length != expected:
        raise CommitmentInputError(field, length, str(expected))
