"""Statements for the tests of this room."""

from dataclasses import replace
from datetime import date

from jinku.base.currency import currency
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry

DAY = date(2026, 11, 20)
CNY = currency("CNY")
IN, OUT = Direction.CREDIT, Direction.DEBIT


def entry(
    reference: str, amount: int, direction: Direction = IN, *, e2e: str = "", day: date = DAY
) -> StatementEntry:
    """A booked entry; its end-to-end id is `e2e`."""
    return StatementEntry(reference, amount, direction, day, day, "PMNT/RCDT/ESCT", end_to_end_id=e2e)


def statement(*entries: StatementEntry, opening: int = 1_000, sequence: int = 1) -> Statement:
    """A statement over `entries` whose sums are right."""
    booked = sum(one.signed for one in entries if one.status is EntryStatus.BOOKED)
    return Statement(
        account="CUSTODY-1",
        currency=CNY,
        sequence=sequence,
        message_id=f"M{sequence}",
        opening=opening,
        closing=opening + booked,
        entries=entries,
        from_date=DAY,
        to_date=DAY,
        statement_id=f"S{sequence}",
        created=1_795_000_000_000_000_000,
    )


def full_statement() -> Statement:
    """One with every field filled."""
    rich = StatementEntry(
        reference="N1",
        amount=12_345,
        direction=OUT,
        booked=DAY,
        value_date=date(2026, 11, 21),
        bank_transaction_code="PMNT/ICDT/ESCT",
        end_to_end_id="E2E-1",
        instruction_id="I-1",
        transaction_id="T-1",
        servicer_reference="A-1",
        reversal=True,
        return_reason="AC04",
        batch_count=1,
        remittance="还款 <3> & 'co'",
    )
    pending = replace(
        entry("N2", 7, e2e="E2E-2"), status=EntryStatus.PENDING, bank_transaction_code="NTRF+195"
    )
    made = statement(rich, pending, replace(entry("", 0), value_date=None, bank_transaction_code=""))
    return replace(
        made,
        owner='金库 & "Co"',
        opening_available=-5,
        closing_available=6,
        account="CZ6508000000192000145399",
    )
