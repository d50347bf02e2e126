"""A resolution pack: files and seal as of any sealed folder, and that its totals are one number. Needs Python alone.

1. For each legal entity and currency: the rows of ``tables/owners.csv`` are counted and added up anew; the sum is what
   ``tables/positions.csv`` requires, what the manifest says, and what the attestation states that the log sealed.
2. Every table has as many rows as the manifest says.
3. Amounts are decimal text and are added up exactly.

Example::

    checks = check_pack(Path("pack"), trust=None)
    checks.ok
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from jinku.verify.errors import Unreadable, VerifyError
from jinku.verify.folder import Checks, Folder, check_files, check_seal, open_folder, sealed_digest
from jinku.verify.trust import Trust

FORMAT = "jinku-resolution-pack/v1"
OWNERS, POSITIONS = "tables/owners.csv", "tables/positions.csv"
ATTESTATION_TOPIC = 1
_EXACT = Context(prec=80)
_AMOUNT = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,4})?", re.ASCII)
Pair = tuple[str, str]


def check_pack(path: Path, trust: Trust | None) -> Checks:
    """Check the pack at `path`, a folder or zip file. Raises Unreadable where it is no pack."""
    folder, checks = open_folder(path), Checks()
    if folder.manifest.get("format") != FORMAT:
        raise Unreadable("bad_manifest", f"this is no {FORMAT}")
    check_files(folder, checks)
    check_seal(folder, trust, checks)
    try:
        _check_rows(folder, checks)
        _check_totals(folder, trust, checks)
    except (OSError, KeyError, TypeError, ValueError, InvalidOperation, csv.Error) as error:
        if not checks.ok:
            return checks  # a file that is missing or changed cannot be added up; that is said already
        raise Unreadable(
            "bad_pack", f"a table or the manifest is malformed: {type(error).__name__}"
        ) from error
    return checks


def _check_rows(folder: Folder, checks: Checks) -> None:
    wrong = []
    for one in folder.manifest["tables"]:
        found = sum(1 for _ in rows(folder, f"tables/{one['name']}.csv"))
        if found != one["rows"]:
            wrong.append(f"{one['name']} has {found}, not {one['rows']}")
    count = len(folder.manifest["tables"])
    checks.add(
        not wrong,
        f"{count} tables have as many rows as the manifest says" if not wrong else "; ".join(wrong),
        f"{count} 张表的行数与清单一致" if not wrong else f"行数不符：{len(wrong)} 张表",
    )


def _check_totals(folder: Folder, trust: Trust | None, checks: Checks) -> None:
    owed: dict[Pair, tuple[int, Decimal]] = {}
    for row in rows(folder, OWNERS):
        pair = row["entity"], row["currency"]
        count, total = owed.get(pair, (0, Decimal(0)))
        owed[pair] = count + 1, _EXACT.add(total, max(amount(row["balance"]), Decimal(0)))
    required = {(row["entity"], row["currency"]): row["requirement"] for row in rows(folder, POSITIONS)}
    said = {(one["entity"], one["currency"]): one for one in folder.manifest["totals"]}
    if required.keys() != said.keys() or not owed.keys() <= said.keys():
        checks.add(
            False, "owners, positions and manifest name different books", "权益人、头寸与清单的账簿不一致"
        )
        return
    for pair, one in said.items():
        count, total = owed.get(pair, (0, Decimal(0)))
        same = total == amount(required[pair]) == amount(one["requirement"]) and count == one["owners"]
        checks.add(
            same,
            f"entity {pair[0]}, {pair[1]}: {count:,} owners are owed {total:,} = the requirement"
            if same
            else f"entity {pair[0]}, {pair[1]}: {count} owners sum to {total}, the position requires {required[pair]}",
            f"法人 {pair[0]}、{pair[1]}：{count:,} 户合计 {total:,}，"
            + ("等于应存" if same else f"不等于应存 {required[pair]}"),
        )
        check_attested(folder, trust, one, checks)


def check_attested(folder: Folder, trust: Trust | None, one: dict[str, Any], checks: Checks) -> None:
    """The log sealed an attestation of the total that `one`, an entry of the manifest's totals, speaks of."""
    raw = folder.read(one["attestation"])
    stated = dict(line.split(" ", 1) for line in raw.decode("ascii").splitlines()[1:])
    digest = hashlib.sha256(raw).hexdigest()
    try:
        sealed, topic = sealed_digest(folder, one["receipt"], trust)
    except VerifyError as error:
        checks.add(False, f"attestation of {one['currency']}: {error}", "偿付证明的封存凭证不成立")
        return
    total = Decimal(int(stated["liabilities"])).scaleb(-one["decimals"], _EXACT)
    changed = amount(one["changed"])
    held = (sealed, topic) == (digest, ATTESTATION_TOPIC) and stated["currency"] == one["currency"]
    held = held and stated.get("entity", one["entity"]) == one["entity"]
    held = held and total == amount(one["attested"])
    held = held and _EXACT.add(total, changed) == amount(one["requirement"])
    since = f", and {changed:+,} was booked since" if changed else ""
    checks.add(
        held,
        f"entity {one['entity']}, {one['currency']}: the log sealed an attestation of {total:,} to "
        f"{stated['customers']} customers{since}" + ("" if held else ", which is not this pack's total"),
        f"法人 {one['entity']}、{one['currency']}：日志封存的应付总额为 {total:,}"
        + ("" if held else "，与本资料包不符"),
    )


def rows(folder: Folder, name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file of the folder, by column name."""
    with folder.source.open(name) as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        yield from csv.DictReader(text)


def is_amount(text: str) -> bool:
    """Whether `text` is an amount in plain digits."""
    return _AMOUNT.fullmatch(text) is not None


def amount(text: str) -> Decimal:
    """An amount in plain digits; anything else (an exponent, NaN) is no amount. Raises ValueError."""
    if not is_amount(text):
        raise ValueError("not an amount")
    return Decimal(text)
