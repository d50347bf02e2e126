"""The close of a day and the breaks desk together: handed over, written off, and gone the day after, re-performed."""

from datetime import date
from pathlib import Path

from tests.custody.closing.scene import BOOKS, FIRST, Bank, scene_in

from jinku.base.calendar import calendar_named
from jinku.base.database import Database
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.desk import BreakDesk, BreakParts
from jinku.custody.breaks.model import State
from jinku.custody.breaks.table import Cause
from jinku.custody.closing.desk import CloseDesk, DeskParts
from jinku.custody.closing.three_sides import reconcile_day
from jinku.custody.statements.model import Direction

FRIDAY, MONDAY = date(2026, 11, 20), date(2026, 11, 23)


def test_a_close_hands_its_breaks_over_and_a_write_off_leaves_the_next_one_clean(tmp_path: Path) -> None:
    """R10, R7: found on Thursday, written off on Friday by two persons, not found on Friday nor on Monday."""
    with Database.open(tmp_path / "control.db") as database, scene_in(tmp_path, database) as scene:
        breaks = BreakDesk(
            BreakParts(
                database,
                scene.ledger,
                scene.clock,
                calendar_of=lambda _: calendar_named("UK"),
                chart_of=lambda _entity, _currency: scene.chart,
            )
        )
        parts = DeskParts(
            database,
            scene.book,
            scene.ledger,
            scene.vault,
            reconcile_day,
            breaks,
            scene.clock,
            breaks.settled,
        )
        scene.desk, bank = CloseDesk(parts), Bank()
        bank.line(scene.deposit(FIRST, 50_000), 50_000, Direction.CREDIT, FIRST)
        bank.line(990, 1_200, Direction.CREDIT, FIRST)  # nobody knows whose it is
        scene.close(bank, FIRST)
        [case] = breaks.cases(living=True)
        assert (case.kind, case.effect, case.first_seen) == ("unknown_at_bank", 1_200, FIRST)

        scene.clock.to("2026-11-20T10:00:00Z")
        breaks.assign(case.id, "clerk-1", by="lead")
        breaks.propose_write_off(
            case.id, "clerk-1", Against.SUSPENSE, FRIDAY, cause=Cause.UNKNOWN_PAYER, text="payer unknown"
        )
        assert breaks.approve(case.id, "lead", FRIDAY).state is State.WRITTEN_OFF
        bank.line(scene.deposit(FRIDAY, 70), 70, Direction.CREDIT, FRIDAY)
        scene.close(bank, FRIDAY)
        assert breaks.cases(living=True) == []
        assert breaks.case(case.id).state is State.WRITTEN_OFF
        scene.close(bank, MONDAY)
        assert breaks.cases(living=True) == []
        assert scene.desk.reperform(BOOKS, FRIDAY).equal
        assert breaks.seals.audit() == len(breaks.history(case.id))
