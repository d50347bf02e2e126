"""What becomes of transfers that wait: two persons release or refuse what is held, the customer answers a challenge.

Rules:

1. What one person proposes another confirms; the same person twice is refused. Whoever wants the other verdict proposes
   anew. Ids of persons are opaque. A proposal counts as the sealed journal has it.
2. A challenged transfer goes on with the customer's word, and is refused as a held one is.
3. A release posts all that the chain reserves, a refusal voids it, as one linked chain. What its giver made pending
   stays pending on release: its giver posts it.
4. Each act is in the journal, sealed, before the ledger is asked; `redo` brings it to its end after a crash. The ids of
   posts and voids follow from the transfers', so an act is done once however often it is tried.

Example::

    acts.release(transfer, by="anna", note="called the customer")   # proposed
    acts.release(transfer, by="ben", note="agreed")                 # posted
"""

import hashlib
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from jinku.base.clock import Clock, from_rfc3339, to_rfc3339
from jinku.base.errors import InputError
from jinku.base.persons import PERSON, same_person
from jinku.bootstrap.deciding_mark import DoneMark
from jinku.ledger.layout import AMOUNT_MAX, TRANSFER, Array, set_u128
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.ledger.service import Ledger
from jinku.risk.decision.errors import NotWaiting, SameApprover
from jinku.risk.decision.office import REFUSE, RELEASE, DecisionOffice
from jinku.risk.decision.waiting import OPEN, Waiting, WaitingBook, WaitState

NOTE_CHARACTERS_MAX = 500
_ENDS = {RELEASE: WaitState.RELEASED, REFUSE: WaitState.REFUSED}
_FLAGS = {RELEASE: TransferFlags.POST_PENDING_TRANSFER, REFUSE: TransferFlags.VOID_PENDING_TRANSFER}
_DONE = (
    CreateTransferStatus.CREATED,
    CreateTransferStatus.EXISTS,
    CreateTransferStatus.PENDING_TRANSFER_EXPIRED,
)
_RANDOM_BITS = 80


