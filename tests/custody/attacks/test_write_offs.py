"""Thieves at the breaks desk: a client's money to own income, and a loss out of money whose owner is not known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.custody.breaks.parts import CHART, DAY, FEES, MIRROR, SUSPENSE, a_break, desk_on, house

from jinku.base.database import Database
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.desk import BreakDesk
from jinku.custody.breaks.errors import BadBreak
from jinku.custody.breaks.table import Cause
from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.structure.table import Kind
from jinku.ledger.service import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with house(tmp_path / "ledger") as opened:
        yield opened


@pytest.fixture
def desk(ledger: Ledger, tmp_path: Path) -> Iterator[BreakDesk]:
    with Database.open(tmp_path / "control.db") as database:
        yield desk_on(database, ledger)


def balance(ledger: Ledger, account: int) -> int:
    [found] = ledger.lookup_accounts([account])
    return found.credits_posted - found.debits_posted


def tried(desk: BreakDesk, effect: int, kind: BreakClass, against: Against) -> None:
    found = a_break(f"{kind}{effect}{against}", effect, kind=kind)
    desk.take_up(DAY, [found])
    desk.assign(found.break_id, "clerk", by="lead")
    desk.propose_write_off(found.break_id, "clerk", against, DAY, cause=Cause.OUR_ERROR, text="written off")
    desk.approve(found.break_id, "lead", DAY)


@pytest.mark.parametrize("against", [Against.FEE_INCOME, Against.RISK_RESERVE])
def test_what_a_stranger_paid_in_never_becomes_own_money(
    desk: BreakDesk, ledger: Ledger, against: Against
) -> None:
    """R10, R12: two colleagues cannot write a receipt off into fees; it waits in suspense for its owner."""
    with pytest.raises(BadBreak, match="a client's until its owner is known"):
        tried(desk, 1_000, BreakClass.UNKNOWN_AT_BANK, against)
    tried(desk, 1_000, BreakClass.UNKNOWN_AT_BANK, Against.SUSPENSE)
    assert (balance(ledger, SUSPENSE), balance(ledger, FEES)) == (1_000, 10_000)


def test_a_loss_is_not_borne_by_money_whose_owner_is_unknown(desk: BreakDesk, ledger: Ledger) -> None:
    """R10: suspense is clients' money; only what the bank itself took back leaves it."""
    tried(desk, 1_000, BreakClass.UNKNOWN_AT_BANK, Against.SUSPENSE)
    before = balance(ledger, MIRROR)
    for kind in (BreakClass.UNKNOWN_AT_BANK, BreakClass.MISSING_AT_BANK, BreakClass.AMOUNT_DIFFERS):
        with pytest.raises(BadBreak, match="clients' money"):
            tried(desk, -600, kind, Against.SUSPENSE)
    tried(desk, -400, BreakClass.REVERSED, Against.SUSPENSE)
    tried(desk, -600, BreakClass.AMOUNT_DIFFERS, Against.FEE_INCOME)
    assert (balance(ledger, SUSPENSE), balance(ledger, FEES)) == (600, 9_400)
    assert balance(ledger, MIRROR) == before + 1_000
    assert balance(ledger, CHART.account(Kind.RISK_RESERVE)) == 0
