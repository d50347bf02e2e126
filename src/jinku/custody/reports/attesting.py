"""What is owed, attested, and the books as they are now: tied to each other through every movement in between.

Rules:

1. For each legal entity and currency that has books, the day's attestation is made, or taken where it is made
   already: a day has one, so that nobody can be shown another total.
2. The books are read as they are at the journal's last entry. What was attested and what was booked since must come to
   what the owners have now; where they do not, nothing is reported (NotTied).

Example::

    found = attest_all(house)
    found.standing.accounts, found.attested[1, "CNY"].statement.liabilities
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor
from jinku.base.errors import JinkuError
from jinku.custody.closing.position import position
from jinku.custody.proof.desk import AttestationDesk, Attested
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.journal import Standing, exact_sum, movements, places_of, posted, standing
from jinku.custody.reports.sealed import receipt_of, write_private
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.model import Structure
from jinku.custody.structure.standing import books
from jinku.ledger.layout import Array, u128


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
    changed: Mapping[tuple[int, str], int]
    """What was booked since the attestation, minor units: owed now = attested + this."""
    structures: Mapping[int, Structure]
    """By legal entity."""

    def books(self) -> list[tuple[int, Currency, Array]]:
        """Each legal entity's accounts in each currency."""
        return books(self.standing.accounts, self.structures)


def attest_all(house: OpenHouse, structures: Mapping[int, Structure]) -> AttestedBooks:
    """Attest every legal entity and currency for today where that is not done, and read the books as they are now.

    Raises NotTied.
    """
    desk = AttestationDesk(house.directory, house.ledger, house.publisher, structures=structures)
    pairs = [(entity, unit.code) for entity, unit, _ in books(house.ledger.accounts_array(), structures)]
    attested = {pair: desk.attest(*pair) for pair in pairs}
    found = AttestedBooks(standing(house.ledger, house.ledger.size()), attested, {}, structures)
    then: dict[int, Standing] = {}
    changed = {}
    for pair, one in attested.items():
        size = one.statement.ledger_size
        if size not in then:
            then[size] = standing(house.ledger, size)
        changed[pair] = _tied(house, found, then[size], pair)
    return replace(found, changed=changed)


def _tied(house: OpenHouse, found: AttestedBooks, then: Standing, pair: tuple[int, str]) -> int:
    """What movements since the attestation added to what a pair's clients are owed.

    Raises NotTied unless the books of then are what was attested, and those of now are these and the movements since.
    """
    stated = found.attested[pair].statement
    before, now = _clients(then, pair, found.structures), _clients(found.standing, pair, found.structures)
    owed = sum(max(balance, 0) for balance in before.values())
    moved = 0
    if then.size < found.standing.size:
        accounts = found.standing.accounts
        since = posted(movements(house.ledger, found.standing.size, then.size))["event"]
        numbers = u128(accounts, "id")
        client = np.array([number in now for number in numbers], np.bool_)
        for name, sign in (("credit_account_id", 1), ("debit_account_id", -1)):
            places = places_of(accounts, since, name)
            moved += sign * exact_sum(since[(places >= 0) & client[places]])
    if owed != stated.liabilities or sum(now.values()) != sum(before.values()) + moved:
        raise NotTied(
            f"entity {pair[0]} owes {sum(now.values())} {pair[1]} by its accounts; "
            f"{stated.liabilities} were attested at entry "
            f"{then.size} and {moved} were booked since",
            remedy="check the ledger (jinku ledger check) and make it again",
        )
    return moved


def _clients(then: Standing, pair: tuple[int, str], structures: Mapping[int, Structure]) -> Mapping[int, int]:
    for entity, unit, rows in books(then.accounts, structures):
        if (entity, unit.code) == pair:
            return holdings(rows, structures.get(entity)).clients
    return {}


def write_attestations(
    folder: Path, prefix: str, found: AttestedBooks, house: OpenHouse
) -> list[dict[str, Any]]:
    """Write each attestation and its receipt into `folder` under names that begin with `prefix`; the totals, one for
    each legal entity and currency, as a manifest has them."""
    totals = []
    for entity, unit, rows in found.books():
        attested = found.attested[entity, unit.code]
        clients = holdings(rows, found.structures.get(entity)).clients
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
                "attested": format_minor(attested.statement.liabilities, unit.exponent),
                "changed": format_minor(found.changed[entity, unit.code], unit.exponent),
                "attestation": f"{name}.txt",
                "receipt": f"{name}.tlog-proof",
            }
        )
    return totals
