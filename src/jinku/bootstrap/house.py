"""Opening a house: keys, ledger and log of one data directory, in the order that makes them agree.

Rules:

1. Nothing is answered before the published log has been compared with the journal and brought up to it.
2. The log's keys are made once, with the directory; a directory whose key is missing is refused, since a new key would
   start another log.
3. What a directory holds is in ``house.json``; see ``docs/house.md``.
4. Whoever is handed the house's ledger writes money through its door (`jinku.bootstrap.house_door`), which is shut
   where risk is on and no desk of it has the door.
5. Control data (parties, orders, days, breaks …) lies in ``control.db`` beside the ledger, or in the PostgreSQL
   database that ``house.json`` names; each store adds its tables to it.

Example::

    with open_house(Path("my-house")) as house:
        house.ledger.create_accounts([...])
        house.publish()
"""

import contextlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from jinku.base.closing import Closing
from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.base.files import replace_durably
from jinku.bootstrap.house_door import Door
from jinku.bootstrap.risk_switch import RiskSwitch, shut_because
from jinku.crypto.keyfile import create_key_file, load_key_file
from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer, Signer
from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.publisher import RECHECK_ENTRIES, Publisher

FORMAT_VERSION = 1
HOUSE_FILE = "house.json"
KEY_FILES = ("log-ed25519.key", "log-ml-dsa-44.key")
VKEY_FILE = "log.vkey"
CONTROL_FILE = "control.db"


class HouseError(JinkuError):
    """A data directory is not what it must be."""

    code: ClassVar[str] = "bad_data_directory"
    http_status: ClassVar[int] = 503


@dataclass(frozen=True, slots=True)
class HouseSettings:
    """What a data directory is; stored in it, so that opening it again needs no options."""

    origin: str
    """The log's name in its checkpoints, a schema-less URL that stays the same for the log's life."""
    ledger: str
    """The ledger's URL; empty for the embedded engine inside the directory."""
    post_quantum: bool
    """Whether checkpoints carry an ML-DSA-44 signature beside the Ed25519 one."""
    control: str = ""
    """URL of the PostgreSQL database with the control data; empty for a file inside the directory."""


@dataclass(frozen=True, slots=True)
class House(Closing):
    """An open data directory. Close it, or use it as a context manager."""

    directory: Path
    settings: HouseSettings
    ledger: Ledger
    publisher: Publisher
    control: Database
    """The control data; stores add their tables to it."""
    door: Door
    """Where money passes (rule 4)."""

    @property
    def log_directory(self) -> Path:
        """Where the log's static files lie."""
        return self.publisher.directory

    @property
    def vkeys(self) -> list[str]:
        """The log's public keys in the text form of C2SP signed-note."""
        return [str(key) for key in self.publisher.keys]

    def publish(self) -> SignedCheckpoint:
        """Bring the published log up to the last durable entry; its checkpoint."""
        return self.publisher.publish()

    def close(self) -> None:
        """Finish what is being written, publish it, and release everything: the log then covers the whole journal."""
        try:
            self.ledger.finish()
            self.publisher.close()
        finally:
            self.control.close()
            self.ledger.close()


