"""The office of agreements: who may put one into force, and how one is run.

Rules:

1. A version is proposed by one person and approved or rejected by another. Approving seals its digest in the log.
2. Only an approved version runs, and only if its text is still what was sealed: the digest is computed anew and
   compared with the store's and with the log's entry.
3. A run is planned on the ledger's balances of one instant, the plan is written down, and then it is sent as one linked
   chain: booked whole or not at all. Its transfers carry the first 128 bits of the agreement's digest.
4. Asking again with the same id sends the same plan, whatever balances are by now: nothing is booked twice. The same id
   with other values is a named error. What the ledger refused is final under its id.
5. Runs of one office follow one another: each sees the doings of those before.
6. In a house that decides, a run is decided as a whole: denied, nothing moves; held, all of it is reserved and it stays
   planned until its release, which the next asking for it learns.
7. After a crash, `recover` sends again what was planned; the ledger knows what it has booked.

Example::

    office = AgreementOffice(ledger, store, ChartNames(chart), clock=time.time_ns)
    office.propose("repayment", text, author="clerk-1")
    office.approve("repayment", 1, approver="clerk-2")
    run = office.execute(RunRequest(id=…, day=…, agreement="repayment", variables={"sum": "CNY/2 100"}))
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Protocol

import numpy as np

from jinku.base.clock import Clock
from jinku.base.persons import PERSON, same_person
from jinku.custody.agreements.accounts import AccountNames
from jinku.custody.agreements.books import BalanceLedger, Circumstances, run_on_ledger
from jinku.custody.agreements.errors import (
    AgreementTampered,
    AgreementUnknown,
    AlreadyDecided,
    BadAgreement,
    FourEyes,
    NotApproved,
    NotBookable,
    RunChanged,
)
from jinku.custody.agreements.model import (
    LATEST,
    SEAL_TOPIC_AGREEMENT,
    Agreement,
    AgreementStatus,
    Plan,
    Run,
    RunRequest,
    RunStatus,
)
from jinku.custody.agreements.store import AgreementStore
from jinku.custody.numscript import Result, parse
from jinku.custody.orders.model import order_of, transfer_id
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import SEAL, TRANSFER, Array, EntryKind, set_u128
from jinku.ledger.model import CreateTransferStatus, TransferFlags
from jinku.risk.decision.statuses import WAITS, Status, status_of

REASON_CHARACTERS_MAX = 500
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_DONE = (CreateTransferStatus.CREATED, CreateTransferStatus.EXISTS)


class AgreementLedger(BalanceLedger, Protocol):
    """What the office needs of a ledger: balances, linked transfers, and the log's seals."""

    def create_transfers_array(self, batch: Array) -> Array:
        """``TRANSFER`` rows in, ``RESULT`` rows out, once durable."""
        ...

    def seal(self, digest: bytes, topic: int) -> tuple[int, int]:
        """Put a digest into the log; its entry's number and timestamp."""
        ...

    def entries(self, first: int, count: int) -> Array:
        """``ENTRY`` rows from number `first`."""
        ...


