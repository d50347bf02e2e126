"""ISO 20022 files as a dialect of the bank channel.

Rules:

1. A batch is one pain.001 with the batch's id. The same batch is the same bytes, so a delivery that was interrupted is
   made again, and the bank sees one message: by its id, and by each transaction's request number.
2. Nothing is answered when a file is delivered: a status report or a booking comes later.
3. Asking is looking into the bank's own statements: where the statements of the sending's day and of two more were
   taken in since, and neither they nor a status report know the request, the bank knows no such request.
4. A file is taken in when the bank signed it and it can be read; any other is put aside and named.

Example::

    IsoDialect(settings, terms("iso20022", day), payees, signer, bank_key)
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinku.base.clock import Clock, day_of
from jinku.base.errors import InputError
from jinku.base.files import replace_durably
from jinku.crypto.signer import Signer, Verifier
from jinku.custody.channel.errors import MessageRefused, PayeeUnknown
from jinku.custody.channel.iso import pain001, pain002
from jinku.custody.channel.iso.folder import Folder
from jinku.custody.channel.iso.words import answers_of_statement, answers_of_status
from jinku.custody.channel.model import Answer, Instruction, Kind, News, Source, State
from jinku.custody.channel.port import Arrival, Payee, Payees, Sending
from jinku.custody.channel.table import Terms
from jinku.custody.statements.formats import read_statement
from jinku.custody.statements.model import StatementKind

SENDING_MAX = 2_000
SETTLED_AFTER_DAYS = 2
"""Days after the sending's own whose statements must be taken in before a request counts as not known."""
DAYS_FILE = "statement-days.json"
_NUMBERS = re.compile(rb"<EndToEndId>([0-9]{1,19})</EndToEndId>")


@dataclass(frozen=True, slots=True, kw_only=True)
class IsoSettings:
    """Where files lie and whose account is debited."""

    name: str
    outbox: Path
    inbox: Path
    archive: Path
    owner: str
    account: str
    bic: str


class IsoDialect:
    """See the module's rules."""

    kinds = frozenset({Kind.PAYOUT})
    sending_max = SENDING_MAX

    def __init__(
        self,
        settings: IsoSettings,
        terms: Terms,
        payees: Payees,
        signer: Signer,
        bank_key: Verifier,
        clock: Clock = time.time_ns,
    ) -> None:
        self.name, self.terms = settings.name, terms
        self._settings, self._payees, self._signer, self._key = settings, payees, signer, bank_key
        self._clock = clock
        self._outbox, self._inbox = Folder(settings.outbox), Folder(settings.inbox)
        self._sent = settings.archive / "sent"
        self._sent.mkdir(parents=True, exist_ok=True, mode=0o700)

    # --- out -----------------------------------------------------------------------------------------------------

    def send(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Deliver one message; those whose payee is not known or cannot be written failed without leaving."""
        payments, answers = [], []
        for one in instructions:
            try:
                payee = self._payees.payee(one.payee, one.account)
                pain001.write(self._about(batch, one), self._debtor(), [(one, payee)])
            except (PayeeUnknown, InputError) as error:
                answers.append(self._not_sent(one, error.code))
            else:
                payments.append((one, payee))
        if payments:
            data = pain001.write(self._about(batch, payments[0][0]), self._debtor(), payments)
            self._deliver(batch, data)
        return Sending(tuple(answers))

    def resume(self, batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Deliver the same message where that did not come to its end; nothing where it did."""
        if (self._sent / f"{batch}.xml").exists():
            return Sending()
        return self.send(batch, instructions)

    def _deliver(self, batch: str, data: bytes) -> None:
        """The outbox first, our own copy last: where the copy is, the message left for certain."""
        self._outbox.deliver(f"{batch}.xml", data, self._signer)
        replace_durably(self._sent / f"{batch}.xml", data, 0o600)

    def _about(self, batch: str, one: Instruction) -> pain001.Batch:
        return pain001.Batch(batch, one.sent_at, day_of(one.sent_at))

    def _debtor(self) -> Payee:
        return Payee(self._settings.owner, self._settings.account, self._settings.bic)

    def _not_sent(self, one: Instruction, reason: str) -> Answer:
        return Answer(
            request_no=one.request_no,
            news=News.FAILED,
            source=Source.OWN,
            at=self._clock(),
            reason=f"not sent: {reason}",
        )

    # --- in ------------------------------------------------------------------------------------------------------

    def collect(self) -> Iterator[Arrival]:
        """Files that the bank delivered, by name."""
        for name in self._inbox:
            try:
                data = self._inbox.read(name)
            except (OSError, MessageRefused):
                continue
            digest = hashlib.sha256(data).digest()
            try:
                self._inbox.believe(name, data, self._key)
                yield Arrival(name, digest, tuple(self._answers(name, data, digest)))
            except (MessageRefused, InputError) as error:
                yield Arrival(name, digest, problem=f"{error.code}: {error.message}")

    def taken(self, arrival: Arrival) -> None:
        """Move the file away; remember which days' statements were seen."""
        if not arrival.problem and arrival.name in self._inbox.names():
            self._remember_days(arrival)
        self._inbox.archive(
            arrival.name, arrival.digest, self._settings.archive / ("refused" if arrival.problem else "in")
        )

    def _answers(self, name: str, data: bytes, digest: bytes) -> list[Answer]:
        now = self._clock()
        if b"pain.002.001." in data[:1_000]:
            file = pain002.read(data, name)
            return answers_of_status(file, self._numbers(file.original_id), now, digest)
        return [
            one
            for statement in read_statement(data, name)
            for one in answers_of_statement(statement, now, digest)
        ]

    def _numbers(self, batch: str) -> list[int]:
        """The request numbers of a message that we sent."""
        path = self._sent / f"{batch}.xml"
        if not re.fullmatch(r"[a-z0-9_-]{1,64}", batch) or not path.exists():
            return []
        return [int(number) for number in _NUMBERS.findall(path.read_bytes())]

    # --- asking --------------------------------------------------------------------------------------------------

    def query(self, instructions: Sequence[Instruction]) -> Sequence[Answer]:
        """Rule 3."""
        days, now = self._days(), self._clock()
        return [
            Answer(request_no=one.request_no, news=News.NOT_FOUND, source=Source.QUERY, at=now)
            for one in instructions
            if one.state is State.UNKNOWN and not one.acknowledged_at and _seen_since(days, one.sent_at)
        ]

    def _days(self) -> dict[str, int]:
        """When the first statement of each day was taken in."""
        path = self._settings.archive / DAYS_FILE
        if not path.exists():
            return {}
        found: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _remember_days(self, arrival: Arrival) -> None:
        data = self._inbox.read(arrival.name)
        if b"pain.002.001." in data[:1_000]:
            return
        seen = {
            one.to_date.isoformat(): self._clock()
            for one in read_statement(data, arrival.name)
            if one.kind is StatementKind.STATEMENT and one.account == self._settings.account
        }
        if seen:
            replace_durably(self._settings.archive / DAYS_FILE, json.dumps({**seen, **self._days()}).encode())


def _seen_since(days: Mapping[str, int], sent_at: int) -> bool:
    """Whether statements of enough days, none before the sending, were taken in after it."""
    first = day_of(sent_at).isoformat()
    return sum(day >= first and at > sent_at for day, at in days.items()) > SETTLED_AFTER_DAYS
