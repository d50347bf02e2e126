"""What importing the Czech bank found: figures, causes, and an explanation of every difference.

Rules:

1. Three balances are compared at the end of every account-day: the ledger's, a plain sum over the file, and
   the bank's own column. The first two must be equal everywhere; the third may differ by named causes only.
2. The causes of a difference sum to it exactly; a day of which that is not true counts as unexplained.

Example::

    report.as_json()["bank_agrees"]  # account-days on which the bank's column is the ledger's balance
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from jinku.base.decimals import format_minor
from jinku.custody.czech.days import Cause
from jinku.custody.czech.posting import Posted

MEANINGS: Mapping[Cause, str] = {
    Cause.INTEREST_ROUNDED: "interest is booked exactly and printed rounded to 0.1 crown; the step then stays",
    Cause.PRINT_ROUNDED: "amount or balance of the movement is printed rounded to 0.1 crown",
    Cause.INTEREST_BEYOND_CUT: "the account's interest of the last day stands after the place where the file was cut",
    Cause.OPENING_BALANCE: "the account's first movement does not start from zero",
    Cause.UNEXPLAINED: "no known cause",
}


@dataclass(frozen=True, slots=True)
class Part:
    """How much one cause adds to a difference, over all movements up to that day."""

    cause: Cause
    movements: int
    off: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One account-day on which the bank's column is not our balance. Amounts in haléř."""

    account_id: int
    day: date
    bank: int
    ours: int
    parts: tuple[Part, ...]
    since: date
    """The first day on which one of the parts arose."""

    @property
    def difference(self) -> int:
        """The bank's balance less ours."""
        return self.bank - self.ours

    @property
    def explained(self) -> bool:
        """Whether named causes sum to the difference exactly."""
        named = all(part.cause is not Cause.UNEXPLAINED for part in self.parts)
        return named and sum(part.off for part in self.parts) == self.difference

    @property
    def explanation(self) -> str:
        """The arithmetic in one line."""
        parts = " and ".join(
            f"{part.cause.value.replace('_', ' ')} {_crowns(part.off)} in {part.movements} movements"
            for part in self.parts
        )
        both = f"bank {_crowns(self.bank)}, ledger {_crowns(self.ours)}"
        return f"{both}: {_crowns(self.difference)} = {parts}, since {self.since}"


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause over the whole file."""

    cause: Cause
    movements: int
    """How many movements it befell."""
    accounts: int
    account_days: int
    """On how many disagreeing account-days it takes part in the difference."""


@dataclass(frozen=True, slots=True)
class CzechReport:
    """The result of :func:`jinku.custody.czech.bank.import_czech_bank`."""

    movements: int
    accounts: int
    account_days: int
    first_day: date
    last_day: date
    posted: Posted
    ledger_agrees: int
    """Account-days on which the ledger's history has, at the day's end, the plain sum over the file."""
    as_of_asked: int
    """Balances asked of the ledger as of days of the past."""
    as_of_agrees: int
    """How many of them are the plain sum."""
    bank_agrees: int
    """Account-days on which the bank's own column is that balance too."""
    changes_agree: int
    """Account-days whose movements explain the change of the bank's column exactly."""
    accounts_agree: int
    """Accounts whose every day agrees."""
    several_movements: int
    """Account-days with more than one movement, whose order the file does not give."""
    reordered: int
    """Of those, the days on which another order than the file's explains the balances."""
    differences: tuple[Difference, ...]
    causes: tuple[CauseRow, ...]
    cut: str
    digests: Mapping[str, str]
    milliseconds: Mapping[str, int]
    """How long reading, posting and comparing took."""

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """Differences that no named cause explains."""
        return tuple(one for one in self.differences if not one.explained)

    @property
    def largest(self) -> int:
        """The largest difference, in haléř."""
        return max((abs(one.difference) for one in self.differences), default=0)

    def as_json(self, *, differences: bool = False) -> dict[str, object]:
        """Plain values for JSON; every difference with its explanation where `differences` is set."""
        made: dict[str, object] = {
            "movements": self.movements,
            "accounts": self.accounts,
            "account_days": self.account_days,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "accounts_created": self.posted.accounts_created,
            "accounts_existing": self.posted.accounts_existing,
            "transfers_created": self.posted.transfers_created,
            "transfers_existing": self.posted.transfers_existing,
            "ledger_agrees": self.ledger_agrees,
            "as_of_asked": self.as_of_asked,
            "as_of_agrees": self.as_of_agrees,
            "bank_agrees": self.bank_agrees,
            "changes_agree": self.changes_agree,
            "accounts_agree": self.accounts_agree,
            "disagreeing_account_days": len(self.differences),
            "explained": len(self.differences) - len(self.unexplained),
            "unexplained": len(self.unexplained),
            "largest_difference": str(self.largest),
            "several_movements": self.several_movements,
            "reordered": self.reordered,
            "causes": [_cause_json(row) for row in self.causes],
            "cut": self.cut,
            "sha256": dict(self.digests),
            "milliseconds": dict(self.milliseconds),
        }
        if differences:
            made["differences"] = [_difference_json(one) for one in self.differences]
        return made


