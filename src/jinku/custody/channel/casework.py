"""What interface tests are made of: customers and numbers of their own, calls that wait for a signed answer.

Example::

    bench = Bench(client, link, "20261122T1000", clock)
    bench.must(bench.has(bench.user("a"), "a") == (1_000, 0), "the collected money is not there")
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinku.base.clock import NS_PER_SECOND, Clock
from jinku.crypto.signer import Ed25519Signer
from jinku.custody.channel.custodian.client import CustodianClient, Link
from jinku.custody.channel.custodian.envelope import SKEW_S, Message, Purpose, seal
from jinku.custody.channel.custodian.table import Code, Status
from jinku.custody.channel.errors import CaseFailed, NoAnswer

ASK_TIMES_MAX = 100
ASK_EVERY_S = 0.1
AMOUNT = "1000"


class Bench:
    """What cases are made of: numbers of their own, calls that wait for a signed answer, expectations."""

    def __init__(self, client: CustodianClient, link: Link, run: str, clock: Clock) -> None:
        self.client, self.link, self.run, self.clock = client, link, run, clock

    def number(self, name: str) -> str:
        """A request number of this run."""
        return f"T{self.run}-{name}"

    def call(self, service: str, name: str, /, **body: Any) -> Message:
        """A signed answer; what has none is sent again under its number, as any platform may. Raises NoAnswer."""
        last = NoAnswer("the bank never answered")
        for _ in range(ASK_TIMES_MAX):
            try:
                reply, _ = self.client.call(service, self.number(name), body)
            except NoAnswer as error:
                last = error
                time.sleep(ASK_EVERY_S)
                continue
            if reply.code != Code.REPLAYED and reply.body.get("status", Status.ACCEPTED) in tuple(Status):
                return reply
        raise last

    def done(self, service: str, name: str, /, **body: Any) -> Mapping[str, Any]:
        """The fields of an answer that must be DONE."""
        return self.expect(self.call(service, name, **body), Code.DONE).body

    def expect(self, reply: Message, *codes: str) -> Message:
        """`reply` if it has one of `codes`. Raises CaseFailed."""
        if reply.code not in codes:
            raise CaseFailed(f"{reply.service}: {reply.code}, not {' or '.join(codes)}: {reply.message}")
        return reply

    def until(self, name: str, *statuses: str) -> str:
        """Ask until a request has one of `statuses`. Raises CaseFailed."""
        status = ""
        for count in range(ASK_TIMES_MAX):
            body = self.done("QUERY_REQUEST", f"ask-{name}-{count}", original=self.number(name))
            status = str(body["status"])
            if status in statuses:
                return status
            time.sleep(ASK_EVERY_S)
        raise CaseFailed(f"{name} stays {status}, not {' or '.join(statuses)}")

    def user(self, name: str, *, money: bool = True) -> str:
        """A registered customer of this run, with ``AMOUNT`` collected where `money` is wanted."""
        user = f"T{self.run}-{name}"
        particulars = {"name": "Test", "document": "T0000000", "card": "6200000000000001", "phone": "000"}
        self.done("PERSONAL_REGISTER", f"register-{name}", user=user, **particulars)
        if money:
            for count in range(ASK_TIMES_MAX):
                about = f"fund-{name}-{count}"
                self.call("RECHARGE", about, user=user, amount=AMOUNT, currency="CNY")
                if self.until(about, Status.SETTLED, Status.FAILED, Status.RETURNED) == Status.SETTLED:
                    return user
        return user

    def has(self, user: str, name: str) -> tuple[int, int]:
        """What a customer has available and held."""
        body = self.done("QUERY_USER", f"has-{name}", user=user)
        return int(body["available"]), int(body["held"])

    def must(self, holds: bool, problem: str) -> None:
        """Raises CaseFailed unless it holds."""
        if not holds:
            raise CaseFailed(problem)

    def raw(self, service: str, name: str, body: Mapping[str, Any], **changed: Any) -> tuple[bytes, str]:
        """A sealed request of our own, `changed` where a case wants it so."""
        signer = changed.pop("signer", self.link.signer)
        values = {
            "service": service,
            "platform": self.link.platform,
            "request_no": self.number(name),
            "time": self.clock(),
            "body": body,
            **changed,
        }
        return seal(Message(**values), Purpose.REQUEST, signer)

    def refused(self, raw: bytes, signature: str) -> bool:
        """Whether the bank does not even answer these bytes."""
        try:
            self.client.exchange(raw, signature)
        except NoAnswer:
            return True
        return False

    def forger(self) -> Ed25519Signer:
        """A key with the right name that the bank does not know."""
        return Ed25519Signer.generate(self.link.platform)

    @property
    def too_old_ns(self) -> int:
        """A moment that no message may have."""
        return self.clock() - 2 * SKEW_S * NS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Case:
    """One promise; `services` are those that it is about, `run` says what it saw."""

    name: str
    chinese: str
    services: str
    run: Callable[[Bench], str]
