"""A thief at the gate: money that was to wait, moved by retries, pieces of chains, and posts of one's own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.risk.decision import test_gate as gate
from tests.risk.decision.kit import SHANGHAI, Plain, asked, office_over, opened_ledger

from jinku.base.database import Database
from jinku.bootstrap.deciding import Gate
from jinku.bootstrap.deciding_acts import WaitingActs
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.ledger.errors import LedgerBusy
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array, set_u128
from jinku.ledger.model import AccountFlags
from jinku.ledger.model import CreateTransferStatus as Ledger_
from jinku.ledger.model import TransferFlags as Flags
from jinku.risk.decision.transfers import Nobody, Scene
from jinku.risk.decision.waiting import WaitingBook, WaitState

RISK = DecidedStatus
CREATED, EXISTS, LINKED_FAILED = int(Ledger_.CREATED), int(Ledger_.EXISTS), int(Ledger_.LINKED_EVENT_FAILED)
LINKED = int(Flags.LINKED)
BANK, THIEF, MULE = 1, 2, 3


class Room(gate.Room):
    @property
    def stolen(self) -> int:
        [found] = self.ledger.lookup_accounts([MULE])
        return found.credits_posted


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """The thief has 10,000 from before; it cannot be overdrawn."""
    with opened_ledger(tmp_path) as ledger, Database.open(tmp_path / "control.db") as control:
        accounts = np.zeros(3, ACCOUNT)
        accounts["id_lo"], accounts["ledger"], accounts["code"] = [BANK, THIEF, MULE], 156, 1
        accounts["flags"][1] = int(AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
        ledger.create_accounts_array(accounts)
        ledger.create_transfers_array(moves((1, 10_000), payer=BANK, payee=THIEF))
        with office_over(tmp_path, ledger, Plain()) as office:
            book = WaitingBook(control)
            with Gate(ledger, office, book, Scene(SHANGHAI, Nobody()), mark=tmp_path / "mark") as gate:
                acts = WaitingActs(ledger, office, book, gate.mark, lambda: 7 * 10**18)
                yield Room(ledger, office, gate, acts)


def moves(
    *many: tuple[int, int], payer: int = THIEF, payee: int = MULE, flags: tuple[int, ...] = ()
) -> Array:
    """Transfers (id, amount)."""
    rows = np.zeros(len(many), TRANSFER)
    set_u128(rows, "id", [one for one, _ in many])
    rows["debit_account_id_lo"], rows["credit_account_id_lo"] = payer, payee
    rows["amount_lo"] = [amount for _, amount in many]
    rows["ledger"], rows["code"] = 156, 1
    rows["flags"][: len(flags)] = flags
    return rows


def post(number: int, pending: int, amount: int) -> Array:
    """The giver posts what is pending."""
    rows = np.zeros(1, TRANSFER)
    rows["id_lo"], rows["pending_id_lo"], rows["amount_lo"] = number, pending, amount
    rows["flags"] = int(Flags.POST_PENDING_TRANSFER)
    return rows


def test_a_held_transfer_whose_chain_failed_waits_when_it_is_sent_alone(room: Room) -> None:
    """K1: held with a chain that the ledger refused, then sent alone: it is reserved, so it waits for two persons."""
    chain = moves((10, 100_000), (11, 6_000), flags=(LINKED,))
    chain["debit_account_id_lo"][0] = (
        99  # there is no such account: the chain fails, the id of its second stays free
    )
    chain["amount_lo"][0] = 100
    assert room.send(chain) == [int(Ledger_.DEBIT_ACCOUNT_NOT_FOUND), LINKED_FAILED]
    assert room.send(chain[1:].copy()) == [RISK.RISK_HELD]
    assert room.send(post(12, 11, 6_000)) == [RISK.RISK_PENDING_WAITS]
    assert room.stolen == 0
    assert room.gate.waiting.among([11])[11].head == 11
    room.acts.release(11, by="anna", note="x")
    assert room.acts.release(11, by="ben", note="x") is WaitState.RELEASED
    assert room.stolen == 6_000


def test_a_held_transfer_that_the_ledger_was_too_busy_for_waits_when_it_is_sent_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K1: decided, then not sent since the ledger was busy; the retry reserves it, and its giver cannot post it."""

    def busy(request: object) -> None:
        raise LedgerBusy("1 requests are waiting already", remedy="send it again")

    with monkeypatch.context() as patch:
        patch.setattr(room.ledger, "submit", busy)
        with pytest.raises(LedgerBusy):
            room.send(moves((10, 6_000)))
    assert room.send(moves((10, 6_000))) == [RISK.RISK_HELD]
    assert room.send(post(12, 10, 6_000)) == [RISK.RISK_PENDING_WAITS]
    assert room.stolen == 0


def test_what_was_denied_with_its_chain_is_denied_alone(room: Room) -> None:
    """K2: the decision of an id is one for ever: what fell with a denied chain does not post when it is sent alone."""
    chain = moves((10, 60_000), (11, 100), flags=(LINKED,))
    assert room.send(chain) == [RISK.RISK_DENIED, LINKED_FAILED]
    assert room.send(chain[1:].copy()) == [RISK.RISK_DENIED]
    assert room.send(chain) == [RISK.RISK_DENIED, LINKED_FAILED]
    assert room.stolen == 0


def test_a_held_order_is_not_posted_around_its_desk(room: Room) -> None:
    """K1: what waits by another door (an order held by the corridor is pending too) is not posted through the gate."""
    answer = room.office.decide(asked([20], [6_000]))
    assert answer.outcomes["action"].tolist() == [2]
    reserved = moves((20, 6_000), flags=(int(Flags.PENDING),))
    assert room.ledger.create_transfers_array(reserved)["status"].tolist() == [
        CREATED
    ]  # as the corridor does
    assert room.send(post(21, 20, 6_000)) == [RISK.RISK_PENDING_WAITS]
    assert room.stolen == 0


def test_a_row_edited_in_the_control_data_lets_nobody_post(room: Room) -> None:
    """K1: with the disk in hand, a thief takes the waiting row away: the sealed decision still stops the post."""
    assert room.send(moves((10, 6_000))) == [RISK.RISK_HELD]
    room.gate.waiting._open.clear()  # as after a start over altered control data
    assert room.send(post(11, 10, 6_000)) == [RISK.RISK_PENDING_WAITS]
    assert room.stolen == 0


def test_one_person_cannot_write_the_proposal_into_the_control_data(room: Room) -> None:
    """K1: a proposal in the control data that the sealed journal has not is none: one person alone stays one."""
    assert room.send(moves((10, 6_000))) == [RISK.RISK_HELD]
    room.gate.waiting.propose(10, "release", "anna")  # as with a pen in the database
    assert room.acts.release(10, by="ben", note="x") is WaitState.HELD
    assert room.stolen == 0
    assert room.acts.release(10, by="carl", note="x") is WaitState.RELEASED
    assert room.stolen == 6_000
