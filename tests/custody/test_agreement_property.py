"""Whatever a program is, the ledger holds afterwards what the run said, and nothing when it failed."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from tests.custody.numscript.test_invariants import NAMES, programs

from jinku.custody.agreements.accounts import DerivedNames
from jinku.custody.agreements.model import RunRequest, RunStatus
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.numscript import Inputs
from jinku.custody.numscript.errors import MissingFunds
from jinku.custody.numscript.features import Feature
from jinku.custody.orders.model import new_order_id
from jinku.ledger import Ledger
from jinku.ledger.opening import open_journal

BOOKS = DerivedNames(entity=1, currency=156)
ACCOUNTS = ["world", *(name[1:] for name in NAMES)]


class Office:
    """An office on a ledger whose accounts may all be overdrawn: the program alone sets the bounds."""

    def __init__(self, ledger: Ledger, store: AgreementStore) -> None:
        self.ledger = ledger
        self.office = AgreementOffice(ledger, store, BOOKS)
        self.serial = 0

    def balances(self) -> Counter[str]:
        ids = [BOOKS.account(name) for name in ACCOUNTS]
        found = {one.id: one.credits_posted - one.debits_posted for one in self.ledger.lookup_accounts(ids)}
        return Counter({name: found[number] for name, number in zip(ACCOUNTS, ids, strict=True)})


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory: Path = tmp_path_factory.mktemp("office")
    with (
        open_journal(directory / "ledger") as ledger,
        AgreementStore(directory / "agreements.sqlite") as store,
    ):
        ledger.create_accounts_array(BOOKS.rows(ACCOUNTS, overdraft=frozenset(ACCOUNTS)))
        yield Office(ledger, store)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs())
def test_the_ledger_holds_what_the_run_said(office: Office, program: tuple[str, list[int], Inputs]) -> None:
    text = f'#![feature("{Feature.ONEOF.value}")] ' + program[0]
    office.serial += 1
    version = office.office.propose("any", text, author="a").version
    office.office.approve("any", version, approver="b")
    request = RunRequest(
        id=new_order_id(1_795_000_000_000, office.serial),
        day=date(2026, 11, 20),
        agreement="any",
        version=version,
    )
    before, size = office.balances(), office.ledger.size()
    try:
        run = office.office.execute(request)
    except MissingFunds:
        assert (office.balances(), office.ledger.size()) == (before, size)
        return
    assert run.status is RunStatus.BOOKED
    said = before.copy()
    for posting in run.plan.document["postings"]:
        said[posting["source"]] -= int(posting["amount"])
        said[posting["destination"]] += int(posting["amount"])
    assert office.balances() == said
    assert office.ledger.size() == size + len(run.plan.bookings)
    assert office.office.execute(request) == run
    assert office.ledger.size() == size + len(run.plan.bookings)
