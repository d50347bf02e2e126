"""The simulated bank's directory: its signing key, its TLS certificate, the platforms it knows.

Rules:

1. Everything is made at the first start and kept. The certificate is self-made, for loopback only; a platform pins it.
2. A platform is known by the public key that lies in ``platforms/NAME.vkey``.

Example::

    keys = BankKeys.open(Path("bank"))
    keys.platform("P-1")  # the verifier of its messages, None where it is not known
"""

import datetime
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jinku.base.files import replace_durably
from jinku.crypto.keyfile import create_key_file, load_key_file
from jinku.crypto.signer import Ed25519Signer, Signer, Verifier
from jinku.crypto.vkey import SignatureType, VerifierKey

KEY_FILE, VKEY_FILE = "bank-ed25519.key", "bank.vkey"
TLS_KEY_FILE, CERTIFICATE_FILE = "tls.key", "tls.pem"
PLATFORMS = "platforms"
BANK_NAME = "simulated-bank"
VALID_DAYS = 3_650
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BankKeys:
    """See the module's rules."""

    directory: Path
    signer: Signer

    @classmethod
    def open(cls, directory: Path) -> "BankKeys":
        """The keys of `directory`, made where they are absent."""
        (directory / PLATFORMS).mkdir(parents=True, exist_ok=True)
        if not (directory / KEY_FILE).exists():
            create_key_file(directory / KEY_FILE, Ed25519Signer.generate(BANK_NAME))
        signer = load_key_file(directory / KEY_FILE)
        replace_durably(directory / VKEY_FILE, f"{VerifierKey.of(signer, SignatureType.ED25519)}\n".encode())
        if not (directory / CERTIFICATE_FILE).exists():
            _make_certificate(directory)
        return cls(directory, signer)

    @property
    def certificate(self) -> str:
        """The TLS certificate in PEM."""
        return (self.directory / CERTIFICATE_FILE).read_text(encoding="ascii")

    def platform(self, name: str) -> Verifier | None:
        """The key of a platform."""
        path = self.directory / PLATFORMS / f"{name}.vkey"
        if not _NAME.fullmatch(name) or not path.exists():
            return None
        return VerifierKey.parse(path.read_text(encoding="utf-8").strip()).verifier()


def introduce(directory: Path, platform: str, key: VerifierKey) -> None:
    """Make a platform known to the bank of `directory`."""
    (directory / PLATFORMS).mkdir(parents=True, exist_ok=True)
    replace_durably(directory / PLATFORMS / f"{platform}.vkey", f"{key}\n".encode())


def _make_certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, BANK_NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    raw = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_durably(directory / TLS_KEY_FILE, raw, 0o600)
    replace_durably(directory / CERTIFICATE_FILE, certificate.public_bytes(serialization.Encoding.PEM))
