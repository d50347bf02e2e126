"""A real office on a real ledger, with a bank that pays when it is told to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from jinku.base.database import Database
from jinku.custody.orders import model as o
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.parties.carrying import Payout
from jinku.custody.parties.errors import LedgerRefused
from jinku.custody.parties.identity import IdentityKey
from jinku.custody.parties.model import Action, Change, Method, Verification
from jinku.custody.parties.people import PeopleStore, Person
from jinku.custody.parties.register import PartyRegister
from jinku.custody.parties.requests import Application, CardToBind
from jinku.custody.parties.service import Ask, Institution, PartyOffice, Stores
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Role
from jinku.custody.structure.template import Structure, load_structure
from jinku.ledger import Ledger

DAY = date(2026, 11, 20)
KEY = IdentityKey(bytes(range(32)))
WHY = Ask("asked in writing", "letter 2026-17")
CNY = 156


class Time:
    """A clock that goes on by a millisecond at each look, and can be set on."""

    def __init__(self) -> None:
        self.now = int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()) * 1_000_000_000

    def __call__(self) -> int:
        self.now += 1_000_000
        return self.now

    def go_to(self, day: date) -> None:
        self.now = int(datetime(day.year, day.month, day.day, 10, tzinfo=UTC).timestamp()) * 1_000_000_000


class DeskPayouts:
    """Payouts as withdrawals of the order desk."""

    def __init__(self, ledger: Ledger, structure: Structure) -> None:
        self._ledger, self._structure = ledger, structure
        self.asked: list[Payout] = []

    def order_id(self, key: str, at: int) -> int:
        serial = int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")
        return o.new_order_id(at // 1_000_000, serial)

    def pay_out(self, payout: Payout) -> None:
        chart = Chart(payout.account >> 96, payout.account >> 16 & 0xFFFF, self._structure)
        order = o.Withdrawal(id=payout.order_id, day=DAY, account=payout.account, amount=payout.amount)
        outcome = OrderDesk(self._ledger, chart).submit([order])
        if outcome.refused:
            raise LedgerRefused(outcome.refused[0].status.name)
        self.asked.append(payout)


@dataclass
class Scene:
    """Everything a test needs to play with parties."""

    ledger: Ledger
    database: Database
    people: PeopleStore
    clock: Time
    structure: Structure = field(default_factory=load_structure)
    entity: int = 1
    payouts: DeskPayouts = field(init=False)
    office: PartyOffice = field(init=False)
    serial: int = 0

    def __post_init__(self) -> None:
        self.payouts = DeskPayouts(self.ledger, self.structure)
        self.reopen()

    def reopen(self) -> None:
        """The office as after a crash: anew on the same stores."""
        self.office = PartyOffice(
            self.ledger,
            Institution(self.entity, self.structure),
            Stores(PartyRegister(self.database), self.people, KEY),
            self.payouts,
            self.clock,
        )

    @property
    def desk(self) -> OrderDesk:
        return OrderDesk(self.ledger, Chart(self.entity, CNY, self.structure))

    def order_id(self) -> int:
        self.serial += 1
        return o.new_order_id(1_795_000_000_000, self.serial)

    def do(self, number: int, action: Action, ask: Ask = WHY) -> Change:
        """Ask and confirm."""
        change = self.office.propose(number, action, ask, by="maker")
        return self.office.confirm(change.id, by="checker")

    def opened(
        self, serial: int = 1, roles: tuple[Role, ...] = (Role.INVESTOR,), *, card: bool = True
    ) -> int:
        """An open party with a bound card; its number."""
        number = self.office.apply(application(serial, roles), by="clerk").number
        self.do(number, Action.OPEN)
        if card:
            self.office.bind(number, card_of(serial), by="clerk")
        return number

    def deposit(self, account: int, amount: int) -> bool:
        order = o.Deposit(id=self.order_id(), day=DAY, account=account, amount=amount)
        return not self.desk.submit([order]).refused

    def withdraw(self, account: int, amount: int) -> o.Withdrawal | None:
        order = o.Withdrawal(id=self.order_id(), day=DAY, account=account, amount=amount)
        return None if self.desk.submit([order]).refused else order

    def bank_pays(self, order_id: int, amount: int, *, paid: bool = True) -> bool:
        made = o.PaidOut if paid else o.PayoutFailed
        return not self.desk.submit([made(id=order_id, day=DAY, amount=amount)]).refused

    def balance(self, account: int) -> int:
        [found] = self.ledger.lookup_accounts([account])
        return found.credits_posted - found.debits_posted


def person(serial: int = 1, **more: str) -> Person:
    """A made-up person; values with marks that a test can look for."""
    values = {
        "name": f"演示甲{serial:04d}",
        "latin_name": f"Yanshi Jia{serial:04d}",
        "identifier_kind": "resident_id",
        "identifier": f"99010019900307{serial:04d}",
        "card": "",
        "phone": f"1000000{serial:04d}",
    }
    return Person(**{**values, **more})


def enterprise(serial: int = 1) -> Person:
    """A made-up enterprise."""
    return person(
        serial,
        name=f"演示商贸{serial:04d}有限公司",
        identifier_kind="credit_code",
        identifier=f"91990000MA0000{serial:04d}",
        representative=f"演示丙{serial:04d}",
        representative_identifier=f"99010019700101{serial:04d}",
    )


def application(
    serial: int = 1, roles: tuple[Role, ...] = (Role.INVESTOR,), who: Person | None = None
) -> Application:
    return Application(f"req-{serial}", who or person(serial), roles, (CNY,))


def card_number(serial: int = 1) -> str:
    return f"999999{serial:012d}"


def card_of(serial: int = 1) -> CardToBind:
    return CardToBind(card_number(serial), "BANK-A", Verification(Method.FOUR_ELEMENTS, f"V-{serial}", 1))


Opener = Callable[[], Scene]


def traces(who: Person, card: str) -> list[bytes]:
    """What of a person must not be found anywhere else."""
    values = [
        who.name,
        who.latin_name,
        who.identifier,
        who.phone,
        who.representative,
        who.representative_identifier,
    ]
    return [one.encode() for one in [*values, card] if one]


def bytes_under(directory: Path) -> bytes:
    """Every byte of every file under `directory`."""
    return b"".join(one.read_bytes() for one in sorted(directory.rglob("*")) if one.is_file())
