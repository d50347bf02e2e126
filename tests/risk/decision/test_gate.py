"""The gate: decided and sealed before it posts; held, released, refused, denied, retried, chained."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.risk.decision.kit import SHANGHAI, Plain, office_over, opened_ledger

from jinku.base.database import Database
from jinku.base.errors import InputError
from jinku.bootstrap.deciding import Gate
from jinku.bootstrap.deciding_acts import WaitingActs
from jinku.bootstrap.deciding_status import DECIDED_TEXT, DecidedStatus
from jinku.ledger.layout import ACCOUNT, SEAL, TRANSFER, Array, EntryKind, set_u128
from jinku.ledger.model import CreateTransferStatus as Ledger_
from jinku.ledger.model import TransferFlags as Flags
from jinku.ledger.service import Ledger
from jinku.risk.decision.errors import DecisionUnknown, NotWaiting, SameApprover
from jinku.risk.decision.office import DecisionOffice
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.decision.transfers import Nobody, Scene
from jinku.risk.decision.waiting import WaitingBook, WaitState

RISK = DecidedStatus
CREATED, EXISTS, LINKED = int(Ledger_.CREATED), int(Ledger_.EXISTS), int(Ledger_.LINKED_EVENT_FAILED)


@dataclass
class Room:
    ledger: Ledger
    office: DecisionOffice
    gate: Gate
    acts: WaitingActs

    def send(self, rows: Array) -> list[int]:
        return [int(one) for one in self.gate.create_transfers_array(rows)["status"]]

    def balance(self, account: int) -> tuple[int, int]:
        """Credits posted and pending."""
        [found] = self.ledger.lookup_accounts([account])
        return found.credits_posted, found.credits_pending


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened_ledger(tmp_path) as ledger, Database.open(tmp_path / "control.db") as control:
        accounts = np.zeros(4, ACCOUNT)
        accounts["id_lo"], accounts["ledger"], accounts["code"] = np.arange(1, 5), 156, 1
        ledger.create_accounts_array(accounts)
        with office_over(tmp_path, ledger, Plain()) as office:
            book = WaitingBook(control)
            with Gate(ledger, office, book, Scene(SHANGHAI, Nobody()), mark=tmp_path / "mark") as gate:
                yield Room(
                    ledger, office, gate, WaitingActs(ledger, office, book, gate.mark, lambda: 7 * 10**18)
                )


def rows_of(*many: tuple[int, int], flags: dict[int, int] | None = None) -> Array:
    """Transfers (id, amount) from account 1 to 2; flags by id."""
    rows = np.zeros(len(many), TRANSFER)
    set_u128(rows, "id", [one for one, _ in many])
    rows["debit_account_id_lo"], rows["credit_account_id_lo"] = 1, 2
    rows["amount_lo"] = [amount for _, amount in many]
    rows["ledger"], rows["code"] = 156, 1
    rows["flags"] = [(flags or {}).get(one, 0) for one, _ in many]
    return rows


def test_decided_and_sealed_before_it_posts(room: Room) -> None:
    """K1: allowed posts, held and challenged are reserved, denied never reaches the ledger; the seal stands before."""
    assert room.send(rows_of((10, 100), (11, 6_000), (12, 199), (13, 60_000))) == [
        CREATED,
        RISK.RISK_HELD,
        RISK.RISK_CHALLENGED,
        RISK.RISK_DENIED,
    ]
    assert room.balance(2) == (100, 6_199)
    assert [one.id for one in room.ledger.lookup_transfers([10, 11, 12, 13])] == [10, 11, 12]
    entries = room.ledger.entries(0, room.ledger.size())
    kinds = entries["kind"].tolist()
    seal, first = kinds.index(EntryKind.SEAL), kinds.index(EntryKind.TRANSFER)
    assert seal < first
    digest = np.ascontiguousarray(entries["event"][seal : seal + 1]).view(SEAL)["digest"][0].tobytes()
    assert digest == room.office.journal.place(0)["digest"].tobytes()


def test_the_same_again_is_answered_as_it_stands_and_changed_is_refused(room: Room) -> None:
    """K2: exactly one decision per transfer id; a changed request under it is refused by name and nothing is sent."""
    batch = rows_of((10, 100), (11, 6_000), (13, 60_000))
    room.send(batch)
    again = [EXISTS, RISK.RISK_HELD, RISK.RISK_DENIED]
    assert room.send(batch) == again
    assert room.send(batch[::-1].copy()) == again[::-1]
    assert room.send(rows_of((10, 101), (11, 100), (13, 1))) == [RISK.RISK_ID_DECIDED_OTHERWISE] * 3
    assert room.balance(2) == (100, 6_000)
    assert sum(int(room.office.journal.place(n)["rows"]) for n in range(room.office.journal.size)) == 3


def test_a_release_needs_two_and_posts_once(room: Room) -> None:
    """K1: what is held posts when two persons have said so; every act is journalled and sealed."""
    room.send(rows_of((11, 6_000)))
    assert room.acts.release(11, by="anna", note="known customer") is WaitState.HELD
    assert room.balance(2) == (0, 6_000)
    with pytest.raises(SameApprover):
        room.acts.release(11, by="ANNA", note="again")
    assert room.acts.release(11, by="ben", note="agreed") is WaitState.RELEASED
    assert room.balance(2) == (6_000, 0)
    with pytest.raises(NotWaiting, match="released"):
        room.acts.refuse(11, by="carl", note="too late")
    assert room.send(rows_of((11, 6_000))) == [EXISTS]
    journal = room.office.journal
    assert [int(journal.place(n)["kind"]) for n in range(journal.size)] == [
        RecordKind.DECISIONS,
        RecordKind.ACT,
        RecordKind.ACT,
    ]
    assert b'"by":"ben","done":true' in journal.read(2)
    journal.check_seal(2)


def test_a_refusal_voids(room: Room) -> None:
    """K1: what is held and refused is free again, and its id stays decided."""
    room.send(rows_of((11, 6_000), (12, 199)))
    room.acts.release(11, by="anna", note="fine")
    assert room.acts.refuse(11, by="ben", note="not fine") is WaitState.HELD, (
        "another verdict is a new proposal"
    )
    assert room.acts.refuse(11, by="anna", note="agreed") is WaitState.REFUSED
    assert room.balance(2) == (0, 199)
    assert room.send(rows_of((11, 6_000))) == [RISK.RISK_REFUSED]
    with pytest.raises(NotWaiting, match="challenged"):
        room.acts.release(12, by="anna", note="no word of the customer")
    assert room.acts.answer(12, evidence="sms-77", by="app") is WaitState.RELEASED
    assert room.balance(2) == (199, 0)


def test_acts_on_what_does_not_wait_are_refused(room: Room) -> None:
    room.send(rows_of((10, 100)))
    with pytest.raises(DecisionUnknown):
        room.acts.release(99, by="anna", note="x")
    with pytest.raises(NotWaiting):
        room.acts.release(10, by="anna", note="x")
    with pytest.raises(InputError):
        room.acts.release(10, by="Anna Schmidt", note="x")


def test_a_chain_goes_or_waits_or_falls_as_a_whole(room: Room) -> None:
    """K1: the strongest action of a linked chain counts for all of it."""
    linked = int(Flags.LINKED)
    held = rows_of((20, 100), (21, 6_000), (22, 100), flags={20: linked})
    assert room.send(held) == [RISK.RISK_HELD, RISK.RISK_HELD, CREATED]
    denied = rows_of((30, 100), (31, 60_000), (32, 100), flags={30: linked, 31: linked})
    assert room.send(denied) == [LINKED, RISK.RISK_DENIED, LINKED]
    assert room.send(denied) == [LINKED, RISK.RISK_DENIED, LINKED]
    assert room.balance(2) == (100, 6_100)
    room.acts.release(21, by="anna", note="x")
    assert room.acts.release(20, by="ben", note="x") is WaitState.RELEASED
    assert room.balance(2) == (6_200, 0)


def test_the_givers_own_two_phases_are_respected(room: Room) -> None:
    """K1: a pending transfer that is held cannot be posted by its giver until it is released; then it can."""
    room.send(rows_of((40, 6_000), (41, 100), flags={40: int(Flags.PENDING), 41: int(Flags.PENDING)}))
    posts = np.zeros(2, TRANSFER)
    posts["id_lo"], posts["pending_id_lo"] = [50, 51], [40, 41]
    posts["amount_lo"], posts["flags"] = [6_000, 100], int(Flags.POST_PENDING_TRANSFER)
    assert room.send(posts) == [RISK.RISK_PENDING_WAITS, CREATED]
    room.acts.release(40, by="anna", note="x")
    room.acts.release(40, by="ben", note="x")
    assert room.balance(2) == (100, 6_000)
    assert room.send(posts) == [CREATED, EXISTS]
    assert room.balance(2) == (6_100, 0)


def test_a_chain_that_posts_others_cannot_wait(room: Room) -> None:
    room.send(rows_of((40, 100), flags={40: int(Flags.PENDING)}))
    chain = rows_of((60, 6_000), (61, 0), flags={60: int(Flags.LINKED), 61: int(Flags.VOID_PENDING_TRANSFER)})
    chain["debit_account_id_lo"][1] = chain["credit_account_id_lo"][1] = 0
    chain["pending_id_lo"][1] = 40
    chain["ledger"][1] = chain["code"][1] = 0
    assert room.send(chain) == [RISK.RISK_CANNOT_WAIT, LINKED]
    assert room.balance(2) == (0, 100)


def test_what_the_ledger_cannot_reserve_does_not_wait(room: Room) -> None:
    batch = rows_of((70, 6_000))
    batch["debit_account_id_lo"] = 99
    assert room.send(batch) == [int(Ledger_.DEBIT_ACCOUNT_NOT_FOUND)]
    [kept] = room.gate.waiting.listed(None, 10)
    assert kept.state is WaitState.NOT_BOOKED
    with pytest.raises(NotWaiting, match="not_booked"):
        room.acts.release(70, by="anna", note="x")


def test_nameless_transfers_are_the_ledgers_to_refuse(room: Room) -> None:
    assert room.send(rows_of((0, 100), (10, 100))) == [int(Ledger_.ID_MUST_NOT_BE_ZERO), CREATED]


def test_batches_follow_one_another_while_they_are_sent(room: Room) -> None:
    waiting = [
        room.gate.begin(rows_of(*((1_000 * n + at, 100) for at in range(1, 200)))) for n in range(1, 8)
    ]
    for request in waiting:
        assert (room.gate.wait(request)["status"] == CREATED).all()
    assert room.balance(2) == (7 * 199 * 100, 0)
    kept = decode(room.office.journal.read(0))
    assert kept.asked.events.column("kind").words == ("code-1",)


def test_every_answer_has_words() -> None:
    assert set(DECIDED_TEXT) == set(DecidedStatus)
