"""Reconciling a bank's file with the ledger of a data directory, and the position, for `jinku recon`.

Rules:

1. A file is taken into the directory's register before it is reconciled, and once; the HTTP API has the same register
   and the same reconciliations.
2. Nothing is taken in of a file that cannot be read or that contradicts one taken in before.
"""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.api.wire.custody import position_out, reconciliation_out
from jinku.bootstrap import House
from jinku.bootstrap.custody import Custody
from jinku.custody.closing.position import Outcome, Position
from jinku.custody.closing.position_report import positions_csv, positions_markdown
from jinku.custody.closing.standing import positions_now
from jinku.custody.reconciliation.model import Reconciliation
from jinku.custody.reconciliation.report import (
    breaks_csv,
    matches_csv,
    reconciliation_markdown,
)
from jinku.custody.reconciliation.statement_desk import StatementDesk
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind


@dataclass(frozen=True, slots=True)
class Against:
    """What a statement is reconciled with: the account `account`, or where that is 0 the mirror of the client pool
    in the books of the legal entity `entity`."""

    entity: int
    account: int
    place: int
    """Which statement of the file, from 0."""


def reconcile_file(house: House, file: Path, against: Against) -> tuple[dict[str, Any], Reconciliation]:
    """Take `file` in where it is new, reconcile it, keep the result; as JSON values and as it is.

    Raises InputError, DuplicateFile, ClosedDayChanged, and NotFound for a statement or account that is not there.
    """
    with Custody(house) as custody:
        desk = StatementDesk(house.directory, time.time_ns, custody.closing.screen_taken_in)
        digest = _taken_in(desk, file)
    account = against.account
    if not account:
        statements = desk.statements(digest)
        unit = statements[min(against.place, len(statements) - 1)].currency
        account = Chart(against.entity, unit.number).account(Kind.BANK_MIRROR)
    found = desk.reconcile(house.ledger, digest, against.place, account)
    document = reconciliation_out(found)
    desk.keep(found.number, document)
    return document, found.result


def positions_of(house: House, file: Path | None, entity: int = 0) -> tuple[dict[str, Any], list[Position]]:
    """The position of each entity and currency; the resource is what `file` closes with, or what our books say."""
    with Custody(house) as custody:
        desk = StatementDesk(house.directory, time.time_ns, custody.closing.screen_taken_in)
        statements = desk.statements(_taken_in(desk, file)) if file else None
    found = positions_now(house.ledger, statements, entity)
    document = {"positions": [position_out(entity, one) for entity, one in found]}
    return document, [one for _, one in found]


def short(positions: list[Position]) -> bool:
    """Whether money is missing in any of `positions`."""
    return any(one.outcome is Outcome.SHORTFALL for one in positions)


def write_reconciliation(directory: Path, result: Reconciliation) -> None:
    """Write ``report.md``, ``breaks.csv`` and ``matches.csv``."""
    _write(
        directory,
        {
            "report.md": reconciliation_markdown(result),
            "breaks.csv": breaks_csv(result),
            "matches.csv": matches_csv(result),
        },
    )


def write_positions(directory: Path, positions: list[Position]) -> None:
    """Write ``position.md`` and ``position.csv``."""
    _write(
        directory, {"position.md": positions_markdown(positions), "position.csv": positions_csv(positions)}
    )


def _write(directory: Path, texts: dict[str, str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")


def _taken_in(desk: StatementDesk, file: Path) -> str:
    """The SHA-256 of `file`, which is in the register afterwards."""
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if all(known.sha256 != digest for known in desk.files()):
        desk.accept(data, file.name)
    return digest
