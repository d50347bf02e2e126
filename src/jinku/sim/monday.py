"""Monday's files: what the bank and the platform show of the business day after the simulated one.

Rules:

1. The bank now shows what it had left out or had pending, what came in after Friday's cut-off, and Monday's own
   movements; the platform has found its lost rows. So Friday's breaks of these classes end by themselves.

Example::

    files = monday_files(day, friday, played, worked, directory)
"""

from datetime import date
from pathlib import Path

from jinku.base.clock import NS_PER_DAY
from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text
from jinku.custody.orders.model import Deposit
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.sim.bank import bank_lines
from jinku.sim.casework import Worked
from jinku.sim.close import Closed, Files
from jinku.sim.day import Day
from jinku.sim.scenes.customers import Line, Played

_CENT = 2


def monday_files(day: Day, friday: Closed, played: Played, worked: Worked, directory: Path) -> Files:
    """The statement and the platform's export of the day that was `played`, with what the desk wrote off."""
    today, lines = played.day, played.lines
    shown = [*_made_up_for(day, friday), *_after_cut_off(day)]
    moved = [*shown, *lines]
    entries = tuple(_entry(one, today, place) for place, one in enumerate([*moved, *_remedy(friday)], 1))
    before = friday.statement
    statement = Statement(
        account=before.account,
        currency=before.currency,
        sequence=before.sequence + 1,
        message_id=f"CAMT053-{today:%Y%m%d}-0001",
        opening=before.closing,
        closing=before.closing + sum(one.signed for one in entries),
        entries=entries,
        from_date=today,
        to_date=today,
        statement_id=f"{before.account}-{today:%Y%m%d}",
        created=day.closes + 3 * NS_PER_DAY,
        owner=before.owner,
    )
    corrected = Line(worked.written_off.reference, worked.written_off.effect, "correction 更正")
    ordered = [*_after_cut_off(day), *lines, *_remedy(friday), corrected]
    rows = [_row(one, today, f"{today:%Y%m%d}-{place}") for place, one in enumerate(ordered, 1)]
    rows += [_row(one, day.day, f"found-{place}") for place, one in enumerate(_lost(day, friday), 1)]
    export = csv_text(("id", "reference", "amount", "direction", "date"), rows).encode()
    name = directory / f"statement-{today:%Y-%m-%d}.xml"
    return Files(statement, (), name, export, directory / f"platform-{today:%Y-%m-%d}.csv")


def _labelled(friday: Closed, *kinds: BreakClass) -> set[str]:
    return {one.reference for one in friday.labels if one.kind in kinds}


def _made_up_for(day: Day, friday: Closed) -> list[Line]:
    """What the bank had left out, or had pending."""
    lacking = _labelled(friday, BreakClass.MISSING_AT_BANK)
    lacking |= {one.reference for one in friday.labels if one.kind is BreakClass.LATE and one.effect}
    return [
        Line(one.end_to_end_id, one.signed, one.remittance)
        for one in bank_lines(day)
        if one.end_to_end_id in lacking
    ]


def _lost(day: Day, friday: Closed) -> list[Line]:
    """What the platform had lost."""
    lacking = _labelled(friday, BreakClass.MISSING_IN_PLATFORM)
    return [
        Line(one.end_to_end_id, one.signed, one.remittance)
        for one in bank_lines(day)
        if one.end_to_end_id in lacking
    ]


def _after_cut_off(day: Day) -> list[Line]:
    late = {one.id: one for one in day.acts[-1].orders if isinstance(one, Deposit) and one.day > day.day}
    return [Line(str(one.reference), one.amount, "client deposit 充值") for one in late.values()]


def _remedy(friday: Closed) -> list[Line]:
    return [
        Line("", one.amount if one.kind.value == "top_up" else -one.amount, "own money 自有资金")
        for one in friday.remedies
    ]


def _entry(line: Line, today: date, place: int) -> StatementEntry:
    name = f"B{today:%Y%m%d}{place:07d}"
    return StatementEntry(
        reference=name,
        amount=abs(line.amount),
        direction=Direction.CREDIT if line.amount > 0 else Direction.DEBIT,
        booked=today,
        value_date=today,
        bank_transaction_code="PMNT/RCDT/DMCT" if line.amount > 0 else "PMNT/ICDT/DMCT",
        end_to_end_id=line.reference,
        servicer_reference=name,
        remittance=line.text,
    )


def _row(line: Line, day: date, number: str) -> tuple[str, ...]:
    amount, sign = format_minor(abs(line.amount), _CENT), "C" if line.amount > 0 else "D"
    return (number, line.reference, amount, sign, day.isoformat())
