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

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from jinku.custody.closing.compute import Reconciled, Reconciler
from jinku.custody.closing.extract import ENTITY_SHIFT
from jinku.custody.closing.inputs import DayInputs
from jinku.custody.closing.requirement import balances_by_kind
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.records import Balance, Records, Side, Sides, joined, nothing
from jinku.custody.reconciliation.rules import Rules, load_rules, rules_of
from jinku.custody.reconciliation.three_way import ThreeWay, reconcile_sides
from jinku.custody.statements.model import EntryStatus, Statement
from jinku.custody.structure.model import AccountKind
from jinku.custody.structure.table import Money, Movement, Place
from jinku.ledger.layout import Array, EntryKind, u128
from jinku.ledger.model import TransferFlags

_CODE_BITS = 0xFFFF
_NOT_BOOKED = int(TransferFlags.PENDING | TransferFlags.VOID_PENDING_TRANSFER)
PlatformReader = Callable[[str, bytes, DayInputs], Records]
"""From a platform's export (name, bytes) to its records."""


def reconciler(read_platform: PlatformReader) -> Reconciler:
    """`reconcile_day` with the reader of this platform's exports."""

    def reconcile(inputs: DayInputs) -> Reconciled:
        return _summed(reconcile_sides(*_asked(inputs, read_platform)), inputs)

    return reconcile


def _asked(inputs: DayInputs, read_platform: PlatformReader) -> tuple[Sides, Rules, Carried]:
    carried = Carried.from_bytes(inputs.carried) if inputs.carried else Carried()
    names = _names(inputs)
    parts = [_of_statement(digest, one) for _, digest, one in inputs.statements]
    platform = [read_platform(name, data, inputs) for name, data in inputs.platform]
    sides = Sides(
        ledger=ledger_records(inputs, names),
        bank=joined(parts) if parts else nothing(Side.BANK),
        platform=joined(platform) if platform else None,
        as_of=inputs.day,
        balances=(*_our_balances(inputs, names), *_bank_balances(inputs, names)),
    )
    return sides, _rules(inputs), carried


def _rules(inputs: DayInputs) -> Rules:
    if inputs.rules is None:
        return load_rules(calendar=inputs.settings.days)
    import tomllib

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


def _of_statement(digest: str, one: Statement) -> Records:
    """The bank's side: every entry that moves money or announces it; information is left out."""
    lines = [(n, e) for n, e in enumerate(one.entries, 1) if e.status is not EntryStatus.INFORMATION]
    rows = [entry for _, entry in lines]
    name = f"{digest[:16]}/{one.statement_id or one.sequence}"
    return Records.build(
        Side.BANK,
        {
            "id": [f"{name}/{line}" for line, _ in lines],
            "line": [line for line, _ in lines],
            "reference": [entry.reference for entry in rows],
            "end_to_end_id": [entry.end_to_end_id for entry in rows],
            "instruction_id": [entry.instruction_id for entry in rows],
            "transaction_id": [entry.transaction_id for entry in rows],
            "servicer_id": [entry.servicer_reference for entry in rows],
            "amount": [entry.amount for entry in rows],
            "direction": [
                1 if entry.signed >= 0 and entry.direction.value == "CRDT" else -1 for entry in rows
            ],
            "booked": [entry.booked for entry in rows],
            "value": [entry.value_date for entry in rows],
            "account": [one.account] * len(rows),
            "currency": [one.currency.code] * len(rows),
            "return_reason": [entry.return_reason for entry in rows],
            "text": [entry.remittance for entry in rows],
            "reversal": [entry.reversal for entry in rows],
            "pending": [entry.status is EntryStatus.PENDING for entry in rows],
            "batch_count": [entry.batch_count for entry in rows],
        },
    )


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


def _bank_balances(inputs: DayInputs, names: dict[int, str]) -> list[Balance]:
    found = []
    for code, name in names.items():
        own: Sequence[Statement] = [one for kind, _, one in inputs.statements if kind == code]
        if own:
            opening = own[0].opening if own[0].opening_given else None
            closing = own[-1].closing if own[-1].closing_given else None
            found.append(Balance(Side.BANK, name, inputs.currency.code, opening, closing))
    return found
