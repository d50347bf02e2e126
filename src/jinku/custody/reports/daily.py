"""The daily beneficial-owner file (R15): who owns what, day by day, in folders that outlive whoever made them.

Rules:

1. Each day has a folder ``YYYY-MM-DD`` of plain files below one directory that the custodian bank can pull or be sent:
   the rule's layout, a readable CSV, what is missing, the attested total, a manifest sealed in the log, the log's
   key. The directory itself holds a README and the verifier. No program of ours is needed to read it.
2. A folder is never changed. The same day again gets ``YYYY-MM-DD.2``, and so on; each manifest names the folder before
   it and its hash, so that a day taken out or put in is seen.
3. Every owner with an account is in the file, whatever is known of them; fields that the rule requires and nobody
   has given are listed in ``incomplete.csv``. Nothing is made up.
4. The owners' sum is the ledger's and the attested total, or no file is written.

Example::

    made = write_day(house, OwnersRequest(Path("owners"), date(2026, 11, 20)))
    made.owners, made.incomplete
"""

import csv
import hashlib
import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from jinku.base.clock import to_rfc3339
from jinku.base.decimals import format_minor
from jinku.custody.inert import spreadsheet_cell, visible
from jinku.custody.parties.people import PeopleStore
from jinku.custody.reports.attesting import attest_all, write_attestations
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.layout import DELIMITER, LAYOUT, SINCE, SOURCE, cells, lacking
from jinku.custody.reports.owners import (
    DETAILS_FILE,
    DetailsOf,
    Owner,
    known_details,
    owners_of,
    read_details,
)
from jinku.custody.reports.sealed import (
    MANIFEST_FILE,
    Sealed,
    file_sha256,
    new_folder,
    seal_folder,
    write_private,
)
from jinku.custody.reports.settings import SETTINGS_FILE, Settings, read_settings
from jinku.custody.reports.structures import structures_of
from jinku.custody.reports.tabular import CSV_ENCODING, LINE_END
from jinku.custody.reports.verifier import verifier_pyz
from jinku.custody.structure.model import Structure
from jinku.ledger.layout import Array

