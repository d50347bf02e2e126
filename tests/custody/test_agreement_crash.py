"""Killed in the middle of running agreements, again and again: every run is booked once, none is lost."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from jinku.custody.agreements.accounts import ChartNames
from jinku.custody.agreements.model import RunRequest, RunStatus
from jinku.custody.agreements.office import AgreementOffice
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Movement, Role
from jinku.ledger import Ledger
from jinku.ledger.layout import EntryKind
from jinku.ledger.opening import open_journal

CHART = Chart(1, 156)
DAY = date(2026, 11, 20)
RUNS, KILLS = 400, 3
PROGRAM = """
send [CNY/2 3] (
  source = @borrower:2
  destination = { 1/3 to @fee_income remaining to @investor:1 }
)
"""


def wish(serial: int) -> RunRequest:
    return RunRequest(id=new_order_id(1_795_000_000_000, serial), day=DAY, agreement="drip")


def run_from(directory: Path, first: int) -> None:
    """What the victim does: bring left runs to their end, then go on, and say how far it is."""
    with (
        open_journal(directory / "ledger") as ledger,
        AgreementStore(directory / "agreements.sqlite") as store,
    ):
        office = AgreementOffice(ledger, store, ChartNames(CHART))
        office.recover()
        for serial in range(first, RUNS + 1):
            office.execute(wish(serial))
            sys.stdout.write(f"{serial}\n")
            sys.stdout.flush()


def prepare(directory: Path) -> None:
    with (
        open_journal(directory / "ledger") as ledger,
        AgreementStore(directory / "agreements.sqlite") as store,
    ):
        desk = OrderDesk(ledger, CHART)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 0), Opening(2, Role.BORROWER, 0)])
        borrower = CHART.account(Kind.BORROWER, 2)
        desk.submit([Deposit(id=new_order_id(1, 1), day=DAY, reference=1, account=borrower, amount=10_000)])
        office = AgreementOffice(ledger, store, ChartNames(CHART))
        office.propose("drip", PROGRAM, author="clerk-1")
        office.approve("drip", 1, approver="clerk-2")


def killed_after(directory: Path, first: int, runs: int, delay_s: float) -> int:
    """Start a victim at run `first`, let it do about `runs`, kill it; the last run it answered."""
    command = [sys.executable, __file__, str(directory), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        answered = [int(victim.stdout.readline()) for _ in range(runs)]
        time.sleep(delay_s)
        os.kill(victim.pid, signal.SIGKILL)
        answered += [int(line) for line in victim.stdout if line.endswith("\n")]
    return answered[-1]


def booked(ledger: Ledger) -> int:
    entries = ledger.entries(0, ledger.size())
    transfers = entries["event"][entries["kind"] == EntryKind.TRANSFER]
    return int(np.count_nonzero(transfers["code"] == Movement.AGREEMENT))


@pytest.mark.slow
def test_every_run_is_booked_once_however_often_it_is_killed(tmp_path: Path) -> None:
    prepare(tmp_path)
    done = 0
    for kill in range(KILLS):
        done = killed_after(tmp_path, done + 1, 20, 0.003 * kill)
    with (
        open_journal(tmp_path / "ledger") as ledger,
        AgreementStore(tmp_path / "agreements.sqlite") as store,
    ):
        office = AgreementOffice(ledger, store, ChartNames(CHART))
        left = office.recover()
        assert len(left) <= 1
        assert {run.status for run in left} <= {RunStatus.BOOKED}
        assert booked(ledger) in (2 * done, 2 * (done + 1))
        last = done + 20
        assert {office.execute(wish(serial)).status for serial in range(1, last + 1)} == {RunStatus.BOOKED}
        assert booked(ledger) == 2 * last
        [borrower] = ledger.lookup_accounts([CHART.account(Kind.BORROWER, 2)])
        assert borrower.debits_posted == 3 * last


if __name__ == "__main__":
    run_from(Path(sys.argv[1]), int(sys.argv[2]))
