"""Import a real bank's movements and compare every account's end-of-day balance with the bank's own column.

Steps:

1. Read and check both files whole (`file`); nothing is posted from a bad file.
2. Post every movement, as of its own day (`posting`).
3. Explain the bank's column day by day from the file alone (`days`).
4. Ask the ledger for every account's history, and compare all three balances at the end of each of its days;
   ask also for all accounts as of some days of the past.

Example::

    report = import_czech_bank(ledger, Path("czech-bank"))
    report.ledger_agrees == report.account_days
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

from jinku.base.clock import end_of_day
from jinku.custody.czech.days import AccountDay, Cause, Error, explain_account
from jinku.custody.czech.file import CzechFiles, CzechMovement, read_czech_files
from jinku.custody.czech.posting import Posted, Progress, customer_id, post
from jinku.custody.czech.report import CauseRow, CzechReport, Difference, Part
from jinku.custody.czech.table import KNOWN_EXTRACTS, Extract
from jinku.ledger.limits import RESULTS_MAX
from jinku.ledger.model import AccountBalance, AccountFilter, AccountFilterFlags
from jinku.ledger.service import Ledger

AS_OF_DAYS = 4
"""On how many days, evenly spread over the file, every account is asked for as of the day."""

_NS_PER_MS = 1_000_000


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import read and found."""

    files: CzechFiles
    days: list[AccountDay]
    """Account by account, each in order of days."""
    report: CzechReport


def import_czech_bank(
    ledger: Ledger,
    directory: Path,
    progress: Progress = _silent,
    *,
    extracts: Mapping[str, Extract] = KNOWN_EXTRACTS,
) -> CzechReport:
    """The report of `import_files`."""
    return import_files(ledger, directory, progress, extracts=extracts).report


