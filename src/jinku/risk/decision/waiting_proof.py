"""What waits, held against the journal when a house opens: who changes which transfers are released together is told.

Rules:

1. A row that waits must be the journal's: its record has its id in its place, with its amount where the request is
   kept.
2. Transfers wait together as their chain was decided: rows of one chain of a record have one head, rows of two have
   two, and a head that stands in the record is the first of its chain.

Example::

    check_waiting(book.still(), journal)
"""

from collections.abc import Sequence

from jinku.ledger.layout import u128
from jinku.risk.decision.errors import JournalErased, WaitingAltered
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.record import Kept, RecordKind, decode
from jinku.risk.decision.transfers import ORIGIN, rows_of
from jinku.risk.decision.waiting import Waiting


def check_waiting(rows: Sequence[Waiting], journal: Journal) -> None:
    """Raises WaitingAltered where a row is not what the journal says, JournalAltered."""
    by_record: dict[int, list[Waiting]] = {}
    for one in rows:
        by_record.setdefault(one.record, []).append(one)
    for record, waiting in by_record.items():
        if not 0 <= record < journal.size or int(journal.place(record)["kind"]) != RecordKind.DECISIONS:
            raise WaitingAltered(waiting[0].id, f"record {record} decides nothing")
        try:
            kept = decode(journal.read(record))
        except JournalErased:
            continue
        _check_record(waiting, kept, record)


def _check_record(waiting: Sequence[Waiting], kept: Kept, record: int) -> None:
    ids = u128(kept.asked.events.column("id").values.view([("id_lo", "<u8"), ("id_hi", "<u8")]), "id")
    places, chains = {number: at for at, number in enumerate(ids)}, kept.decided.outcomes["chain"].tolist()
    amounts = u128(rows_of(kept.asked.requests)[0], "amount") if kept.asked.origin == ORIGIN else None
    heads: dict[int, int] = {}
    for one in waiting:
        if not 0 <= one.row < len(ids) or ids[one.row] != one.id:
            raise WaitingAltered(one.id, f"row {one.row} of record {record} is about another transfer")
        if amounts is not None and amounts[one.row] != one.amount:
            raise WaitingAltered(one.id, f"record {record} has another amount")
        chain = chains[one.row]
        begins = places.get(one.head, chain)
        if begins != chain or heads.setdefault(one.head, chain) != chain:
            raise WaitingAltered(one.id, f"record {record} has it in another chain than that of {one.head}")
    per_chain: dict[int, set[int]] = {}
    for one in waiting:
        per_chain.setdefault(chains[one.row], set()).add(one.head)
        if len(per_chain[chains[one.row]]) > 1:
            raise WaitingAltered(one.id, f"record {record} has it in one chain with others")
