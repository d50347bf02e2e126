"""Sides for the tests of this room."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from jinku.custody.reconciliation.records import Records, Side, Sides
from jinku.custody.reconciliation.rules import Rules
from jinku.custody.reconciliation.three_way import ThreeWay, reconcile_sides

DAY = date(2026, 11, 20)
"""A Friday."""
Row = dict[str, Any]


def row(reference: str, amount: int, **more: Any) -> Row:
    """A record; `amount` is signed."""
    return {"reference": reference, "amount": abs(amount), "direction": 1 if amount >= 0 else -1, **more}


_DEFAULTS: Row = {
    "booked": DAY,
    "account": "A",
    "currency": "CNY",
    "end_to_end_id": "",
    "instruction_id": "",
    "servicer_id": "",
    "batch": "",
    "counterparty": "",
    "return_reason": "",
    "text": "",
    "reversal": False,
    "pending": False,
    "batch_count": 0,
}


def side(which: Side, rows: Sequence[Row], prefix: str = "") -> Records:
    """A side of `rows`; ids are numbers in their order unless a row has one."""
    full = [
        {**_DEFAULTS, "id": f"{prefix}{n}", "line": n, "number": n, **one} for n, one in enumerate(rows, 1)
    ]
    names = ["id", "line", "number", "reference", "amount", "direction", *_DEFAULTS]
    columns = {name: [one[name] for one in full] for name in names}
    if which is Side.BANK:
        columns["end_to_end_id"] = [
            one.get("e2e", one["reference"]) if not one["end_to_end_id"] else one["end_to_end_id"]
            for one in full
        ]
        columns["reference"] = [f"N-{one['id']}" for one in full]
    return Records.build(which, columns)


def sides(
    platform: Sequence[Row] | None, ledger: Sequence[Row], bank: Sequence[Row] | None, day: date = DAY
) -> Sides:
    """Three sides of rows."""
    return Sides(
        ledger=side(Side.LEDGER, ledger),
        bank=None if bank is None else side(Side.BANK, bank, "S/"),
        platform=None if platform is None else side(Side.PLATFORM, platform, "P"),
        as_of=day,
    )


def compare(
    platform: Sequence[Row] | None,
    ledger: Sequence[Row],
    bank: Sequence[Row] | None,
    rules: Rules | None = None,
) -> ThreeWay:
    """Reconcile three sides of rows."""
    return reconcile_sides(sides(platform, ledger, bank), rules)


def found(result: ThreeWay) -> list[tuple[str, str, int, int]]:
    """Class, side, effect and books effect of each break."""
    return [(one.kind.value, one.side, one.effect, one.books_effect) for one in result.breaks]
