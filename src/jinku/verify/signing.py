"""Signatures by `cryptography` where it is installed, by the program `openssl` where it is not; never by code of ours.

1. With `cryptography`: Ed25519 and ML-DSA-44. Without: Ed25519 by an `openssl` that knows a signature of RFC 8032 as
   true, which old ones and some replacements cannot; one that stands in the working directory is not asked.
2. What cannot be checked here raises `NotChecked`. Inside `deferring()` it is noted instead, with the command that
   checks it elsewhere, and taken as good, so that everything else can be checked; whoever defers must say what is left.

Example::

    with deferring() as left:
        opened = open_checkpoint(data, trust)
    left  # signatures that nobody has checked yet: empty on most machines
"""

import base64
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinku.verify.errors import NotChecked, Unreadable

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

OPENSSL_S_MAX = 30
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4)."""
_KNOWN = tuple(  # RFC 8032, section 7.1, test 2: public key, message, signature
    bytes.fromhex(text)
    for text in (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    )
)


@dataclass(frozen=True, slots=True)
class Left:
    """A signature that could not be checked on this machine."""

    name: str
    """Of the key."""
    command: str
    """What to type where OpenSSL 3 is installed; empty where no one command does it."""


_left: ContextVar[dict[bytes, Left] | None] = ContextVar("left", default=None)


@contextmanager
def deferring() -> Iterator[dict[bytes, Left]]:
    """Note signatures that cannot be checked here, instead of raising `NotChecked`; see the module."""
    left: dict[bytes, Left] = {}
    token = _left.set(left)
    try:
        yield left
    finally:
        _left.reset(token)


def ed25519_holds(public: bytes, message: bytes, signature: bytes, name: str) -> bool:
    """Whether `signature` over `message` is by the raw Ed25519 key `public`, which is called `name`. Raises
    NotChecked where nothing here can tell, unless deferring."""
    if HAS_CRYPTOGRAPHY:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True
    if len(public) != 32 or len(signature) != 64:
        return False
    program = _openssl()
    if program:
        return _by_openssl(program, public, message, signature)
    return _defer(public + signature + message, Left(name, _command(public, message, signature)))


def ml_dsa_44_holds(public: bytes, message: bytes, signature: bytes, name: str) -> bool:
    """The same for the raw ML-DSA-44 key `public`, which only `cryptography` checks."""
    if not HAS_CRYPTOGRAPHY:
        return _defer(public + signature + message, Left(name, ""))
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm as error:
        raise Unreadable(
            "unsupported", "an ML-DSA-44 signature needs a `cryptography` that knows it"
        ) from error
    return True


def _defer(what: bytes, left: Left) -> bool:
    noted = _left.get()
    if noted is None:
        raise NotChecked(
            "signature_not_checked",
            f"the signature by {left.name} was not checked: this needs the Python package `cryptography`, or for "
            "Ed25519 the program `openssl` from version 3",
        )
    noted[hashlib.sha256(what).digest()] = left
    return True


@cache
def _openssl() -> str:
    """The path of an `openssl` that checks Ed25519; empty where there is none."""
    program = Path(shutil.which("openssl") or "")
    beside = program.parent.resolve() == Path.cwd()
    usable = program.is_absolute() and not beside and _by_openssl(str(program), *_KNOWN)
    return str(program) if usable else ""


@cache
def _by_openssl(program: str, public: bytes, message: bytes, signature: bytes) -> bool:
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(_SPKI + public) + b"\n-----END PUBLIC KEY-----\n"
    with tempfile.TemporaryDirectory(prefix="jinku-verify-") as folder:
        files = {"key": pem, "message": message, "signature": signature}
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        command = [program, "pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "message"]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, fixed words
                [*command, "-sigfile", "signature"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=OPENSSL_S_MAX,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return False
    return done.returncode == 0


def _command(public: bytes, message: bytes, signature: bytes) -> str:
    """One line for a shell, with nothing but `openssl`; it says ``Signature Verified Successfully``."""
    parts = {"key": _SPKI + public, "message": message, "signature": signature}
    made = [
        f"echo {base64.b64encode(data).decode()} | openssl base64 -d -A > jinku-{name}.bin"
        for name, data in parts.items()
    ]
    check = "openssl pkeyutl -verify -pubin -keyform DER -inkey jinku-key.bin -rawin -in jinku-message.bin"
    return " && ".join([*made, f"{check} -sigfile jinku-signature.bin"])