def open_house(
    directory: Path,
    *,
    url: str = "",
    control: str = "",
    origin: str = "",
    post_quantum: bool = False,
    clock: Callable[[], int] = time.time_ns,
    recheck_entries: int = RECHECK_ENTRIES,
) -> House:
    """Open the data directory, and make it where there is none.

    `url`, `control`, `origin` and `post_quantum` count for a new directory; for an existing one they must be left out
    or agree.
    The log's files of the last `recheck_entries` entries are compared with the journal and mended.
    Raises HouseError, and what opening the ledger or the log raises.
    """
    new = not (directory / HOUSE_FILE).exists()
    settings = _settings(directory, HouseSettings(origin, url, post_quantum, control))
    signers = _signers(directory, settings)
    with contextlib.ExitStack() as undo:
        with contextlib.ExitStack() as unsettled:
            if new and settings.ledger:  # a server that was never reached binds no directory to its URL
                unsettled.callback((directory / HOUSE_FILE).unlink)
            ledger = undo.enter_context(open_journal(settings.ledger or directory / "ledger", clock=clock))
            unsettled.pop_all()
        publisher = undo.enter_context(
            Publisher(directory / "log", settings.origin, signers, ledger, recheck_entries=recheck_entries)
        )
        database = undo.enter_context(Database.open(settings.control or directory / CONTROL_FILE))
        door = Door(ledger)
        switch = RiskSwitch(directory, database, ledger, clock)
        if (why := shut_because(switch, directory)) is not None:
            door.shut(why)
        house = House(directory, settings, door.ledger, publisher, database, door)
        house.publish()
        replace_durably(directory / VKEY_FILE, "".join(f"{key}\n" for key in house.vkeys).encode())
        publisher.start()
        ledger.paced_by(publisher.pace)
        undo.pop_all()
    return house


def _settings(directory: Path, asked: HouseSettings) -> HouseSettings:
    file = directory / HOUSE_FILE
    if not file.exists():
        settings = HouseSettings(
            asked.origin or f"jinku.local/{secrets.token_hex(8)}",
            asked.ledger,
            asked.post_quantum,
            asked.control,
        )
        _create(directory, settings)
        return settings
    settings = _read_settings(file)
    for name in ("origin", "ledger", "post_quantum", "control"):
        wanted, stored = getattr(asked, name), getattr(settings, name)
        if wanted and wanted != stored:
            raise HouseError(
                f"{file}: {name} is {_shown(name, stored)}, not {_shown(name, wanted)}",
                remedy="leave the option out, or choose another directory",
            )
    return settings


def _shown(name: str, value: object) -> str:
    """A ledger's URL may hold a password, so it is never shown."""
    return "another URL" if name in ("ledger", "control") else repr(value)


def _create(directory: Path, settings: HouseSettings) -> None:
    """Keys first, ``house.json`` last: where a start died in between, nothing was ever signed and it begins anew."""
    for name in ("ledger", "log"):
        if (directory / name).exists():
            raise HouseError(
                f"{directory} has a {name} but no {HOUSE_FILE}",
                remedy=f"restore {HOUSE_FILE} from a backup, or choose an empty directory",
            )
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    (directory / "keys").mkdir(mode=0o700, exist_ok=True)
    signers: list[Signer] = [Ed25519Signer.generate(settings.origin)]
    if settings.post_quantum:
        signers.append(MlDsa44Signer.generate(settings.origin))
    for name, signer in zip(KEY_FILES, signers, strict=False):
        path = directory / "keys" / name
        # left by a start that died before house.json was written, or put back by its owner: never destroyed
        if path.exists():
            path.rename(path.with_name(f"{name}.{secrets.token_hex(4)}.unused"))
        create_key_file(path, signer)
    document = {
        "format": FORMAT_VERSION,
        "origin": settings.origin,
        "ledger": settings.ledger,
        "post_quantum": settings.post_quantum,
        "control": settings.control,
    }
    # 0600: the ledger's URL may hold a password
    replace_durably(directory / HOUSE_FILE, (json.dumps(document, indent=2) + "\n").encode(), 0o600)


def _read_settings(file: Path) -> HouseSettings:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        if document["format"] != FORMAT_VERSION:
            raise HouseError(
                f"{file}: format {document['format']} is not {FORMAT_VERSION}",
                remedy="use the release of jinku that wrote it",
            )
        return HouseSettings(
            str(document["origin"]),
            str(document["ledger"]),
            document["post_quantum"] is True,
            str(document.get("control", "")),
        )
    except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
        raise HouseError(
            f"{file} cannot be read: {type(error).__name__}", remedy="restore it from a backup"
        ) from error


def _signers(directory: Path, settings: HouseSettings) -> list[Signer]:
    names = KEY_FILES if settings.post_quantum else KEY_FILES[:1]
    return [load_key_file(directory / "keys" / name) for name in names]
