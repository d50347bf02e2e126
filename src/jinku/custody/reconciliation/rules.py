"""The ordered table of rules by which records of two sides are found to be the same money.

Rules:

1. A table is data: rows of TOML in their order, and the numbers that they name. `digest` is over its canonical form, so
   evidence says exactly by what it was made.
2. ``kind`` says how a row decides: `pair` (equal keys, one against one), `group` (equal keys, sums agree), `near` (one
   typing error apart), `subset` (some members of a group sum up to one record).
3. ``need`` says what a `pair` demands where several records share the keys: `alike` pairs them off in order of day,
   since it makes no difference which is which; `single` demands the only open one on either side; `distinct` the only
   one on either side, open or not. Otherwise nobody guesses.
4. ``window`` is two numbers of business days: how much earlier and how much later the other side's day may be.
5. A row with a ``verdict`` links records that are the same payment but differ: a break is made of them.

Example::

    rules = load_rules()  # the table that comes with Jinku
    rules.digest
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinku.base.calendar import WEEKDAYS, BusinessCalendar, calendar_named
from jinku.base.canonical import canonical_json
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.errors import BadRules

METHOD_VERSION = "2"
BPS = 10_000
KEYS = frozenset(
    {
        "account",
        "currency",
        "reference",
        "batch",
        "counterparty",
        "amount",
        "direction",
        "day",
        "text",
        "normal",
    }
)
IDENTITY = frozenset({"reference", "batch", "counterparty", "text", "normal"})
"""Keys that say whose payment it is; a row without any must demand a distinct amount."""


class Kind(StrEnum):
    """How a row decides."""

    PAIR = "pair"
    GROUP = "group"
    NEAR = "near"
    SUBSET = "subset"


class Need(StrEnum):
    """What a pair demands where keys are shared."""

    ALIKE = "alike"
    SINGLE = "single"
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    name: str
    kind: Kind
    keys: tuple[str, ...]
    need: Need = Need.SINGLE
    window: tuple[int, int] = (0, 0)
    verdict: BreakClass | None = None
    nameless: bool = False
    """Only for records of the other side that name no reference of their own."""
    english: str = ""
    chinese: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row as canonical values."""
        return {
            "name": self.name,
            "kind": self.kind.value,
            "keys": list(self.keys),
            "need": self.need.value,
            "window": list(self.window),
            "verdict": self.verdict.value if self.verdict else "",
            "nameless": self.nameless,
        }


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge that the bank may take out of a payment: a fixed sum and a share, agreed with the bank."""

    fixed: int = 0
    """Minor units."""
    bps: int = 0
    """Hundredths of a percent of our amount, half up."""

    def of(self, amount: int) -> int:
        """The charge on `amount`."""
        return self.fixed + (amount * self.bps + BPS // 2) // BPS


@dataclass(frozen=True)
class Rules:
    """The table and its numbers."""

    rows: tuple[Rule, ...]
    calendar: BusinessCalendar = WEEKDAYS
    lag_days_max: int = 0
    """Business days by which the bank's booking may be later than ours before the pair counts as late."""
    transit_days: int = 0
    """Business days that one of our movements may be under way before it counts as missing."""
    tolerance: int = 0
    """Minor units by which amounts of one reference may differ and still be one payment."""
    tolerance_bps: int = 0
    """The same as a share of our amount; the larger of both counts."""
    fees: tuple[Fee, ...] = ()
    subset_candidates_max: int = 14
    subset_members_max: int = 6
    version: str = METHOD_VERSION

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical form of the table, its numbers and the calendar's name."""
        return hashlib.sha256(canonical_json(self.as_json())).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """All that decides, as canonical values."""
        return {
            "version": self.version,
            "calendar": self.calendar.name,
            "lag_days_max": self.lag_days_max,
            "transit_days": self.transit_days,
            "tolerance": str(self.tolerance),
            "tolerance_bps": self.tolerance_bps,
            "fees": [{"fixed": str(one.fixed), "bps": one.bps} for one in self.fees],
            "subset_candidates_max": self.subset_candidates_max,
            "subset_members_max": self.subset_members_max,
            "rules": [one.as_json() for one in self.rows],
        }


def load_rules(path: Path | None = None, *, calendar: BusinessCalendar | None = None) -> Rules:
    """The table in the TOML file `path`, or the one that comes with Jinku. Raises BadRules."""
    data = path.read_bytes() if path else files(__package__).joinpath("rules.toml").read_bytes()
    name = path.name if path else "rules.toml"
    try:
        given = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise BadRules(f"is not TOML: {error}", file=name) from None
    return rules_of(given, name, calendar)


def rules_of(given: Mapping[str, Any], name: str, calendar: BusinessCalendar | None = None) -> Rules:
    """The table that the values of a TOML file mean. Raises BadRules."""
    settings = dict(given)
    rows = tuple(_row(one, name, place) for place, one in enumerate(settings.pop("rules", ()), 1))
    if not rows:
        raise BadRules("has no rules", file=name, remedy="write [[rules]] rows")
    names = [row.name for row in rows]
    if len(set(names)) != len(names):
        raise BadRules("two rules have one name", file=name)
    if "calendar" in settings:
        named = calendar_named(str(settings.pop("calendar")))
        calendar = calendar or named
    fees = []
    for one in settings.pop("fees", ()):
        if not set(one) <= {"fixed", "bps"} or not all(_whole(value) for value in one.values()):
            raise BadRules("is no fee", file=name, field="fees", value=str(one))
        fees.append(Fee(**one))
    for key, value in settings.items():
        if key not in _NUMBERS or not _whole(value):
            raise BadRules("is unknown or no whole number", file=name, field=key, value=str(value))
    return Rules(rows, calendar or WEEKDAYS, fees=tuple(fees), **settings)


_NUMBERS = frozenset(
    {
        "lag_days_max",
        "transit_days",
        "tolerance",
        "tolerance_bps",
        "subset_candidates_max",
        "subset_members_max",
    }
)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _row(given: Mapping[str, Any], name: str, place: int) -> Rule:
    def bad(problem: str, field: str) -> BadRules:
        return BadRules(problem, file=name, field=f"rule {place} {field}", value=str(given.get(field, "")))

    unknown = set(given) - set(Rule.__dataclass_fields__)
    if unknown:
        raise bad("is no field of a rule", sorted(unknown)[0])
    try:
        row = Rule(
            name=str(given["name"]),
            kind=Kind(given["kind"]),
            keys=tuple(given["keys"]),
            need=Need(given.get("need", Need.SINGLE)),
            window=tuple(given.get("window", (0, 0))),
            verdict=BreakClass(given["verdict"]) if given.get("verdict") else None,
            nameless=bool(given.get("nameless", False)),
            english=str(given.get("english", "")),
            chinese=str(given.get("chinese", "")),
        )
    except KeyError as missing:
        raise bad("is missing", str(missing.args[0])) from None
    except ValueError as error:
        raise bad(str(error), "kind") from None
    if not set(row.keys) <= KEYS:
        raise bad("names an unknown key", "keys")
    if (
        len(row.window) != 2
        or not all(isinstance(one, int) for one in row.window)
        or row.window[0] > row.window[1]
    ):
        raise bad("is not two whole numbers in order", "window")
    if row.kind is Kind.PAIR and not set(row.keys) & IDENTITY and row.need is not Need.DISTINCT:
        raise bad("matches by nothing that says whose payment it is: need must be distinct", "keys")
    if "currency" not in row.keys:
        raise bad("must hold currency: no rule matches across currencies", "keys")
    return row
