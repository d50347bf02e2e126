"""Thieves with an agreement: money out of nothing, and money into nothing, by a program that two persons approved."""

from pathlib import Path

import pytest
from tests.custody.orders.conftest import platform
from tests.custody.orders.kit import BANK, CHART, DAY, A, B, Platform
from tests.custody.orders.test_business_days import FRIDAY, MONDAY, House, house

from jinku.custody.agreements.accounts import ChartNames
from jinku.custody.agreements.errors import AccountNameRefused, NotBookable
from jinku.custody.agreements.model import RunRequest, RunStatus
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore

__all__ = ["house", "platform"]


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("@bank_mirror allowing unbounded overdraft", "@investor:2"),
        ("@in_transit allowing unbounded overdraft", "@investor:2"),
        ("@own_bank_mirror allowing unbounded overdraft", "@investor:2"),
        ("@world", "@investor:2"),
        ("@investor:1", "@bank_mirror"),
        ("@investor:1", "@in_transit"),
        ("@investor:1", "@platform_own"),
    ],
)
def test_no_agreement_makes_or_unmakes_money(
    platform: Platform, tmp_path: Path, source: str, destination: str
) -> None:
    """R3, R5: money enters and leaves the pool by the bank's word alone."""
    platform.fund(A, 100)
    with AgreementStore(tmp_path / "agreements.sqlite") as store:
        office = AgreementOffice(platform.ledger, store, ChartNames(CHART), clock=platform.clock)
        program = f"send [CNY/2 50] (\n  source = {source}\n  destination = {destination}\n)"
        office.propose("gift", program, author="thief-1")
        office.approve("gift", 1, "thief-2")
        request = RunRequest(id=platform.new(), day=DAY, agreement="gift", version=1, variables={})
        with pytest.raises(AccountNameRefused):
            office.execute(request)
    assert (platform.balance(A), platform.balance(B), platform.balance(BANK)) == (100, 0, -100)


def test_no_agreement_books_into_a_closed_day(house: House) -> None:
    """R6: what was closed and attested is changed by no run that dates itself back."""
    house.deposit(100, FRIDAY)
    house.clock.turn(3 * 86_400)
    house.close(FRIDAY)
    office = house.custody.agreements(1, 156)
    office.propose(
        "fee", "send [CNY/2 5] (\n  source = @investor:1\n  destination = @fee_income\n)", author="a"
    )
    office.approve("fee", 1, "b")
    request = RunRequest(id=1 << 80, day=FRIDAY, agreement="fee", version=1, variables={})
    with pytest.raises(NotBookable, match="is closed"):
        office.execute(request)
    assert office.recover() == []
    again = RunRequest(id=2 << 80, day=MONDAY, agreement="fee", version=1, variables={})
    assert office.execute(again).status is RunStatus.BOOKED
