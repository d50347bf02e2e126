"""What is owed, attested and read from the books at one and the same entry of the journal.

Rules:

1. For each legal entity and currency that has books, what is owed to its clients is attested and sealed in the log;
   then every account is read as it stood at the attestation's own entry.
2. The owners' balances, the ledger's own sum and the attested total must be one number; where they are not, nothing is
   reported (NotTied).

Example::

    found = attest_all(house)
    found.standing.accounts, found.attested[1, "CNY"].statement.liabilities
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jinku.base.decimals import format_minor
from jinku.base.errors import JinkuError
from jinku.custody.closing.position import position
from jinku.custody.errors import NotAtRest
from jinku.custody.proof.desk import AttestationDesk, Attested
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.journal import Standing, standing
from jinku.custody.reports.sealed import receipt_of, write_private
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.standing import books
from jinku.ledger.layout import EntryKind

READINGS_MAX = 20


class NotTied(JinkuError):
    """Two ways to one figure gave two figures."""

    code: ClassVar[str] = "not_tied"
    http_status: ClassVar[int] = 500


@dataclass(frozen=True, slots=True)
class AttestedBooks:
    """The accounts at one entry of the journal, and the attestations made of exactly these."""

    standing: Standing
    attested: Mapping[tuple[int, str], Attested]
    """By legal entity and currency."""


def attest_all(house: OpenHouse) -> AttestedBooks:
    """Attest every legal entity and currency, and read the books that this speaks of.

    Raises NotAtRest where money kept moving meanwhile, NotTied.
    """
    desk = AttestationDesk(house.directory, house.ledger, house.publisher)
    for _ in range(READINGS_MAX):
        pairs = [(entity, unit.code) for entity, unit, _ in books(house.ledger.accounts_array())]
        attested = {pair: desk.attest(*pair) for pair in pairs}
        sizes = [one.statement.ledger_size for one in attested.values()] or [house.ledger.size()]
        if len(movements_between(house, min(sizes), max(sizes))) == 0:
            found = AttestedBooks(standing(house.ledger, max(sizes)), attested)
            check_tied(found)
            return found
    raise NotAtRest("money moved during each reading", remedy="retry when less is booked")


def movements_between(house: OpenHouse, first: int, last: int) -> list[int]:
    """Entries from `first` up to `last` that are anything but seals."""
    if first >= last:
        return []
    kinds = house.ledger.entries(first, last - first)["kind"].tolist()
    return [first + place for place, kind in enumerate(kinds) if kind != EntryKind.SEAL]


def check_tied(found: AttestedBooks) -> None:
    """Raises NotTied unless the books' own sums are what was attested."""
    for entity, unit, rows in books(found.standing.accounts):
        now = holdings(rows)
        owed = sum(max(balance, 0) for balance in now.clients.values())
        stated = found.attested[entity, unit.code].statement
        if (owed, len(now.clients)) != (stated.liabilities, stated.customers):
            raise NotTied(
                f"entity {entity} owes {owed} {unit.code} to {len(now.clients)} clients by its accounts, and "
                f"{stated.liabilities} to {stated.customers} by the attestation",
                remedy="check the ledger (jinku ledger check) and make it again",
            )


def write_attestations(
    folder: Path, prefix: str, found: AttestedBooks, house: OpenHouse
) -> list[dict[str, Any]]:
    """Write each attestation and its receipt into `folder` under names that begin with `prefix`; the totals, one for
    each legal entity and currency, as a manifest has them."""
    totals = []
    for entity, unit, rows in books(found.standing.accounts):
        attested = found.attested[entity, unit.code]
        clients = holdings(rows).clients
        name = f"{prefix}attestation-{entity}-{unit.code}"
        write_private(folder / f"{name}.txt", attested.statement.canonical())
        write_private(folder / f"{name}.tlog-proof", receipt_of(house, attested.entry))
        totals.append(
            {
                "entity": str(entity),
                "currency": unit.code,
                "decimals": unit.exponent,
                "owners": len(clients),
                "requirement": format_minor(position(unit, clients, {}).requirement, unit.exponent),
                "attestation": f"{name}.txt",
                "receipt": f"{name}.tlog-proof",
            }
        )
    return totals