FORMAT = "jinku-beneficial-owners/v1"
RULE_FILE, PLAIN_FILE, INCOMPLETE_FILE = "owners-12cfr370c.txt", "owners.csv", "incomplete.csv"
PEOPLE_FILE = "people.db"
_FOLDER = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.([0-9]+))?", re.ASCII)
_PLAIN_COLUMNS = (
    "entity", "currency", "account", "party", "kind", "category", "name", "latin_name", "identifier_kind", "identifier",
    "balance", "held", "available", "address", "country",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnersRequest:
    """Where the days' folders lie, and the business day of this one."""

    directory: Path
    day: date
    settings: Path | None = None


@dataclass(frozen=True, slots=True)
class DayMade:
    """A day's folder."""

    sealed: Sealed
    as_of: int
    owners: int
    incomplete: int
    totals: tuple[dict[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """What to tell whoever asked for it, as JSON values."""
        return {
            "path": str(self.sealed.path),
            "as_of": to_rfc3339(self.as_of),
            "owners": self.owners,
            "incomplete": self.incomplete,
            "totals": "; ".join(
                f"{one['entity']} {one['requirement']} {one['currency']}" for one in self.totals
            ),
            "manifest_sha256": self.sealed.digest.hex(),
            "log_entry": self.sealed.entry,
        }


def write_day(house: OpenHouse, request: OwnersRequest) -> DayMade:
    """Write one day's folder. Raises InputError, NotAtRest, NotTied, and what ledger and log raise."""
    settings = read_settings(request.settings or house.directory / SETTINGS_FILE)
    structures = structures_of(house, settings)
    extra = read_details(house.directory / DETAILS_FILE)
    request.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = attest_all(house, structures)
    accounts = found.standing.accounts
    target, previous = _place(request.directory, request.day)
    with new_folder(target) as folder, ExitStack() as opened:
        path = house.directory / PEOPLE_FILE
        people = opened.enter_context(PeopleStore.open(path)) if path.exists() else None
        count, incomplete = _write_owners(
            folder, accounts, structures, known_details(people, extra), settings
        )
        totals = write_attestations(folder, "", found, house)
        write_private(folder / "log.vkey", "".join(f"{key}\n" for key in house.vkeys))
        about = {
            "format": FORMAT,
            "day": request.day.isoformat(),
            "as_of": to_rfc3339(found.standing.at),
            "ledger_size": found.standing.size,
            "layout": {"source": SOURCE, "since": SINCE.isoformat(), "delimiter": DELIMITER},
            "fields": [{"no": one.no, "name": one.name, "null": one.null} for one in LAYOUT],
            "owners": count,
            "incomplete": incomplete,
            "totals": totals,
            "log": house.publisher.origin,
            "log_keys": list(house.vkeys),
            "previous": previous,
        }
        sealed = seal_folder(folder, about, house)
    _write_around(request.directory, target, settings)
    return DayMade(
        Sealed(target, sealed.digest, sealed.entry), found.standing.at, count, incomplete, tuple(totals)
    )


def _place(directory: Path, day: date) -> tuple[Path, dict[str, str] | None]:
    """Where the day's folder goes, and the newest folder there is."""
    there = sorted(
        (match[1], int(match[2] or 1), path)
        for path in directory.iterdir()
        if path.is_dir() and (match := _FOLDER.fullmatch(path.name))
    )
    newest = there[-1] if there else None
    previous = None
    if newest is not None:
        digest = file_sha256(newest[2] / MANIFEST_FILE).hex()
        previous = {"folder": newest[2].name, "manifest_sha256": digest}
    same = [number for name, number, _ in there if name == day.isoformat()]
    name = day.isoformat() + (f".{max(same) + 1}" if same else "")
    return directory / name, previous


def _write_owners(
    folder: Path, accounts: Array, structures: Mapping[int, Structure], details: DetailsOf, settings: Settings
) -> tuple[int, int]:
    pools = {
        (one.get("entity", "1"), one["currency"]): one["account_number"]
        for one in settings.rows("bank_accounts")
        if one.get("account_number")
        and one.get("currency")
        and one.get("pool", "client_pool") == "client_pool"
    }
    count = incomplete = 0
    with (
        (folder / RULE_FILE).open("w", encoding="utf-8", newline="") as rule,
        (folder / PLAIN_FILE).open("w", encoding=CSV_ENCODING, newline="") as plain,
        (folder / INCOMPLETE_FILE).open("w", encoding=CSV_ENCODING, newline="") as missing,
    ):
        table, gaps = (csv.writer(file, lineterminator=LINE_END) for file in (plain, missing))
        table.writerow(_PLAIN_COLUMNS)
        gaps.writerow(("account", "missing"))
        for one in owners_of(accounts, structures, details):
            line = cells(one, pools.get((str(one.entity), one.currency.code), ""))
            rule.write(DELIMITER.join(line) + "\n")
            table.writerow([spreadsheet_cell(visible(cell)) for cell in _readable(one)])
            count += 1
            lacks = lacking(line)
            if lacks:
                incomplete += 1
                gaps.writerow((str(one.account), "; ".join(f"{field.no} {field.name}" for field in lacks)))
    return count, incomplete


def _readable(one: Owner) -> tuple[str, ...]:
    known, exponent = one.details, one.currency.exponent
    address = (known.address_1, known.address_2, known.address_3, known.city, known.state, known.postal_code)
    return (
        str(one.entity),
        one.currency.code,
        str(one.account),
        str(one.party or ""),
        one.kind.key,
        known.category,
        known.name,
        known.latin_name,
        known.identifier_kind,
        known.identifier,
        format_minor(one.balance, exponent),
        format_minor(one.held, exponent),
        format_minor(one.available, exponent),
        ", ".join(part for part in address if part),
        known.country,
    )


def _write_around(directory: Path, newest: Path, settings: Settings) -> None:
    """What stands beside the days: how to read them, the verifier, and which day is the newest."""
    write_private(directory / "verify.pyz", verifier_pyz())
    digest = hashlib.sha256((newest / MANIFEST_FILE).read_bytes()).hexdigest()
    write_private(
        directory / "latest.json", orjson.dumps({"folder": newest.name, "manifest_sha256": digest}) + b"\n"
    )
    fields = "\r\n".join(
        f"  {one.no}  {one.name:<36} {one.chinese}{'' if one.null else '  (required 必填)'}" for one in LAYOUT
    )
    write_private(
        directory / "README.txt",
        f"\ufeffBENEFICIAL OWNERS, DAY BY DAY 受益权益人每日清单\r\n{settings.name.en} {settings.name.zh}\r\n\r\n"
        "Each folder is one business day. 每个文件夹为一个工作日。\r\n"
        f"  {RULE_FILE}   layout of {SOURCE}: UTF-8, fields divided by |, one owner a line\r\n"
        f"  {PLAIN_FILE}              the same owners for a spreadsheet 同一清单，供电子表格打开\r\n"
        f"  {INCOMPLETE_FILE}          owners that lack a field the layout requires 缺少必填字段的权益人\r\n"
        "  manifest.json           every file with its SHA-256, the totals, and the hash of the day before\r\n\r\n"
        "Check one day or all of them 核验: python3 verify.pyz owners . [--key KEY]\r\n"
        "It needs Python 3.11 or newer and nothing else; the log's key is best taken from your own records.\r\n"
        "仅需 Python 3.11；日志公钥请以贵方留存者为准。\r\n\r\n"
        f"Fields of the layout 字段:\r\n{fields}\r\n\r\n"
        "These files hold personal data: keep them secret. 含个人信息，请严格保密。\r\n",
    )
