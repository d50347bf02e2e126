"""A pack as one zip file, and as an envelope that only named receivers open.

Rules:

1. The zip file has one folder at its top and times of no meaning; it unpacks on any machine.
2. The envelope is CMS EnvelopedData (RFC 5652) in DER, AES-256, to one or more RSA certificates: every OpenSSL of
   the last twenty years opens it, nothing of Jinku is needed::

       openssl cms -decrypt -inform DER -in pack.zip.p7m -inkey my.key -out pack.zip

3. The envelope keeps secret; that nothing was changed is shown by the manifest and the log, inside.

Example::

    data = enveloped(zipped(Path("pack")), [Path("administrator.pem")])
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from jinku.custody.pack.errors import ReceiverRefused

RSA_BITS_MIN = 2048
CERTIFICATE_BYTES_MAX = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


def zipped(folder: Path, name: str) -> bytes:
    """`folder` as a zip file with the one top folder `name`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as made:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            entry = zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}", _EPOCH)
            packed = path.suffix in (".parquet", ".pyz", ".pdf")
            entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            made.writestr(entry, path.read_bytes())
    return out.getvalue()


def receivers(paths: Sequence[Path]) -> list[x509.Certificate]:
    """The receivers' certificates (PEM). Raises ReceiverRefused."""
    found = []
    for path in paths:
        try:
            if path.stat().st_size > CERTIFICATE_BYTES_MAX:
                raise ValueError("too large")
            certificate = x509.load_pem_x509_certificate(path.read_bytes())
            key = certificate.public_key()
        except (ValueError, OSError) as error:
            raise ReceiverRefused(
                f"{path.name} is not a certificate in PEM: {type(error).__name__}",
                remedy="ask the receiver for an X.509 certificate with an RSA key",
            ) from None
        if not isinstance(key, RSAPublicKey) or key.key_size < RSA_BITS_MIN:
            raise ReceiverRefused(
                f"the key of {path.name} is not RSA of at least {RSA_BITS_MIN} bits",
                remedy="ask the receiver for a certificate with such a key",
            )
        found.append(certificate)
    return found


def enveloped(data: bytes, to: Sequence[x509.Certificate]) -> bytes:
    """`data` encrypted so that each of `to` can open it."""
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(data).set_content_encryption_algorithm(algorithms.AES256)
    for certificate in to:
        builder = builder.add_recipient(certificate)
    return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
