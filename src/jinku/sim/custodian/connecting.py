"""Connecting a data directory with a simulated bank: the platform's key to the bank, the bank's to the platform.

Example::

    connect_to(Path("jinku-data"), Path("jinku-bank"), "P-1", notice_port=8444)
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError
from jinku.base.files import replace_durably
from jinku.crypto.keyfile import create_key_file, load_key_file
from jinku.crypto.signer import Ed25519Signer
from jinku.crypto.vkey import SignatureType, VerifierKey
from jinku.custody.channel.custodian.callbacks import PATH as NOTICE_PATH
from jinku.custody.channel.settings import KEY_FILE, ChannelSettings, write_settings
from jinku.sim.custodian.keys import introduce
from jinku.sim.custodian.papers import POOL_ACCOUNT, POOL_OWNER
from jinku.sim.custodian.server import ABOUT_FILE, LOOPBACK, NOTICE_FILE

WAIT_S = 20.0
_LOOK_S = 0.05
PAYEES_FILE = "payees.json"
BANK_BIC = "SIMUCNBJXXX"


def connect_to(
    data: Path,
    bank: Path,
    platform: str,
    notice_port: int = 0,
    *,
    terms: Mapping[str, Mapping[str, int]] | None = None,
    timeout_ms: int = 10_000,
) -> dict[str, Any]:
    """Exchange keys and write ``banks.json``; waits for a bank that is starting. `terms` are by dialect.

    Raises InputError where no bank runs.
    """
    about = _about(bank)
    key_file = data / "keys" / KEY_FILE
    if not key_file.exists():
        create_key_file(key_file, Ed25519Signer.generate(platform))
    introduce(bank, platform, VerifierKey.of(load_key_file(key_file), SignatureType.ED25519))
    bank_key = (bank / about["key"]).read_text(encoding="utf-8").strip()
    if notice_port:
        where = {"platform": platform, "url": f"http://{LOOPBACK}:{notice_port}{NOTICE_PATH}"}
        replace_durably(bank / NOTICE_FILE, json.dumps(where).encode())
    payees = data / PAYEES_FILE
    if not payees.exists():
        replace_durably(payees, b"{}\n", 0o600)
    agreed = terms or {}
    custodian: dict[str, Any] = {
        "url": about["url"],
        "platform": platform,
        "certificate": (bank / about["certificate"]).read_text(encoding="ascii"),
        "bank_key": bank_key,
        "notice_port": notice_port,
        "timeout_ms": timeout_ms,
        "terms": dict(agreed.get("custodian", {})),
    }
    files: dict[str, Any] = {
        "outbox": str(bank / "in"),
        "inbox": str(bank / "out"),
        "owner": POOL_OWNER,
        "account": POOL_ACCOUNT,
        "bic": BANK_BIC,
        "payees": str(payees),
        "bank_key": bank_key,
        "terms": dict(agreed.get("iso20022", {})),
    }
    write_settings(
        data,
        [ChannelSettings("custodian", "custodian", custodian), ChannelSettings("iso", "iso20022", files)],
    )
    return {
        "bank": about["url"],
        "platform": platform,
        "channels": "custodian, iso",
        "notices": notice_port or "none",
    }


def _about(bank: Path) -> dict[str, Any]:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        if (bank / ABOUT_FILE).exists():
            found: dict[str, Any] = json.loads((bank / ABOUT_FILE).read_text(encoding="utf-8"))
            return found
        time.sleep(_LOOK_S)
    raise InputError(
        "no simulated bank has started there",
        field="--bank",
        value=str(bank),
        remedy="jinku bank simulate --bank DIR",
    )
