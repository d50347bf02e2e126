"""The custodian interface as a dialect of the bank channel.

Rules:

1. A payout is ``WITHDRAW``, a collection ``RECHARGE``, both under the instruction's request number; the token is the
   customer's number at the bank, so no name or account number travels.
2. Only a signed reply counts. ``REFUSED`` is final. ``BAD_REQUEST`` and ``NOT_OFFERED`` are final at the first
   sending only: later ones may have been understood before. Anything else is no answer, and is asked about.
3. A confirmed payout is confirmed in its own message, under a number derived from its own, and again after any doubt.
4. An interrupted sending is asked about, never repeated.

Example::

    CustodianDialect("custodian", client, terms("custodian", day))
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from types import MappingProxyType

from jinku.base.clock import Clock
from jinku.custody.channel.custodian.client import CONNECTIONS_MAX, CustodianClient
from jinku.custody.channel.custodian.envelope import Message, digest
from jinku.custody.channel.custodian.table import Code, Status
from jinku.custody.channel.errors import NoAnswer
from jinku.custody.channel.model import AMOUNT_MAX, Answer, Instruction, Kind, Mode, News, Source
from jinku.custody.channel.port import Arrival, Sending
from jinku.custody.channel.table import Terms

SENDING_MAX = 200
NEWS: Mapping[str, News] = MappingProxyType(
    {
        Status.ACCEPTED: News.ACKNOWLEDGED,
        Status.HELD: News.ACKNOWLEDGED,
        Status.SETTLED: News.SETTLED,
        Status.FAILED: News.FAILED,
        Status.RETURNED: News.RETURNED,
    }
)
"""What the bank's status of a request is to us; any other is no news."""
_SERVICES = {Kind.PAYOUT: "WITHDRAW", Kind.COLLECTION: "RECHARGE"}
_NOT_UNDERSTOOD = (Code.BAD_REQUEST, Code.NOT_OFFERED)


class CustodianDialect:
    """See the module's rules."""

    kinds = frozenset(Kind)
    sending_max = SENDING_MAX

    def __init__(self, name: str, client: CustodianClient, terms: Terms, clock: Clock = time.time_ns) -> None:
        self.name, self.terms = name, terms
        self._client, self._clock = client, clock

    def send(self, _batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Send each once, several at a time."""
        heard = self._each(self._send, instructions)
        silent = tuple(
            one.request_no for one, answer in zip(instructions, heard, strict=True) if answer is None
        )
        return Sending(tuple(answer for answer in heard if answer is not None), silent)

    def resume(self, _batch: str, instructions: Sequence[Instruction]) -> Sending:
        """Nothing is sent: what may have left is unknown."""
        return Sending(silent=tuple(one.request_no for one in instructions))

    def query(self, instructions: Sequence[Instruction]) -> Sequence[Answer]:
        """Ask about each; a confirmed payout that is still held is confirmed again."""
        return [answer for answer in self._each(self._query, instructions) if answer is not None]

    def collect(self) -> Iterator[Arrival]:
        """Nothing: notices are taken in as they come (`callbacks`)."""
        return iter(())

    def taken(self, arrival: Arrival) -> None:
        """There are no arrivals."""

    def _each(
        self, ask: Callable[[Instruction], Answer | None], instructions: Sequence[Instruction]
    ) -> list[Answer | None]:
        with ThreadPoolExecutor(CONNECTIONS_MAX) as threads:
            return list(threads.map(ask, instructions))

    def _send(self, one: Instruction) -> Answer | None:
        body = {"user": one.payee, "amount": str(one.amount), "currency": one.currency}
        if one.kind is Kind.PAYOUT:
            body["mode"] = one.mode.value
        return self._confirmed(
            one, self._ask(one, _SERVICES[one.kind], str(one.request_no), body, Source.REPLY)
        )

    def _query(self, one: Instruction) -> Answer | None:
        number = f"Q{self._clock()}-{one.request_no}"
        body = {"original": str(one.request_no)}
        return self._confirmed(one, self._ask(one, "QUERY_REQUEST", number, body, Source.QUERY))

    def _confirmed(self, one: Instruction, heard: tuple[Answer | None, str]) -> Answer | None:
        """What was heard, after the confirmation that a held payout waits for."""
        answer, status = heard
        if answer is None or status != Status.HELD or one.mode is not Mode.CONFIRMED:
            return answer
        body = {"original": str(one.request_no)}
        confirmed, _ = self._ask(one, "CONFIRM_WITHDRAW", f"C{one.request_no}", body, answer.source)
        return confirmed if confirmed is not None and confirmed.news in NEWS.values() else answer

    def _ask(
        self, one: Instruction, service: str, number: str, body: Mapping[str, str], source: Source
    ) -> tuple[Answer | None, str]:
        """The answer, None where none can be relied on, and the bank's status."""
        try:
            reply, raw = self._client.call(service, number, body)
        except NoAnswer:
            return None, ""
        if reply.service != service or reply.request_no != number:
            return None, ""
        news = _news(reply, first=source is Source.REPLY and one.attempts <= 1)
        if news is None:
            return None, ""
        made = answer_of(one.request_no, reply, news, source, self._clock(), digest(raw))
        return made, str(reply.body.get("status", ""))


def answer_of(
    number: int, message: Message, news: News, source: Source, now: int, seen: bytes
) -> Answer | None:
    """What a signed message says about request `number`; None where it is not what the table says."""
    body = message.body
    texts = {name: body.get(name, "") for name in ("amount", "currency", "bank_no", "reason", "day")}
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    amount = texts["amount"]
    if amount and not (amount.isascii() and amount.isdigit() and int(amount[:20]) <= AMOUNT_MAX):
        return None
    try:
        day = date.fromisoformat(texts["day"]) if texts["day"] else None
    except ValueError:
        return None
    return Answer(
        request_no=number,
        news=news,
        source=source,
        at=now,
        amount=int(amount) if amount else None,
        currency=texts["currency"],
        bank_no=texts["bank_no"],
        reason=texts["reason"] or message.message,
        day=day,
        digest=seen,
    )


def _news(reply: Message, *, first: bool) -> News | None:
    if reply.code == Code.DONE:
        return NEWS.get(str(reply.body.get("status", "")))
    if reply.code == Code.NOT_FOUND:
        return News.NOT_FOUND if reply.service == "QUERY_REQUEST" else None
    if reply.code == Code.REFUSED and reply.service in _SERVICES.values():
        return News.FAILED
    return (
        News.FAILED
        if first and reply.code in _NOT_UNDERSTOOD and reply.service in _SERVICES.values()
        else None
    )
