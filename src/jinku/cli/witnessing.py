"""Opening a witness's directory: its key, made on first start, and its database."""

from collections.abc import Sequence
from pathlib import Path

from jinku.base.errors import InputError
from jinku.crypto.keyfile import create_key_file, load_key_file
from jinku.crypto.signer import Ed25519Signer
from jinku.crypto.vkey import VerifierKey
from jinku.log.witness import Witness

KEY_FILE = "witness-ed25519.key"
DATABASE_FILE = "witness.db"
KEYS_MAX = 1_000


def open_witness(directory: Path, name: str, logs: Sequence[str]) -> Witness:
    """The witness of `directory` under `name`, trusting the logs whose vkeys (or ``@FILE``) are given.

    Raises InputError for unusable keys or another name than the directory's, KeyFormatError for a bad name.
    """
    keys: dict[str, list[VerifierKey]] = {}
    for vkey in _vkeys(logs):
        key = VerifierKey.parse(vkey)
        keys.setdefault(key.name, []).append(key)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / KEY_FILE
    if not path.exists():
        create_key_file(path, Ed25519Signer.generate(name))
    signer = load_key_file(path)
    if signer.name != name:
        raise InputError(
            f"this directory's key belongs to {signer.name}",
            field="--name",
            value=name,
            remedy="say that name, or choose another directory",
        )
    return Witness(directory / DATABASE_FILE, [signer], keys)


def _vkeys(given: Sequence[str]) -> list[str]:
    found: list[str] = []
    for one in given:
        found += Path(one[1:]).read_text(encoding="utf-8").split() if one.startswith("@") else [one]
    if not 0 < len(found) <= KEYS_MAX:
        raise InputError(
            f"{len(found)} keys", field="--log", value=" ".join(given)[:60], remedy="give 1 to 1,000 vkeys"
        )
    return found