class AgreementOffice:
    """Agreements of one institution on one ledger; see the module's rules. For any number of threads."""

    def __init__(
        self,
        ledger: AgreementLedger,
        store: AgreementStore,
        names: AccountNames,
        clock: Clock = time.time_ns,
        is_closed: Callable[[date], bool] = lambda _: False,
    ) -> None:
        """`is_closed` says of which business days nothing may be booked any more."""
        self._ledger, self._store, self._names, self._clock = ledger, store, names, clock
        self._is_closed = is_closed
        self._turn = threading.Lock()

    # --- putting into force --------------------------------------------------------------------------------------

    def propose(self, name: str, program: str, author: str) -> Agreement:
        """Keep `program` as the next version of `name`. Raises BadAgreement, NumscriptError."""
        if not _NAME.fullmatch(name):
            raise BadAgreement("not a name", field="name", value=name[:80], remedy="use a-z, 0-9, _ and -")
        _check_person("author", author)
        parse(program)
        return self._store.add(name, program, author, self._clock())

    def approve(self, name: str, version: int, approver: str) -> Agreement:
        """Put a proposed version into force and seal it. Raises FourEyes, AlreadyDecided, AgreementUnknown."""
        with self._turn:
            found = self._decidable(name, version, approver)
            digest = found.digest_for(approver)
            entry, _ = self._ledger.seal(digest, SEAL_TOPIC_AGREEMENT)
            approved = replace(
                found,
                status=AgreementStatus.APPROVED,
                decided_by=approver,
                decided_at=self._clock(),
                digest=digest,
                sealed_entry=entry,
            )
            self._store.decide(approved)
            return approved

    def reject(self, name: str, version: int, by: str, reason: str) -> Agreement:
        """Refuse a proposed version. Raises FourEyes, AlreadyDecided, AgreementUnknown, BadAgreement."""
        with self._turn:
            rejected = replace(
                self._decidable(name, version, by),
                status=AgreementStatus.REJECTED,
                decided_by=by,
                decided_at=self._clock(),
                reason=_checked_reason(reason),
            )
            self._store.decide(rejected)
            return rejected

    def retire(self, name: str, version: int, by: str, reason: str) -> Agreement:
        """Put an approved version out of force. Raises NotApproved, AgreementUnknown, BadAgreement."""
        _check_person("by", by)
        with self._turn:
            found = self._store.agreement(name, version)
            retired = replace(
                found,
                status=AgreementStatus.RETIRED,
                reason=_checked_reason(reason),
                retired_by=by,
                retired_at=self._clock(),
            )
            self._store.retire(retired)
            return retired

    def _decidable(self, name: str, version: int, person: str) -> Agreement:
        _check_person("person", person)
        found = self._store.agreement(name, version)
        if same_person(found.author, person):
            raise FourEyes(name, version, person)
        if found.status is not AgreementStatus.PROPOSED:
            raise AlreadyDecided(name, version, found.status.value)
        return found

    # --- running -------------------------------------------------------------------------------------------------

    def rehearse(self, request: RunRequest) -> Result:
        """What `request` would yield now; nothing is written. A version need not be approved for it.

        Raises AgreementUnknown, NumscriptError, NotBookable.
        """
        agreement = self._version(request)
        around = Circumstances(self._ledger, self._names, self._store.metadata)
        return run_on_ledger(parse(agreement.program), around, request.variables)[0]

    def execute(self, request: RunRequest) -> Run:
        """Run an agreement once and book what it yields. Raises RunChanged, NotApproved, AgreementTampered,
        AgreementUnknown, NumscriptError, NotBookable, LedgerError.
        """
        with self._turn:
            known = self._store.run(request.id)
            if known is None:
                if self._is_closed(request.day):
                    raise NotBookable(f"{request.day} is closed", remedy="book it on a day that is open")
                plan = self._plan(request)
                self._store.plan(request.id, request.text(), plan, self._clock())
                return self._send(Run(request.id, plan, RunStatus.PLANNED))
            run, asked = known
            if asked != request.text():
                raise RunChanged(request.id)
            return self._send(run) if run.status is RunStatus.PLANNED else run

    def recover(self) -> list[Run]:
        """Bring every run that a crash left planned to its end."""
        with self._turn:
            return [self._send(run) for run in self._store.planned_runs()]

    def known_run(self, transfer: int) -> Run:
        """The run that a transfer, or the run's own id, belongs to. Raises AgreementUnknown."""
        found = self._store.run(order_of(transfer))
        if found is None:
            raise AgreementUnknown(f"{transfer} belongs to no run of an agreement", remedy="check the id")
        return found[0]

    def verify(self, agreement: Agreement) -> None:
        """Raises NotApproved or AgreementTampered unless the version was approved and its text is what was sealed."""
        if agreement.sealed_entry < 0 and agreement.status is not AgreementStatus.APPROVED:
            raise NotApproved(agreement.name, agreement.version, agreement.status.value)
        digest = agreement.digest_for(agreement.decided_by)
        if digest != agreement.digest:
            raise AgreementTampered(agreement.name, agreement.version, "its text is not what was approved")
        entries = self._ledger.entries(max(0, agreement.sealed_entry), 1)
        if agreement.sealed_entry < 0 or not len(entries) or entries["kind"][0] != EntryKind.SEAL:
            raise AgreementTampered(agreement.name, agreement.version, "the log holds no seal of it")
        [seal] = np.ascontiguousarray(entries["event"]).view(SEAL)
        if seal["digest"].tobytes() != digest or seal["topic"] != SEAL_TOPIC_AGREEMENT:
            raise AgreementTampered(agreement.name, agreement.version, "the log's seal is of another text")

    def _version(self, request: RunRequest) -> Agreement:
        if request.version == LATEST:
            return self._store.newest_approved(request.agreement)
        return self._store.agreement(request.agreement, request.version)

    def _plan(self, request: RunRequest) -> Plan:
        agreement = self._version(request)
        if agreement.status is not AgreementStatus.APPROVED:
            raise NotApproved(agreement.name, agreement.version, agreement.status.value)
        self.verify(agreement)
        around = Circumstances(self._ledger, self._names, self._store.metadata)
        result, bookings = run_on_ledger(parse(agreement.program), around, request.variables)
        return Plan(
            agreement=agreement.name,
            version=agreement.version,
            subject=agreement.subject,
            day=request.day,
            reference=request.reference,
            ledger=self._names.currency,
            bookings=bookings,
            document=result.document(),
        )

    def _send(self, run: Run) -> Run:
        """Book a planned run, or learn that it is booked; and write down which. What is held for review stays planned:
        asked again, it is told how it went on."""
        status: Status = CreateTransferStatus.CREATED
        if run.plan.bookings:
            status = _deciding(self._ledger.create_transfers_array(transfer_rows(run)))
        if status in WAITS:
            return replace(run, ledger_status=status)
        ended = replace(run, status=RunStatus.BOOKED)
        if status not in _DONE:
            ended = replace(run, status=RunStatus.REFUSED, ledger_status=status)
        self._store.end(ended, self._clock())
        return ended


