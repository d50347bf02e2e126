"""Private keys on disk.

Rules:

1. One key, one file, one line: ``PRIVATE+KEY+NAME+ID+BASE64(type || seed)``, the form of Go's
   ``sumdb/note`` and of the transparency-log tools, so a key moves between them and Jinku unchanged. Type
   0x01 is Ed25519, 0x06 ML-DSA-44. The id ties the name to the key: a damaged or renamed file does not
   load.
2. A file is created with mode 0600, never over another file, and is durable before `create` returns.
3. A file that its group or others can read or write, that another user owns, or that is no regular file, is
   refused.
4. No error shows any part of the key.

Example::

    create_key_file(Path("log.key"), Ed25519Signer.generate("example.com/log"))
    signer = load_key_file(Path("log.key"))
"""

import base64
import os
import stat
from pathlib import Path

from jinku.crypto.errors import (
    KeyFileExistsError,
    KeyFileExposedError,
    KeyFileUnreadableError,
    KeyFormatError,
)
from jinku.crypto.signer import Algorithm, Signer, signer_from_seed
from jinku.crypto.vkey import SignatureType, VerifierKey, check_name, decode_material, key_id

KEY_FILE_BYTES_MAX = 1024
_PREFIX = "PRIVATE+KEY+"
_TYPE_OF = {
    Algorithm.ED25519: SignatureType.ED25519,
    Algorithm.ML_DSA_44: SignatureType.ML_DSA_44_COSIGNATURE,
}


def encode_private_key(signer: Signer) -> str:
    """The one-line secret form of `signer` (rule 1), without a newline."""
    key_type = _TYPE_OF[signer.algorithm]
    identity = VerifierKey.of(signer, key_type).id.hex()
    return f"{_PREFIX}{signer.name}+{identity}+{base64.b64encode(bytes([key_type]) + signer.seed).decode()}"


def decode_private_key(text: str) -> Signer:
    """Read what `encode_private_key` wrote. Raises KeyFormatError."""
    parts = text.removeprefix(_PREFIX).split("+", 2)
    if not text.startswith(_PREFIX) or len(parts) != 3:
        raise KeyFormatError("a private key has the form PRIVATE+KEY+NAME+ID+KEY")
    name, identity, encoded = parts
    check_name(name)
    material = decode_material(name, encoded)
    by_type = {key_type: algorithm for algorithm, key_type in _TYPE_OF.items()}
    key_type = next((known for known in by_type if known == material[0]), None)
    if key_type is None:
        raise KeyFormatError(f"the private key {name!r} has unknown type {material[0]:#04x}")
    signer = signer_from_seed(name, by_type[key_type], material[1:])
    if key_id(name, key_type, signer.public_key).hex() != identity:
        raise KeyFormatError(f"the private key {name!r} does not have the id that it states")
    return signer


def create_key_file(path: Path, signer: Signer) -> None:
    """Write `signer`'s private key to the new file `path` (rule 2). Raises KeyFileExistsError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyFileExistsError(str(path)) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write(encode_private_key(signer) + "\n")
        file.flush()
        os.fsync(descriptor)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def load_key_file(path: Path) -> Signer:
    """Read a private key. Raises KeyFileExposedError, KeyFileUnreadableError, KeyFormatError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileUnreadableError(str(path), error.strerror or "unknown") from None
    try:
        _check_private(path, os.fstat(descriptor))
        content = os.read(descriptor, KEY_FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)
    if len(content) > KEY_FILE_BYTES_MAX:
        raise KeyFormatError(f"{path} has more than {KEY_FILE_BYTES_MAX} bytes: no private key")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise KeyFormatError(f"{path} is not UTF-8: no private key") from None
    return decode_private_key(text.removesuffix("\n"))


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileExposedError(str(path), "it is not a regular file")
    if status.st_mode & 0o077:
        raise KeyFileExposedError(str(path), f"its mode is {stat.S_IMODE(status.st_mode):04o}, not 0600")
    if status.st_uid not in (os.geteuid(), 0):
        raise KeyFileExposedError(str(path), "another user owns it")
