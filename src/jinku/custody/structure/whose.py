"""Whose money it is, now or at any past moment: every unit a client's or the institution's own, and where it lies.

Rules:

1. One reading of all accounts. For each legal entity, pool, currency and place (bank account, or in transit) there is
   one line that says how much of the money there is clients' and how much own; the two sum to what the control account
   of the place mirrors.
2. Within a pool money is one: own money in it is taken to lie in the pool's bank accounts in the order of the
   structure, then in what is in transit; all else is clients'. So client and own sum, over the places of a pool, to
   what is owed to clients and to what is the institution's own, bit for bit.
3. A pool whose places do not hold what is owed, an account below zero, and an account whose limit is not the one that
   the structure asks for are faults, each naming legal entity, pool and currency. With any fault there is no answer,
   unless it is asked for together with its faults (`survey`).
4. What was booked by a moment is summed up from the journal itself; the ledger's balances are not asked.

Example::

    for line in whose_money(ledger).lines:
        line.entity, line.pool, line.currency.code, line.place.english, line.client, line.own
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import Currency, currency_by_number
from jinku.base.errors import UnknownCurrency
from jinku.custody.errors import NotAtRest
from jinku.custody.structure.chart import limit_flags
from jinku.custody.structure.errors import MoneyAstray
from jinku.custody.structure.postings import Journal, Sums, balances_by_postings
from jinku.custody.structure.table import Money, Place, Side
from jinku.custody.structure.template import AccountKind, Structure, load_structure
from jinku.ledger.layout import BALANCES, Array
from jinku.ledger.model import AccountFlags

READINGS_MAX = 1_000
NO_STRUCTURES: Mapping[int, Structure] = MappingProxyType({})
_LIMITS = np.uint16(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)


class Books(Journal, Protocol):
    """What is read of a ledger."""

    def accounts_array(self) -> Array:
        """Every account, as of one instant."""
        ...

    def size(self) -> int:
        """Journal entries that are durable."""
        ...


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """The money of one pool in one place. Amounts in minor units."""

    entity: int
    pool: str
    currency: Currency
    place: AccountKind
    """The control account that mirrors it: a bank account, or money in transit."""
    client: int
    own: int

    @property
    def total(self) -> int:
        """What the control account says is there."""
        return self.client + self.own

    @property
    def in_transit(self) -> bool:
        """Whether the money is still on its way to a bank account."""
        return self.place.place is Place.TRANSIT


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot be right, and where: legal entity, pool and currency in words."""

    place: str
    problem: str


@dataclass(frozen=True, slots=True)
class WhoseMoney:
    """The answer. `size` is how many journal entries it covers, `at` the moment asked for (None: now)."""

    lines: tuple[MoneyLine, ...]
    faults: tuple[Fault, ...]
    accounts: int
    """How many accounts of the charts were read."""
    size: int
    at: int | None


def whose_money(
    ledger: Books, *, at: int | None = None, structures: Mapping[int, Structure] = NO_STRUCTURES
) -> WhoseMoney:
    """Every unit of money by legal entity, pool, currency and place, as a client's or own, now or at `at` (UTC ns).

    `structures` are those of legal entities that have another than the default. Raises MoneyAstray for what cannot be
    said, NotAtRest where the ledger did not stand still for a reading.
    """
    found = survey(ledger, at=at, structures=structures)
    if found.faults:
        first = found.faults[0]
        raise MoneyAstray(first.place, first.problem, len(found.faults) - 1)
    return found


def survey(
    ledger: Books, *, at: int | None = None, structures: Mapping[int, Structure] = NO_STRUCTURES
) -> WhoseMoney:
    """As `whose_money`, with the faults in the answer; lines of a pool that has one are as the books have them."""
    accounts, size = read_at_rest(ledger)
    if at is not None:
        accounts = accounts[accounts["timestamp"] <= np.uint64(max(at, 0))]
        accounts = _with_balances(accounts, balances_by_postings(ledger, accounts, size, at))
    return divide(accounts, structures, size, at)


def read_at_rest(ledger: Books) -> tuple[Array, int]:
    """All accounts and the size of the journal that they belong to. Raises NotAtRest."""
    for _ in range(READINGS_MAX):
        size = ledger.size()
        accounts = ledger.accounts_array()
        if ledger.size() == size:
            return accounts, size
    raise NotAtRest("the ledger did not stand still for one reading", remedy="retry when less is booked")


def _with_balances(accounts: Array, balances: Array) -> Array:
    rows = accounts.copy()
    for name in BALANCES.names or ():
        rows[name] = balances[name]
    return rows


def ours(accounts: Array) -> NDArray[np.bool_]:
    """Which of these accounts have an id, ``code``, ``ledger`` and ``user_data_32`` as a chart makes them."""
    low, high = accounts["id_lo"], accounts["id_hi"]
    entity = high >> np.uint64(32)
    found: NDArray[np.bool_] = (
        (low & np.uint64(0xFFFF) == accounts["code"])
        & (low >> np.uint64(16) & np.uint64(0xFFFF) == accounts["ledger"])
        & (entity == accounts["user_data_32"])
        & (entity > 0)
    )
    return found


