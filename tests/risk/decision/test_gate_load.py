"""The gate under load and with parts that fail: nobody waits for ever, nobody is late because of others."""

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.risk.decision.kit import POLICY, SHANGHAI, Plain, office_over, opened_ledger

from jinku.base.database import Database
from jinku.bootstrap.deciding import Gate, Undecided
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array, set_u128
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.ledger.service import Ledger
from jinku.risk.decision.errors import JournalAltered
from jinku.risk.decision.model import Stage
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.record import decode
from jinku.risk.decision.transfers import Nobody, Scene
from jinku.risk.decision.waiting import WaitingBook

CREATED = int(CreateTransferStatus.CREATED)


def rows_of(ids: list[int], amount: int = 100) -> Array:
    rows = np.zeros(len(ids), TRANSFER)
    set_u128(rows, "id", ids)
    rows["debit_account_id_lo"], rows["credit_account_id_lo"] = 1, 2
    rows["amount_lo"], rows["ledger"], rows["code"] = amount, 156, 1
    return rows


def accounts(ledger: Ledger) -> None:
    rows = np.zeros(2, ACCOUNT)
    rows["id_lo"], rows["ledger"], rows["code"] = [1, 2], 156, 1
    ledger.create_accounts_array(rows)


def test_a_batch_that_fails_before_it_is_kept_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K1: what fails on the way is told to its sender, and the next is decided, kept and posted."""
    with opened_ledger(tmp_path) as ledger, Database.open(tmp_path / "control.db") as control:
        accounts(ledger)
        with (
            office_over(tmp_path, ledger, Plain()) as office,
            Gate(
                ledger, office, WaitingBook(control), Scene(SHANGHAI, Nobody()), mark=tmp_path / "m"
            ) as gate,
        ):

            def broken(*_: object) -> None:
                raise JournalAltered("record 0")

            mixed = rows_of([10, 11])
            mixed["flags"][1], mixed["pending_id_lo"][1] = TransferFlags.VOID_PENDING_TRANSFER, 9
            with monkeypatch.context() as patch:
                patch.setattr(office, "actions", broken)
                with pytest.raises(Undecided):
                    gate.create_transfers_array(mixed)
            assert gate.create_transfers_array(rows_of([12]))["status"].tolist() == [CREATED]
            with office.between_batches(1):
                assert office.waited_out == 0


def test_a_flood_costs_time_and_not_the_decision(tmp_path: Path) -> None:
    """K1: while one sender keeps the desk busy beyond the deadline, another's movement is decided all the same."""
    busy = threading.Event()

    class Slow(Plain):
        def rules(self, frame, batch):  # type: ignore[no-untyped-def]
            if len(batch) > 100:
                busy.set()
                threading.Event().wait(0.0003 * len(batch))
            return super().rules(frame, batch)

    with opened_ledger(tmp_path) as ledger, Database.open(tmp_path / "control.db") as control:
        accounts(ledger)
        with (
            office_over(tmp_path, ledger, Slow()) as office,
            Gate(
                ledger, office, WaitingBook(control), Scene(SHANGHAI, Nobody()), mark=tmp_path / "m"
            ) as gate,
        ):
            office.desk.policy = Policy.from_bytes(
                POLICY.raw.replace(b"deadline_ms = 1000", b"deadline_ms = 500")
            )
            flood = [gate.begin(rows_of(list(range(first, first + 4_000)))) for first in (10_000, 20_000)]
            busy.wait(20)
            mine = gate.begin(rows_of([7], 60_000))
            for request in flood:
                gate.wait(request)
            gate.wait(mine)
            found = [decode(office.journal.read(number)) for number in range(office.journal.size)]
            assert (found[0].decided.outcomes["stage"] == Stage.LATE).any()
            last = found[-1]
            assert last.asked.events.column("id").to_list() == [7], "it is not joined with what takes long"
            assert last.decided.outcomes["stage"].tolist() == [Stage.DECIDED]
