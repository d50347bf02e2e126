"""Thieves with an agreement: money out of nothing, and money into nothing, by a program that two persons approved."""

from pathlib import Path

import pytest
from tests.custody.orders.conftest import platform
from tests.custody.orders.kit import BANK, CHART, DAY, A, B, Platform

from jinku.custody.agreements.accounts import ChartNames
from jinku.custody.agreements.errors import AccountNameRefused
from jinku.custody.agreements.model import RunRequest
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore

__all__ = ["platform"]


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
