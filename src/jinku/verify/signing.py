"""The two signature algorithms, from `cryptography` where it is installed, and plain Ed25519 where it is not.

1. With `cryptography`: Ed25519 and ML-DSA-44. Without: Ed25519 by `jinku.verify.plain25519`; ML-DSA-44 is Unreadable.
2. Both ways accept and refuse the same signatures; a test holds them against each other.

Example::

    ed25519_holds(public, message, signature)  # True or False
"""

from jinku.verify import plain25519
from jinku.verify.errors import Unreadable

try:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is by the raw Ed25519 key `public`."""
    if not HAS_CRYPTOGRAPHY:
        return plain25519.verify(public, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def ml_dsa_44_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is by the raw ML-DSA-44 key `public`. Raises Unreadable where it cannot be
    known here."""
    if not HAS_CRYPTOGRAPHY:
        raise Unreadable("unsupported", "an ML-DSA-44 signature needs the Python package `cryptography`")
    try:
        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    except UnsupportedAlgorithm as error:
        raise Unreadable(
            "unsupported", "an ML-DSA-44 signature needs a `cryptography` that knows it"
        ) from error
    return True
