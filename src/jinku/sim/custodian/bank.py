"""The simulated bank's services: what each does to its books.

Rules:

1. A request is known by its number. The same content again gets the same answer and moves nothing; another content is
   ``NUMBER_TAKEN``.
2. A payout leaves the customer's account when it is accepted and the bank when it is settled: at the next beat, the
   next day, or at once where it is immediate. A fate of the plan may refuse, fail, delay or return it.
3. The bank's date moves only by `advance`.

Example::

    bank.serve("WITHDRAW", "17", {"user": "9", "amount": "100", "currency": "CNY", "mode": "normal"})
    # ("DONE", "", {"status": "ACCEPTED", …})
    bank.beat()
    bank.status_of("17")["status"]  # "SETTLED"
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from jinku.base.calendar import WEEKDAYS
from jinku.base.canonical import canonical_json
from jinku.custody.channel.custodian.table import SERVICES, Code, Standing, Status
from jinku.sim.custodian.books import OUTSIDE, POOL, Asked, Books
from jinku.sim.custodian.checkfiles import KINDS, check_file
from jinku.sim.custodian.errors import BankSays
from jinku.sim.custodian.faults import Fate, FaultPlan, Noise
from jinku.sim.custodian.trade import Trade
from jinku.sim.custodian.users import Users

Reply = tuple[str, str, dict[str, Any]]
RETURN_AFTER_DAYS = 2
AMOUNT_DIGITS_MAX = 18
BEAT_REQUESTS = 5_000
FILE_SERVICE = "FILE"
"""In place of a service: a transaction of a payment file."""


class Bank:
    """See the module's rules."""

    def __init__(self, books: Books, plan: FaultPlan, day: date) -> None:
        """`day` is the first date of new books."""
        self.books, self.plan = books, plan
        if not books.day:
            books.set_meta("day", day.isoformat())
        self._users, self._trade = Users(books), Trade(books)
        self._services: Mapping[str, Callable[[str, Mapping[str, Any]], dict[str, Any]]] = {
            "RECHARGE": self._recharge,
            "WITHDRAW": self._withdraw,
            "CONFIRM_WITHDRAW": self._confirm,
            "CANCEL_WITHDRAW": lambda _, body: self._stop(body, (Status.HELD,), "cancelled"),
            "INTERCEPT_WITHDRAW": lambda _, body: self._stop(
                body, (Status.HELD, Status.ACCEPTED), "intercepted"
            ),
            "QUERY_REQUEST": lambda _, body: self.status_of(str(body["original"])),
            "DOWNLOAD_CHECK_FILE": self._check_file,
            "CONFIRM_CHECK_FILE": lambda _, body: {"day": str(body["day"])},
            **self._users.services(),
            **self._trade.services(),
        }

    def serve(self, service: str, number: str, body: Mapping[str, Any]) -> Reply:
        """The answer to one request: code, message, fields."""
        try:
            about = SERVICES.get(service)
            if about is None or about.standing is Standing.SHAPE or service not in self._services:
                raise BankSays(Code.NOT_OFFERED, f"{service} is not offered here")
            if missing := [name for name in about.fields if name not in body]:
                raise BankSays(Code.BAD_REQUEST, f"{', '.join(missing)} is missing")
            if unknown := set(body) - {*about.fields, *about.optional}:
                raise BankSays(Code.BAD_REQUEST, f"{', '.join(sorted(unknown))} is not known")
            with self.books.writing():
                return self._once(service, number, body)
        except BankSays as refusal:
            return refusal.reply, refusal.message, {}

    def _once(self, service: str, number: str, body: Mapping[str, Any]) -> Reply:
        content = hashlib.sha256(canonical_json({"service": service, "body": dict(body)})).digest()
        known = self.books.request(number)
        if known is not None:
            if known.digest != content:
                raise BankSays(Code.NUMBER_TAKEN, "the number stands for another content")
            if known.reason == "refused":
                return Code.REFUSED, "refused", {}
            return Code.DONE, "", self.status_of(number)
        said = self._services[service](number, {**body, "_service": service, "_digest": content})
        return said.pop("_code", Code.DONE), "", said

    # --- money in and out ----------------------------------------------------------------------------------------

    def _recharge(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._accepted(number, body, held=False)

    def _withdraw(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if body["mode"] not in ("normal", "immediate", "confirmed"):
            raise BankSays(Code.BAD_REQUEST, "mode is not normal, immediate or confirmed")
        return self._accepted(number, body, held=True)

    def _accepted(self, number: str, body: Mapping[str, Any], *, held: bool) -> dict[str, Any]:
        user, amount = str(body["user"]), amount_of(body)
        fate, mode = self.plan.fate(number), str(body.get("mode", "normal"))
        status = Status.HELD if mode == "confirmed" else Status.ACCEPTED
        reason = ""
        enough = not held or self.books.balance(_home(str(body["_service"]), user)) >= amount
        if fate is Fate.REFUSE or not enough:
            status, reason = Status.FAILED, "refused"
        elif held:
            self.books.move(number, _home(str(body["_service"]), user), f"HELD:{number}", amount)
        today = date.fromisoformat(self.books.day)
        self.books.keep(
            Asked(
                number=number, service=str(body["_service"]), digest=body["_digest"], status=status, user=user,
                amount=amount, currency=str(body["currency"]), bank_no=self.books.next_number(),
                day=today.isoformat(), due=(next_day(today) if fate is Fate.LATE else today).isoformat(),
                fate=fate or "", reason=reason, detail=mode, told=status if reason else "",
            )
        )  # fmt: skip
        if reason:
            # what was refused is remembered: the same number never succeeds later
            return self._refused(number)
        if mode == "immediate" and fate is None:
            self._settle(self._known(number))
        return self.status_of(number)

    def _refused(self, number: str) -> dict[str, Any]:
        return {**self.status_of(number), "_code": Code.REFUSED}

    def pay_from_pool(self, number: str, payee: str, amount: int, currency: str) -> dict[str, Any]:
        """A transaction of a payment file: out of the pool account, once. Another content under a number is refused."""
        body = {"user": payee, "amount": str(amount), "currency": currency}
        with self.books.writing():
            content = hashlib.sha256(canonical_json({"service": FILE_SERVICE, "body": body})).digest()
            known = self.books.request(number)
            if known is None:
                about = {**body, "_service": FILE_SERVICE, "_digest": content}
                return self._accepted(number, about, held=True)
            if known.digest != content:
                raise BankSays(Code.NUMBER_TAKEN, "the number stands for another content")
            return self.status_of(number)

    def _confirm(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        asked = self._known(str(body["original"]))
        if asked.status == Status.HELD:
            self.books.change(asked.number, status=Status.ACCEPTED)
        return self.status_of(asked.number)

    def _stop(self, body: Mapping[str, Any], states: tuple[str, ...], reason: str) -> dict[str, Any]:
        asked = self._known(str(body["original"]))
        if asked.status in states and asked.service == "WITHDRAW":
            self._fail(asked, reason)
        elif asked.reason != reason:
            raise BankSays(Code.REFUSED, f"it is {asked.status}")
        return self.status_of(asked.number)

    def _known(self, number: str) -> Asked:
        asked = self.books.request(number)
        if asked is None:
            raise BankSays(Code.NOT_FOUND, "no such request")
        return asked

    def status_of(self, number: str) -> dict[str, Any]:
        """What a query says. Raises BankSays where the number is not known."""
        asked = self._known(number)
        return {
            "status": asked.status,
            "amount": str(asked.amount),
            "currency": asked.currency,
            "bank_no": asked.bank_no,
            "day": asked.day,
            "reason": asked.reason,
        }

    def _check_file(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        kind, day = str(body["kind"]), str(body["day"])
        if kind not in KINDS or day >= self.books.day:
            raise BankSays(Code.BAD_REQUEST, "no such kind, or the day is not over")
        about = f"{kind}/{day}"
        wrong = self.books.hear(f"file/{about}") == 0 and self.plan.noise(Noise.WRONG_FILE, about)
        file = check_file(self.books, self.plan, kind, day, wrong=wrong)
        return {"file": file.decode(), "digest": hashlib.sha256(file).hexdigest()}

    # --- time ----------------------------------------------------------------------------------------------------

    def beat(self) -> int:
        """Settle, fail and return what is due; how many requests moved."""
        today = self.books.day
        with self.books.writing():
            due = self.books.requests(
                "status = ? AND due <= ? LIMIT ?", Status.ACCEPTED, today, BEAT_REQUESTS
            )
            for asked in due:
                self._fail(asked, "account_closed") if asked.fate == Fate.FAIL else self._settle(asked)
            back = self.books.requests(
                "status = ? AND fate = ? AND due <= ? LIMIT ?",
                Status.SETTLED,
                Fate.RETURN,
                today,
                BEAT_REQUESTS,
            )
            for asked in back:
                self._return(asked)
        return len(due) + len(back)

    def advance(self) -> date:
        """Finish the day and begin the next business day."""
        self.beat()
        day = next_day(date.fromisoformat(self.books.day))
        self.books.set_meta("day", day.isoformat())
        return day

    def _settle(self, asked: Asked) -> None:
        coming = asked.service == "RECHARGE"
        source, target = (OUTSIDE, f"USER:{asked.user}") if coming else (f"HELD:{asked.number}", OUTSIDE)
        self.books.move(asked.number, source, target, asked.amount)
        self.books.outside(asked.number, asked.user, -asked.amount if coming else asked.amount, "settled")
        today = date.fromisoformat(self.books.day)
        again = today
        for _ in range(RETURN_AFTER_DAYS):
            again = next_day(again)
        self.books.change(asked.number, status=Status.SETTLED, day=today.isoformat(), due=again.isoformat())

    def _fail(self, asked: Asked, reason: str) -> None:
        if asked.service != "RECHARGE":
            self.books.move(
                asked.number, f"HELD:{asked.number}", _home(asked.service, asked.user), asked.amount
            )
        self.books.change(asked.number, status=Status.FAILED, reason=reason, day=self.books.day)

    def _return(self, asked: Asked) -> None:
        source, target, amount = OUTSIDE, _home(asked.service, asked.user), -asked.amount
        if asked.service == "RECHARGE":
            source, target, amount = target, source, asked.amount
        if self.books.balance(source) < asked.amount and source != OUTSIDE:
            return  # a customer who has spent it: the bank's loss, not ours
        self.books.move(asked.number, source, target, asked.amount)
        self.books.outside(asked.number, asked.user, amount, "returned")
        self.books.change(asked.number, status=Status.RETURNED, reason="AC04", day=self.books.day)


def amount_of(body: Mapping[str, Any]) -> int:
    """The amount in a request. Raises BankSays."""
    text = body["amount"]
    if not (isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= AMOUNT_DIGITS_MAX):
        raise BankSays(Code.BAD_REQUEST, "amount is not digits of minor units")
    if int(text) == 0:
        raise BankSays(Code.BAD_REQUEST, "amount is nothing")
    return int(text)


def next_day(day: date) -> date:
    """The simulated bank works on weekdays."""
    return WEEKDAYS.next_business_day(day) if day < date.max - timedelta(days=7) else day


def _home(service: str, user: str) -> str:
    """The account that a payout comes from."""
    return POOL if service == FILE_SERVICE else f"USER:{user}"
