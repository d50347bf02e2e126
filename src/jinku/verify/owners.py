"""Daily beneficial-owner files: each day's folder, the chain of days, and that the totals are one number. Python alone.

1. A day's folder holds ``owners-12cfr370c.txt`` (pipe-delimited, the layout of 12 CFR part 370, Appendix C) and
   ``owners.csv`` for people. Both have the same owners in the same order with the same balances, by currency; their
   sum is what the manifest says that the ledger owes.
2. Each line has as many fields as the layout, no pipe within a field, and a balance that is a plain decimal number.
   Fields that the layout forbids to be empty and that are empty are counted, and must be those in ``incomplete.csv``.
3. Each day's manifest names the day before and the SHA-256 of its manifest: a day taken out or put in is seen.

Example::

    checks = check_owners(Path("owners"), trust=None)
    checks.ok
"""

import csv
import io
import re
from collections.abc import Iterator
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path

from jinku.verify.errors import Unreadable
from jinku.verify.folder import Checks, Folder, check_files, check_seal, open_folder
from jinku.verify.pack import amount, check_attested, is_amount, rows
from jinku.verify.trust import Trust

FORMAT = "jinku-beneficial-owners/v1"
RULE_FILE, PLAIN_FILE, INCOMPLETE_FILE = "owners-12cfr370c.txt", "owners.csv", "incomplete.csv"
ACCOUNT_FIELD, BALANCE_FIELD = "03", "18"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[0-9]+)?", re.ASCII)
_EXACT = Context(prec=80)


def check_owners(path: Path, trust: Trust | None) -> Checks:
    """Check one day's folder, or every day below `path`. Raises Unreadable where there is none."""
    if (path / "manifest.json").is_file() or path.is_file():
        return _one_day(open_folder(path), trust)
    days = sorted(filter(_is_day, path.iterdir()), key=_order) if path.is_dir() else []
    if not days:
        raise Unreadable("cannot_read", f"no day's folder in {path}")
    checks, before = Checks(), ""
    for number, one in enumerate(days):
        folder = open_folder(one)
        found = _one_day(folder, trust)
        checks.lines += [(held, f"{one.name}: {en}", f"{one.name}：{zh}") for held, en, zh in found.lines]
        checks.warnings += [one for one in found.warnings if one not in checks.warnings]
        previous = folder.manifest.get("previous")
        said = str(previous["manifest_sha256"]) if previous else ""
        if not number and previous:
            checks.warn(
                f"the first day here follows {previous['folder']}, which is not here",
                f"此处首日之前还有 {previous['folder']}，不在本目录中",
            )
        if number:
            held = said == before
            checks.add(
                held,
                f"{one.name} "
                + ("follows the day before it" if held else "does not follow the day before it"),
                f"{one.name} " + ("与前一日相接" if held else "与前一日不相接：中间有缺失或被替换"),
            )
        before = folder.manifest_sha256.hex()
    return checks


def _is_day(path: Path) -> bool:
    return _DAY.fullmatch(path.name) is not None


def _order(path: Path) -> tuple[str, int]:
    day, _, number = path.name.partition(".")
    return day, int(number or 1)


def _one_day(folder: Folder, trust: Trust | None) -> Checks:
    if folder.manifest.get("format") != FORMAT:
        raise Unreadable("bad_manifest", f"this is no {FORMAT}")
    checks = Checks()
    check_files(folder, checks)
    check_seal(folder, trust, checks)
    try:
        _check_lines(folder, checks)
        for one in folder.manifest["totals"]:
            check_attested(folder, trust, one, checks)
    except (OSError, KeyError, TypeError, ValueError, InvalidOperation, csv.Error) as error:
        if not checks.ok:
            return checks  # a file that is missing or changed cannot be added up; that is said already
        raise Unreadable(
            "bad_owners", f"a file or the manifest is malformed: {type(error).__name__}"
        ) from error
    return checks


def _check_lines(folder: Folder, checks: Checks) -> None:
    fields = folder.manifest["fields"]
    names = [one["no"] for one in fields]
    account, balance = names.index(ACCOUNT_FIELD), names.index(BALANCE_FIELD)
    needed = [place for place, one in enumerate(fields) if not one["null"]]
    plain = rows(folder, PLAIN_FILE)
    sums: dict[tuple[str, str], Decimal] = {}
    count, different, incomplete = 0, 0, []
    for number, line in enumerate(_lines(folder), 1):
        cells = line.split("|")
        if len(cells) != len(fields) or not is_amount(cells[balance]):
            checks.add(
                False,
                f"line {number} of {RULE_FILE} is not of the layout",
                f"{RULE_FILE} 第 {number} 行格式不符",
            )
            return
        other = next(plain, None)
        count += 1
        if other is None or (other["account"], other["balance"]) != (cells[account], cells[balance]):
            different += 1
            continue
        pair = other["entity"], other["currency"]
        sums[pair] = _EXACT.add(sums.get(pair, Decimal(0)), max(amount(cells[balance]), Decimal(0)))
        if any(not cells[place] for place in needed):
            incomplete.append(cells[account])
    checks.add(
        not different and next(plain, None) is None,
        f"{count:,} owners stand in both files with the same balances"
        if not different
        else f"{different} owners differ between the files",
        f"{count:,} 户在两个文件中一致" if not different else f"{different} 户在两个文件中不一致",
    )
    said = {(one["entity"], one["currency"]): amount(one["requirement"]) for one in folder.manifest["totals"]}
    held = {pair: total for pair, total in said.items() if total} == {
        pair: total for pair, total in sums.items() if total
    }
    totals = ", ".join(f"{total:,} {pair[1]}" for pair, total in sorted(sums.items()))
    checks.add(
        held,
        f"owners sum to what the ledger owes: {totals}"
        if held
        else f"owners sum to {totals}, the ledger owes otherwise",
        f"合计与账本一致：{totals}" if held else "合计与账本不一致",
    )
    listed = [row["account"] for row in rows(folder, INCOMPLETE_FILE)]
    checks.add(
        listed == incomplete,
        f"{len(incomplete):,} owners lack a field that the layout requires, and are listed"
        if listed == incomplete
        else f"{len(incomplete)} owners lack a field that the layout requires, {len(listed)} are listed",
        f"{len(incomplete):,} 户缺少必填字段" + ("，均已列明" if listed == incomplete else "，与清单不符"),
    )


def _lines(folder: Folder) -> Iterator[str]:
    with folder.source.open(RULE_FILE) as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as text:
        for line in text:
            yield line.removesuffix("\n")
