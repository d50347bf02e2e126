"""A day's inputs as the three sides of a reconciliation, and what it finds in the form that a close takes.

Rules:

1. Our side is every bank account of a clients' pool, and each further one that somebody has placed. A movement is one
   booked transfer that debits (money in) or credits (money out) the account that mirrors it; holds and balances taken
   over (`Movement.OPENING`) are none.
2. A movement's day is ``user_data_32``; where that is no date, it is the day that is closed. Its reference is
   ``user_data_64``.
3. The bank's side is always there: without a statement nothing is confirmed, and all of ours is expected again
   on the next day. The platform's takes part where an export was given.
4. An account goes by its number at the bank on all sides, or by its key where nobody has placed one.

Example::

    reconciled = reconcile_day(inputs)
    reconciled.summary["counts"]
"""

import tomllib
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from jinku.custody.breaks.settling import read_settlements, settle
from jinku.custody.closing.compute import Reconciled
from jinku.custody.closing.extract import ENTITY_SHIFT
from jinku.custody.closing.inputs import DayInputs
from jinku.custody.closing.requirement import balances_by_kind
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.platform import PlatformMapping, platform_mapping, read_platform
from jinku.custody.reconciliation.records import Balance, Records, Side, Sides, joined, nothing
from jinku.custody.reconciliation.rules import Rules, load_rules, rules_of
from jinku.custody.reconciliation.sources import statement_balances, statement_records
from jinku.custody.reconciliation.three_way import ThreeWay, reconcile_sides
from jinku.custody.structure.model import AccountKind
from jinku.custody.structure.table import Money, Movement, Place
from jinku.ledger.layout import Array, EntryKind, u128
from jinku.ledger.model import TransferFlags

_CODE_BITS = 0xFFFF
_NOT_BOOKED = int(TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER)


def reconcile_day(inputs: DayInputs) -> Reconciled:
    """See the module. Raises BadRecords, AmountTooLarge, InputError, CalendarRange."""
    return _summed(reconcile_sides(*_asked(inputs)), inputs)


def _asked(inputs: DayInputs) -> tuple[Sides, Rules, Carried]:
    carried = Carried.from_bytes(inputs.carried) if inputs.carried else Carried()
    names = _names(inputs)
    ours = ledger_records(inputs, names)
    if inputs.settlements:  # a write-off does not come back, nor does what made up for it
        carried = settle(carried, ours, read_settlements(inputs.settlements))
    statements = [one for _, _, one in inputs.statements]
    platform = [read_platform(data, name, _layout(inputs, names)) for name, data in inputs.platform]
    sides = Sides(
        ledger=ours,
        bank=statement_records(statements),
        platform=joined(platform) if platform else None,
        as_of=inputs.day,
        balances=(*_our_balances(inputs, names), *statement_balances(statements)),
    )
    return sides, _rules(inputs), carried


def _layout(inputs: DayInputs, names: dict[int, str]) -> PlatformMapping:
    """The layout that was given; rows that name no account are of the clients' first bank account."""
    given = platform_mapping(inputs.layout[1], inputs.layout[0]) if inputs.layout else PlatformMapping()
    first = next(iter(names.values()), "")
    return replace(given, account=given.account or first, currency=given.currency or inputs.currency.code)


def _rules(inputs: DayInputs) -> Rules:
    if inputs.rules is None:
        return load_rules(calendar=inputs.settings.days)
    name, data = inputs.rules
    return rules_of(tomllib.loads(data.decode()), name, inputs.settings.days)


def _summed(result: ThreeWay, inputs: DayInputs) -> Reconciled:
    summary: dict[str, Any] = {
        "counts": dict(result.counts),
        "effects": {kind: str(effect) for kind, effect in result.effects.items()},
        "totals": [one.as_json() for one in result.totals],
        "breaks": [
            {
                "id": f"{one.break_id:032x}",
                "class": one.kind.value,
                "amount": str(one.amount),
                "effect": str(one.effect),
                "age_days": one.age_days,
            }
            for one in result.breaks
        ],
        "statements": sorted({one.account for _, _, one in inputs.statements}),
    }
    method = {"version": result.rules.version, "rules_sha256": result.rules.digest}
    carried = result.carried.read_until(inputs.as_of).to_bytes()
    return Reconciled(result.to_bytes(), carried, summary, result.breaks, method, result.is_clean)


def ledger_records(inputs: DayInputs, names: dict[int, str]) -> Records:
    """Our side, from the day's entries (rules 1 and 2). `names` has the accounts that take part, by kind's code."""
    event = inputs.entries["event"]
    booked = (inputs.entries["kind"] == EntryKind.TRANSFER) & (event["flags"] & _NOT_BOOKED == 0)
    booked &= event["code"] != int(Movement.OPENING)
    parts = [
        _movements(event[booked & _touches(event, side, inputs, code)], sign, names[code], inputs)
        for code in names
        for side, sign in (("debit", 1), ("credit", -1))
    ]
    filled = [part for part in parts if len(part)]
    return joined(filled) if filled else nothing(Side.LEDGER)


def _touches(event: Array, side: str, inputs: DayInputs, code: int) -> Array:
    low, high = event[f"{side}_account_id_lo"], event[f"{side}_account_id_hi"]
    mask: Array = (low & _CODE_BITS == code) & (
        high >> np.uint64(ENTITY_SHIFT) == np.uint64(inputs.books.entity)
    )
    return mask


def _movements(rows: Array, sign: int, account: str, inputs: DayInputs) -> Records:
    numbers = u128(rows, "id")
    suffix = "" if sign > 0 else "/out"  # a transfer between two of our bank accounts is a movement on each
    return Records.build(
        Side.LEDGER,
        {
            "id": [f"{number}{suffix}" for number in numbers],
            "number": numbers,
            "reference": [str(one) if one else "" for one in rows["user_data_64"].tolist()],
            "amount": u128(rows, "amount"),
            "direction": [sign] * len(rows),
            "booked": [_day(one) or inputs.day for one in rows["user_data_32"].tolist()],
            "account": [account] * len(rows),
            "currency": [inputs.currency.code] * len(rows),
        },
    )


def _day(number: int) -> date | None:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        return None


def _names(inputs: DayInputs) -> dict[int, str]:
    """The bank accounts that take part, by their kinds' codes, and what each is called (rules 1 and 4)."""
    placed = {code: number for number, code in inputs.accounts.items()}
    return {
        one.code: placed.get(one.code, one.key)
        for one in inputs.structure.kinds.values()
        if one.place is Place.BANK and (one.code in placed or _is_clients(one, inputs))
    }


def _is_clients(one: AccountKind, inputs: DayInputs) -> bool:
    return inputs.structure.pools[one.pool].money is Money.CLIENT


def _our_balances(inputs: DayInputs, names: dict[int, str]) -> list[Balance]:
    closing = balances_by_kind(inputs.balances, inputs.structure)
    found = []
    for code, name in names.items():
        end = sum(closing.get(code, ()))
        moved = ledger_records(inputs, {code: name}).total()
        found.append(Balance(Side.LEDGER, name, inputs.currency.code, end - moved, end))
    return found
