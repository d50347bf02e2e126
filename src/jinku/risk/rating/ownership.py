"""Who stands behind a company: shares through layers and cycles, exactly, as of a day.

Rules (K6):

1. Shares are exact fractions. A holding counts from its first to its last day. What is held of one company is at most
   all of it.
2. Each path counts with the product of its shares, a cycle with the sum of its infinite rounds; what companies hold
   of each other in the end belongs to the persons behind them. A natural person (nobody holds shares of it) with 25 %
   or more is a beneficial owner; where nobody reaches that, who controls is; else nobody is named.
3. Control follows the majority of votes down a chain: who holds, with all that he controls, 50 % or more, controls it.
   A company that listed names hold 50 % of together is treated as listed (`controlled_by`).

Example::

    register = [Holding("co-2", "co-1", Fraction(60, 100)), Holding("p-1", "co-2", Fraction(50, 100))]
    beneficial_owners(register, "co-1", date(2026, 11, 22))  # p-1 with 3/10, through co-2
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from jinku.risk.rating.errors import BadOwnership

BENEFICIAL_FROM = Fraction(25, 100)
"""FATF's and China's usual threshold; AML Law of the PRC (2024), art. 29, leaves the number to the PBOC (s)."""
CONTROL_FROM = Fraction(50, 100)
COMPANIES_MAX = 400
"""Companies behind one that are looked through."""


@dataclass(frozen=True, slots=True)
class Holding:
    """`owner` holds `share` of `company`. Raises BadOwnership."""

    owner: str
    company: str
    share: Fraction
    from_day: date = date.min
    last_day: date = date.max

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise BadOwnership("a share lies above 0 and is at most 1", company=self.company)


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody behind a company."""

    reference: str
    share: Fraction
    """Effective share of the company."""
    controls: bool
    """Whether the majority of votes runs through to it."""
    through: tuple[str, ...]
    """The companies between, of the heaviest path, from the company to the owner."""


Direct = dict[str, dict[str, Fraction]]
"""Company → owner → share."""


def direct_on(holdings: Iterable[Holding], day: date) -> Direct:
    """The holdings in force on `day`. Raises BadOwnership."""
    found: Direct = {}
    for one in holdings:
        if one.from_day <= day <= one.last_day:
            own = found.setdefault(one.company, {})
            own[one.owner] = own.get(one.owner, Fraction(0)) + one.share
    for company, own in found.items():
        if sum(own.values()) > 1:
            raise BadOwnership("more than all of it is held", company=company)
    return found


def effective_shares(direct: Direct, company: str) -> dict[str, Fraction]:
    """The effective share of each person behind `company`; they sum to what is held. Raises BadOwnership."""
    behind = _behind(direct, company)
    order = [company, *behind]
    place = {name: at for at, name in enumerate(order)}
    # weight(c) of each company c: how much of one share of `company` it stands for; weight = e + weight · D
    rows: list[dict[int, Fraction]] = [{at: Fraction(1)} for at in range(len(order))]
    for name in order:
        for owner, share in direct.get(name, {}).items():
            if owner in place:
                row = rows[place[owner]]
                row[place[name]] = row.get(place[name], Fraction(0)) - share
    weights = _solve(rows, company)
    shares: dict[str, Fraction] = {}
    for name in order:
        for owner, share in direct.get(name, {}).items():
            if owner not in direct:
                shares[owner] = shares.get(owner, Fraction(0)) + weights[place[name]] * share
    return shares


def beneficial_owners(
    holdings: Iterable[Holding], company: str, day: date, least: Fraction = BENEFICIAL_FROM
) -> list[Owner]:
    """Natural persons with `least` or more of `company`, the largest first; where none, those who control it.

    Raises BadOwnership.
    """
    direct = direct_on(holdings, day)
    shares = effective_shares(direct, company)
    controls = {name for name in shares if company in controlled_by({name}, direct)}
    found = {name for name, share in shares.items() if share >= least} or controls
    owners = [Owner(name, shares[name], name in controls, _path(direct, company, name)) for name in found]
    return sorted(owners, key=lambda one: (-one.share, one.reference))


def controlled_by(listed: Collection[str], direct: Direct) -> set[str]:
    """Every company that `listed` names control, alone or together, through any chain (rule 3); without themselves."""
    controlled = set(listed)
    while True:
        more = {
            company
            for company, own in direct.items()
            if company not in controlled
            and sum((share for owner, share in own.items() if owner in controlled), Fraction(0))
            >= CONTROL_FROM
        }
        if not more:
            return controlled - set(listed)
        controlled |= more


def _behind(direct: Direct, company: str) -> list[str]:
    """The companies behind `company`, in the order in which they are found. Raises BadOwnership."""
    found: dict[str, None] = {}
    open_names = [company]
    while open_names:
        name = open_names.pop(0)
        for owner in sorted(direct.get(name, {})):
            if owner in direct and owner != company and owner not in found:
                found[owner] = None
                open_names.append(owner)
        if len(found) > COMPANIES_MAX:
            raise BadOwnership(f"more than {COMPANIES_MAX} companies stand behind it", company=company)
    return list(found)


def _solve(rows: list[dict[int, Fraction]], company: str) -> list[Fraction]:
    """Solve ``rows · x = e0`` by elimination over sparse exact rows. Raises BadOwnership."""
    count = len(rows)
    right = [Fraction(int(at == 0)) for at in range(count)]
    for at in range(count - 1, -1, -1):
        pivot = rows[at].get(at, Fraction(0))
        if not pivot:
            raise BadOwnership("it is held by companies that hold nothing but each other", company=company)
        for other in range(at):
            factor = rows[other].pop(at, Fraction(0)) / pivot
            if factor:
                for column, value in rows[at].items():
                    if column != at:
                        rows[other][column] = rows[other].get(column, Fraction(0)) - factor * value
                right[other] -= factor * right[at]
    weights = [Fraction(0)] * count
    for at in range(count):
        known = sum(
            (value * weights[column] for column, value in rows[at].items() if column < at), Fraction(0)
        )
        weights[at] = (right[at] - known) / rows[at][at]
    return weights


def _path(direct: Direct, company: str, owner: str) -> tuple[str, ...]:
    """The companies of the heaviest path from `company` to `owner`, both left out."""
    best: dict[str, tuple[Fraction, tuple[str, ...]]] = {company: (Fraction(1), ())}
    open_names: Sequence[str] = [company]
    while open_names:
        further: dict[str, None] = {}
        for name in open_names:
            weight, path = best[name]
            for other, share in sorted(direct.get(name, {}).items()):
                way = (*path, other) if other in direct else path
                if other not in path and weight * share > best.get(other, (Fraction(0), ()))[0]:
                    best[other] = (weight * share, way)
                    further[other] = None
        open_names = list(further)
    return best.get(owner, (Fraction(0), ()))[1]