class WaitingActs:
    """See the module's rules. For any number of threads."""

    def __init__(
        self, ledger: Ledger, office: DecisionOffice, waiting: WaitingBook, mark: DoneMark, clock: Clock
    ) -> None:
        self._ledger, self._office, self._waiting, self._mark, self._clock = (
            ledger,
            office,
            waiting,
            mark,
            clock,
        )
        self._turn = threading.Lock()

    def release(self, number: int, *, by: str, note: str) -> WaitState:
        """Propose that a held transfer goes on, or confirm it; where it stands then. Raises NotWaiting, SameApprover,
        DecisionUnknown, InputError."""
        return self._four_eyes(RELEASE, number, by, note)

    def refuse(self, number: int, *, by: str, note: str) -> WaitState:
        """Propose that a held or challenged transfer is refused, or confirm it. Raises as `release` does."""
        return self._four_eyes(REFUSE, number, by, note)

    def answer(self, number: int, *, evidence: str, by: str) -> WaitState:
        """The customer has given a word for a challenged transfer; `evidence` is its opaque id. Raises NotWaiting,
        DecisionUnknown, InputError."""
        _check("by", by)
        _check("evidence", evidence)
        with self._turn:
            chain = self._chain(number)
            if chain[0].state is not WaitState.CHALLENGED:
                raise NotWaiting(number, chain[0].state, "challenged")
            return self._end(chain, RELEASE, by, f"customer's word {evidence}")

    def redo(self, told: dict[str, Any]) -> None:
        """Bring an act from the journal to its end."""
        chain = self._waiting.chain(int(told["head"]))
        if not chain or chain[0].state not in OPEN:
            return
        if not told["done"]:
            self._waiting.propose(chain[0].head, told["verdict"], told["by"])
            return
        state = WaitState.NOT_BOOKED if self._resolve(chain, told["verdict"]) else _ENDS[told["verdict"]]
        self._waiting.end(chain, state, by=told["by"], at=from_rfc3339(told["at"]), note=told["note"])

    def _four_eyes(self, verdict: str, number: int, by: str, note: str) -> WaitState:
        _check("by", by)
        if not 0 < len(note) <= NOTE_CHARACTERS_MAX:
            raise InputError(
                f"say why in 1 to {NOTE_CHARACTERS_MAX} characters", field="note", value=note[:60]
            )
        with self._turn:
            chain = self._chain(number)
            first = chain[0]
            if verdict == RELEASE and first.state is WaitState.CHALLENGED:
                raise NotWaiting(number, first.state, "held")
            proposed, proposed_by = self._proposal(first)
            if proposed == verdict:
                if same_person(by, proposed_by):
                    raise SameApprover(by)
                return self._end(chain, verdict, by, note)
            record = self._journal(chain, verdict, by, note, done=False)
            self._waiting.propose(first.head, verdict, by)
            self._mark.done(record)
            return first.state

    def _chain(self, number: int) -> list[Waiting]:
        chain = self._waiting.chain(number)
        if not chain:
            self._office.find(number)  # raises where nothing was decided at all
            raise NotWaiting(number, "not one that waited", "held or challenged")
        if chain[0].state not in OPEN:
            raise NotWaiting(number, chain[0].state, "held or challenged")
        return chain

    def _proposal(self, first: Waiting) -> tuple[str, str]:
        """What was proposed last, and by whom, as the log seals it: the control data could be written by anybody."""
        told = [
            one
            for one in self._office.acts_of(first.id)
            if one["head"] == str(first.head) and not one["done"]
        ]
        return (told[-1]["verdict"], told[-1]["by"]) if told else ("", "")

    def _end(self, chain: Sequence[Waiting], verdict: str, by: str, note: str) -> WaitState:
        at = self._clock()
        record = self._journal(chain, verdict, by, note, done=True)
        otherwise = self._resolve(chain, verdict)
        state = WaitState.NOT_BOOKED if otherwise else _ENDS[verdict]
        self._waiting.end(chain, state, by=by, at=at, note=note)
        self._mark.done(record)
        if otherwise:
            raise NotWaiting(chain[0].id, otherwise, "reserved in the ledger")
        return state

    def _journal(self, chain: Sequence[Waiting], verdict: str, by: str, note: str, *, done: bool) -> int:
        told = {
            "form": "jinku/decision-act/v1",
            "head": str(chain[0].head),
            "transfers": [str(one.id) for one in chain],
            "record": chain[0].record,
            "verdict": verdict,
            "done": done,
            "by": by,
            "note": note,
            "at": to_rfc3339(self._clock()),
        }
        return self._office.act(told, self._mark.begin)

    def _resolve(self, chain: Sequence[Waiting], verdict: str) -> str:
        """Post or void what the chain reserves; how the ledger has it where that is otherwise, else nothing."""
        rows = resolving_rows(chain, verdict)
        if not len(rows):
            return ""
        statuses = [
            CreateTransferStatus(one) for one in self._ledger.create_transfers_array(rows)["status"].tolist()
        ]
        causes = [one for one in statuses if one is not CreateTransferStatus.LINKED_EVENT_FAILED]
        return next((one.name.lower() for one in causes if one not in _DONE), "")


def resolving_rows(chain: Sequence[Waiting], verdict: str) -> Array:
    """``TRANSFER`` rows that post or void what a chain reserves, as one chain themselves (rule 3)."""
    wanted = [one for one in chain if verdict == REFUSE or not one.own_pending]
    rows = np.zeros(len(wanted), TRANSFER)
    set_u128(rows, "id", [act_id(one.id, verdict) for one in wanted])
    set_u128(rows, "pending_id", [one.id for one in wanted])
    set_u128(rows, "amount", [AMOUNT_MAX if verdict == RELEASE else 0 for _ in wanted])
    rows["flags"] = _FLAGS[verdict]
    rows["flags"][:-1] |= np.uint16(TransferFlags.LINKED)
    return rows


def act_id(number: int, verdict: str) -> int:
    """The id of the transfer that resolves `number`: its time, and 80 bits of a digest."""
    digest = hashlib.sha256(b"jinku/decision-act/" + verdict.encode() + number.to_bytes(16, "big")).digest()
    return number >> _RANDOM_BITS << _RANDOM_BITS | int.from_bytes(digest[:10], "big") | 1


def _check(name: str, person: str) -> None:
    if not PERSON.fullmatch(person):
        raise InputError("is not an opaque id of letters, digits, . _ -", field=name, value=person[:60])