def import_files(
    ledger: Ledger,
    directory: Path,
    progress: Progress = _silent,
    *,
    extracts: Mapping[str, Extract] = KNOWN_EXTRACTS,
) -> Imported:
    """Post the files in `directory` to `ledger` and compare balances; see the module's steps.

    A second import of the same files posts nothing and reports the same. `extracts` are the files known to
    be cut. Raises InputError for a bad file and ImportRefused where the ledger contradicts it; neither posts
    anything.
    """
    started = time.monotonic_ns()
    files = read_czech_files(directory, extracts)
    read = time.monotonic_ns()
    posted = post(ledger, files, progress)
    booked = time.monotonic_ns()
    days = _explain(files, progress)
    agreeing = _ask_ledger(ledger, days, progress)
    as_of = _ask_as_of(ledger, days)
    done = time.monotonic_ns()
    took = {"read": read - started, "post": booked - read, "compare": done - booked}
    asked = (agreeing, *as_of)
    report = _report(files, posted, days, asked, {stage: ns // _NS_PER_MS for stage, ns in took.items()})
    return Imported(files, days, report)


def _explain(files: CzechFiles, progress: Progress) -> list[AccountDay]:
    accounts: dict[int, list[CzechMovement]] = defaultdict(list)
    for one in files.movements:
        accounts[one.account_id].append(one)
    cut_day = files.movements[-1].day if files.cut else None
    days: list[AccountDay] = []
    for number, account in enumerate(sorted(accounts), 1):
        days += explain_account(accounts[account], cut_day)
        progress("explaining the bank's balances", number, len(accounts))
    return days


def _ask_ledger(ledger: Ledger, days: Sequence[AccountDay], progress: Progress) -> int:
    """On how many account-days the ledger's own history has our plain sum at the day's end."""
    agreeing = done = 0
    for account, group in groupby(days, key=lambda one: one.account_id):
        history = iter(_history(ledger, customer_id(account)))
        following = next(history, None)
        balance = 0
        for one in group:
            end = end_of_day(one.day)
            while following is not None and following.timestamp <= end:
                balance = following.credits_posted - following.debits_posted
                following = next(history, None)
            agreeing += balance == one.ours
            done += 1
        progress("asking the ledger for each day", done, len(days))
    return agreeing


def _history(ledger: Ledger, account: int) -> Iterator[AccountBalance]:
    """The balances of `account` after each of its movements, oldest first."""
    both_sides = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    after = 0
    while True:
        page = ledger.get_account_balances(
            AccountFilter(account, 0, 0, 0, 0, after, 0, RESULTS_MAX, both_sides)
        )
        yield from page
        if len(page) < RESULTS_MAX:
            return
        after = page[-1].timestamp + 1


def _ask_as_of(ledger: Ledger, days: Sequence[AccountDay]) -> tuple[int, int]:
    """Ask for every account as of the ends of ``AS_OF_DAYS`` days; how many were asked, how many are our sum."""
    dates = sorted({one.day for one in days})
    chosen = {
        dates[(number + 1) * len(dates) // AS_OF_DAYS - 1] for number in range(min(AS_OF_DAYS, len(dates)))
    }
    asked = agreeing = 0
    for day in sorted(chosen):
        sums: dict[int, int] = {}
        for one in days:
            if one.day <= day:
                sums[customer_id(one.account_id)] = one.ours
        accounts = ledger.balances_as_of(list(sums), end_of_day(day))
        for account, expected in zip(accounts, sums.values(), strict=True):
            agreeing += account is not None and account.credits_posted - account.debits_posted == expected
        asked += len(sums)
    return asked, agreeing


def _differences(days: Iterable[AccountDay]) -> list[Difference]:
    """The account-days that differ, each with all errors of its account up to then; `days` account by account."""
    found = []
    account = 0
    count: Counter[Cause] = Counter()
    off: Counter[Cause] = Counter()
    since: date | None = None
    for one in days:
        if one.account_id != account:
            account, since = one.account_id, None
            count, off = Counter(), Counter()
        for error in one.errors:
            count[error.cause] += 1
            off[error.cause] += error.off
            since = since or one.day
        if one.difference:
            parts = tuple(Part(cause, count[cause], off[cause]) for cause in Cause if off[cause])
            found.append(Difference(account, one.day, one.bank, one.ours, parts, since or one.day))
    return found


def _causes(days: Sequence[AccountDay], differences: Sequence[Difference]) -> tuple[CauseRow, ...]:
    rows = []
    for cause in Cause:
        befallen: list[tuple[int, Error]] = [
            (one.account_id, error) for one in days for error in one.errors if error.cause is cause
        ]
        takes_part = sum(any(part.cause is cause for part in one.parts) for one in differences)
        if befallen:
            accounts = len({account for account, _ in befallen})
            rows.append(CauseRow(cause, len(befallen), accounts, takes_part))
    return tuple(rows)


def _report(
    files: CzechFiles,
    posted: Posted,
    days: Sequence[AccountDay],
    asked: tuple[int, int, int],
    took: Mapping[str, int],
) -> CzechReport:
    """`asked`: account-days on which the ledger agrees; balances asked as of a day, and how many of them agree."""
    differences = _differences(days)
    accounts = {one.account_id for one in days}
    return CzechReport(
        movements=len(files.movements),
        accounts=len(accounts),
        account_days=len(days),
        first_day=files.movements[0].day,
        last_day=files.movements[-1].day,
        posted=posted,
        ledger_agrees=asked[0],
        as_of_asked=asked[1],
        as_of_agrees=asked[2],
        bank_agrees=len(days) - len(differences),
        changes_agree=sum(not one.errors for one in days),
        accounts_agree=len(accounts - {one.account_id for one in differences}),
        several_movements=sum(one.movements > 1 for one in days),
        reordered=sum(not one.in_file_order for one in days),
        differences=tuple(differences),
        causes=_causes(days, differences),
        cut=files.cut,
        digests=files.digests,
        milliseconds=dict(took),
    )