def divide(accounts: Array, structures: Mapping[int, Structure], size: int, at: int | None) -> WhoseMoney:
    """These ``ACCOUNT`` rows by legal entity, pool, currency and place, with what is wrong with them."""
    rows = accounts[ours(accounts)]
    keys = rows["user_data_32"].astype(np.uint64) << np.uint64(32) | rows["id_lo"] & np.uint64(0xFFFFFFFF)
    groups, group = np.unique(keys, return_inverse=True)
    balances, faults = _balances(rows, groups, group, structures)
    lines: list[MoneyLine] = []
    books = sorted({(int(key) >> 32, int(key) >> 16 & 0xFFFF) for key in groups})
    for entity, number in books:
        try:
            unit = currency_by_number(number)
        except UnknownCurrency:
            continue  # units of something else than money
        structure = structures.get(entity) or load_structure()
        held = {code: balances.get((entity, number, code), 0) for code in structure.kinds}
        for pool in structure.pools:
            found, problem = _pool_lines(structure, pool, held, entity, unit)
            lines += found
            if problem:
                faults.append(Fault(_where(entity, pool, unit), problem))
    return WhoseMoney(tuple(lines), tuple(faults), len(rows), size, at)


def _balances(
    rows: Array,
    groups: NDArray[np.uint64],
    group: NDArray[np.int64],
    structures: Mapping[int, Structure],
) -> tuple[dict[tuple[int, int, int], int], list[Fault]]:
    """What the accounts of each entity, currency and kind hold together, and accounts that may not be as they are."""
    sums = Sums(len(groups))
    debit = np.zeros(len(groups), np.bool_)
    wanted = np.zeros(len(groups), np.uint16)
    known = np.zeros(len(groups), np.bool_)
    names: list[tuple[int, int, int]] = []
    for place, key in enumerate(groups.tolist()):
        entity, number, code = key >> 32, key >> 16 & 0xFFFF, key & 0xFFFF
        names.append((entity, number, code))
        kind = (structures.get(entity) or load_structure()).kinds.get(code)
        if kind is not None:
            known[place], debit[place], wanted[place] = True, kind.side is Side.DEBIT, limit_flags(kind)
    sign = np.where(debit, 1, -1)
    for name, way in (("debits_posted", 1), ("credits_posted", -1)):
        for side in (1, -1):
            mine = sign[group] == side
            sums.add(group[mine], rows[f"{name}_hi"][mine], rows[f"{name}_lo"][mine], sign=way * side)
    faults = _account_faults(rows, group, names, (known, debit, wanted), structures)
    return dict(zip(names, sums.integers(), strict=True)), faults


def _account_faults(
    rows: Array,
    group: NDArray[np.int64],
    names: Sequence[tuple[int, int, int]],
    expected: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.uint16]],
    structures: Mapping[int, Structure],
) -> list[Fault]:
    """Accounts of unknown kinds that money went through, with a limit that is not theirs, or below zero."""
    known, debit, wanted = expected
    moved = (
        rows["debits_posted_lo"]
        | rows["debits_posted_hi"]
        | rows["credits_posted_lo"]
        | rows["credits_posted_hi"]
    )
    debits_less = _less(rows, "debits_posted", "credits_posted")
    credits_less = _less(rows, "credits_posted", "debits_posted")
    bounded = wanted[group] != 0
    checks = (
        (~known[group] & (moved != 0), "money is on an account of a kind that its structure has not"),
        (
            known[group] & (rows["flags"] & _LIMITS != wanted[group]),
            "an account has not the limit of its kind",
        ),
        (
            known[group] & bounded & np.where(debit[group], debits_less, credits_less),
            "an account is below zero",
        ),
    )
    faults = []
    for wrong, problem in checks:
        for place in np.unique(group[wrong]).tolist():
            entity, number, code = names[place]
            try:
                unit = currency_by_number(number)
            except UnknownCurrency:
                continue
            kind = (structures.get(entity) or load_structure()).kinds.get(code)
            where = _where(entity, kind.pool if kind else f"kind {code}", unit)
            first = int(np.flatnonzero(wrong & (group == place))[0])
            account = int(rows["id_hi"][first]) << 64 | int(rows["id_lo"][first])
            count = int(np.count_nonzero(wrong & (group == place)))
            faults.append(
                Fault(where, f"{problem}: {account}" + (f" and {count - 1} more" if count > 1 else ""))
            )
    return faults


def _less(rows: Array, one: str, other: str) -> NDArray[np.bool_]:
    high, low = rows[f"{one}_hi"], rows[f"{one}_lo"]
    found: NDArray[np.bool_] = (high < rows[f"{other}_hi"]) | (
        (high == rows[f"{other}_hi"]) & (low < rows[f"{other}_lo"])
    )
    return found


def _pool_lines(
    structure: Structure, pool: str, held: Mapping[int, int], entity: int, unit: Currency
) -> tuple[list[MoneyLine], str]:
    """The lines of a pool by rule 2, and what is wrong with it ("" for nothing)."""
    kinds = [one for one in structure.kinds.values() if one.pool == pool]
    client = sum(held[one.code] for one in kinds if one.money is Money.CLIENT)
    own = sum(held[one.code] for one in kinds if one.money is Money.OWN)
    places = structure.places(pool)
    there = sum(held[one.code] for one in places)
    lines, own_left = [], own
    for one in places:
        part = min(own_left, max(held[one.code], 0))
        own_left -= part
        lines.append(MoneyLine(entity, pool, unit, one, held[one.code] - part, part))
    if there != client + own:
        difference = there - client - own
        return lines, (
            f"its bank accounts and money in transit hold {there}, clients {client} and own money {own} are owed: "
            f"{abs(difference)} {'too much' if difference > 0 else 'missing'}"
        )
    return lines, ""


def _where(entity: int, pool: str, unit: Currency) -> str:
    return f"legal entity {entity}, {pool}, {unit.code}"
