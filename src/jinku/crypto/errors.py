"""What can go wrong with keys, signatures and commitments. No message holds key material."""

from typing import ClassVar

from jinku.base.errors import JinkuError


class CryptoError(JinkuError):
    """Base of this room's errors."""

    code: ClassVar[str] = "crypto_error"


class SignatureInvalidError(CryptoError):
    """A signature does not verify under the key that it names."""

    code: ClassVar[str] = "signature_invalid"
    http_status: ClassVar[int] = 422

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the signature does not verify under the key {name!r}",
            remedy="check that the signed bytes are unchanged and that this is the right public key",
        )


class KeyFormatError(CryptoError):
    """A key, or its name, is not written in the form it must have."""

    code: ClassVar[str] = "key_malformed"
    http_status: ClassVar[int] = 422

    def __init__(self, problem: str) -> None:
        super().__init__(problem, remedy="copy the whole key again from where it was made")


class KeyFileExposedError(CryptoError):
    """Other users of this machine could read or replace a private key's file."""

    code: ClassVar[str] = "key_file_exposed"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"refusing the private key {path}: {problem}",
            remedy="replace the key if anyone may have read it, else chmod 600 the file and own it yourself",
        )


class KeyFileExistsError(CryptoError):
    """A new key would replace an existing one."""

    code: ClassVar[str] = "key_file_exists"
    http_status: ClassVar[int] = 409

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} exists already; a key is never overwritten", remedy="choose another path or move it away"
        )


class KeyFileUnreadableError(CryptoError):
    """A private key's file is missing or cannot be read."""

    code: ClassVar[str] = "key_file_unreadable"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"cannot read the private key {path}: {problem}", remedy="check the path, or make a key"
        )


class AlgorithmUnavailableError(CryptoError):
    """The installed cryptography library lacks an algorithm."""

    code: ClassVar[str] = "algorithm_unavailable"
    http_status: ClassVar[int] = 501

    def __init__(self, algorithm: str) -> None:
        super().__init__(
            f"{algorithm} is not offered by the installed cryptography library",
            remedy="install the cryptography wheel from the package index, which brings it",
        )


class CommitmentMismatchError(CryptoError):
    """A value and salt do not open the commitment."""

    code: ClassVar[str] = "commitment_mismatch"
    http_status: ClassVar[int] = 422

    def __init__(self, purpose: str) -> None:
        super().__init__(
            f"the value and salt do not open the commitment made for {purpose!r}",
            remedy="use the exact bytes, salt and purpose that were committed to",
        )


class CommitmentInputError(CryptoError):
    """A salt, commitment or purpose has the wrong length."""

    code: ClassVar[str] = "commitment_input"
    http_status: ClassVar[int] = 422

    def __init__(self, field: str, length: int, expected: str) -> None:
        super().__init__(f"{field} has {length} bytes, not {expected}", remedy="make salts with new_salt()")