def differences_csv(report: CzechReport) -> str:
    """Every difference as CSV, one account-day a line, amounts in crowns."""
    rows = ["account_id,date,bank,ledger,difference,since,explained,explanation"]
    rows += [
        f"{one.account_id},{one.day},{_crowns(one.bank)},{_crowns(one.ours)},{_crowns(one.difference)},{one.since},"
        f'{"yes" if one.explained else "no"},"{one.explanation}"'
        for one in report.differences
    ]
    return "\n".join(rows) + "\n"


def report_markdown(report: CzechReport) -> str:
    """The report for a person, as Markdown."""
    days, differing = report.account_days, len(report.differences)
    lines = [
        "# Czech bank: the ledger against the bank's own balances",
        "",
        f"{report.movements:,} movements of {report.accounts:,} accounts, {report.first_day} to {report.last_day}, "
        f"compared at the end of {days:,} account-days.",
        "",
        "| what | count | share |",
        "|---|---:|---:|",
        f"| ledger = plain sum over the file | {report.ledger_agrees:,} | {_share(report.ledger_agrees, days)} |",
        f"| as of days of the past = plain sum | {report.as_of_agrees:,} | "
        f"{_share(report.as_of_agrees, report.as_of_asked)} |",
        f"| bank's column = ledger | {report.bank_agrees:,} | {_share(report.bank_agrees, days)} |",
        f"| the day's own change agrees | {report.changes_agree:,} | {_share(report.changes_agree, days)} |",
        f"| differs, explained by named causes | {differing - len(report.unexplained):,} | "
        f"{_share(differing - len(report.unexplained), days)} |",
        f"| differs, unexplained | {len(report.unexplained):,} | {_share(len(report.unexplained), days)} |",
        f"| accounts that agree on every day | {report.accounts_agree:,} | "
        f"{_share(report.accounts_agree, report.accounts)} |",
        "",
        "| cause | movements | accounts | account-days | meaning |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row.cause.value} | {row.movements:,} | {row.accounts:,} | {row.account_days:,} | {MEANINGS[row.cause]} |"
        for row in report.causes
    ]
    lines += [
        "",
        f"The largest difference is {_crowns(report.largest)} crowns. {report.several_movements:,} account-days have "
        f"several movements, whose order the file does not give; on {report.reordered:,} of them another order than "
        "the file's explains the balances.",
    ]
    if report.cut:
        lines += ["", f"The file: {report.cut}."]
    return "\n".join(lines) + "\n"


def _crowns(amount: int) -> str:
    return format_minor(amount, 2)


def _share(part: int, whole: int) -> str:
    """A percentage with two decimals, rounded down, without floats."""
    return f"{format_minor(part * 10_000 // whole, 2)} %" if whole else "-"


def _cause_json(row: CauseRow) -> dict[str, object]:
    return {
        "cause": row.cause.value,
        "movements": row.movements,
        "accounts": row.accounts,
        "account_days": row.account_days,
        "meaning": MEANINGS[row.cause],
    }


def _difference_json(one: Difference) -> dict[str, object]:
    return {
        "account_id": one.account_id,
        "day": one.day.isoformat(),
        "bank": str(one.bank),
        "ledger": str(one.ours),
        "difference": str(one.difference),
        "explained": one.explained,
        "explanation": one.explanation,
    }