def transfer_rows(run: Run) -> Array:
    """The ``TRANSFER`` rows of a run: one linked chain, numbered inside the run's id."""
    plan, bookings = run.plan, run.plan.bookings
    rows = np.zeros(len(bookings), TRANSFER)
    set_u128(rows, "id", (transfer_id(run.id, leg=leg) for leg in range(len(bookings))))
    set_u128(rows, "debit_account_id", (one.debit for one in bookings))
    set_u128(rows, "credit_account_id", (one.credit for one in bookings))
    set_u128(rows, "amount", (one.amount for one in bookings))
    set_u128(rows, "user_data_128", (plan.subject for _ in bookings))
    rows["user_data_64"] = plan.reference
    rows["user_data_32"] = plan.day.year * 10_000 + plan.day.month * 100 + plan.day.day
    rows["ledger"], rows["code"] = plan.ledger, Movement.AGREEMENT
    rows["flags"][:-1] = TransferFlags.LINKED
    return rows


def _deciding(results: Array) -> Status:
    """The status that decided a chain: the first that is not that of a fellow transfer.

    A chain that was booked before answers ``EXISTS`` for its first transfer and breaks there.
    """
    statuses = [status_of(status) for status in results["status"].tolist()]
    own = [status for status in statuses if status is not CreateTransferStatus.LINKED_EVENT_FAILED]
    refused = [status for status in own if status not in _DONE]
    return (refused or own or statuses)[0]


def _check_person(field: str, person: str) -> None:
    if not PERSON.fullmatch(person):
        raise BadAgreement(
            "not a person's id",
            field=field,
            value=person[:80],
            remedy="use the id of the person, without blanks",
        )


def _checked_reason(reason: str) -> str:
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise BadAgreement(
            "not a reason",
            field="reason",
            value=reason[:80],
            remedy=f"say why in 1 to {REASON_CHARACTERS_MAX} characters",
        )
    return reason
