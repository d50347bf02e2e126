"""A small house with known balances and names that try to break out, for packs and reports."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinku.bootstrap import House, open_house
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import (
    Bid,
    Deposit,
    Order,
    Release,
    Repayment,
    Share,
    Unidentified,
    Withdrawal,
    new_order_id,
)
from jinku.custody.parties.people import Party, PeopleStore, Person
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Role

DAY = date(2026, 11, 20)
START = 1_795_140_000_000_000_000
"""2026-11-20T10:00:00+08:00 in ns."""
HOUR = 3_600 * 10**9
CHART = Chart(1, 156)
EVIL = '=HYPERLINK("http://x/","|pay")\u202egpj'
NAMES = ("张伟", "王𠮷🙂", EVIL, "../../etc/passwd", '#read("main.typ")', "深圳某某科技有限公司")
ROLES = (Role.INVESTOR, Role.INVESTOR, Role.INVESTOR, Role.INVESTOR, Role.BORROWER, Role.MERCHANT)
OWED = {1: 1_000_000 - 300_000 + 100_000 + 1_499, 2: 500_000 - 100_000 + 33_333 + 500, 3: 7, 4: 250_000, 6: 0}


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: int = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Scene:
    """The house on disk, and its clock."""

    directory: Path
    clock: Clock
    serial: int = 0

    def open(self) -> House:
        """Open the house."""
        return open_house(self.directory, origin="jinku.test/pack", clock=self.clock)

    def number(self) -> int:
        """A new order id."""
        self.serial += 1
        return new_order_id(self.clock.now // 10**6, self.serial)

    def submit(self, house: House, *orders: Order) -> None:
        """Book orders; none may be refused."""
        outcome = OrderDesk(house.ledger, CHART).submit(orders)
        assert not outcome.refused, outcome.refused


def account(party: int) -> int:
    """The account of one of the scene's parties."""
    return CHART.account(Kind[ROLES[party - 1].name], party)


def make_house(directory: Path) -> Scene:
    """Deposits, a loan released and in part repaid, a withdrawal under way, money of nobody known."""
    scene = Scene(directory, Clock())
    with scene.open() as house:
        desk = OrderDesk(house.ledger, CHART)
        desk.open_entity()
        with PeopleStore.open(directory / "people.db") as people:
            desk.open_parties(people.register([_party(number) for number in range(1, 7)]))
        for party, amount in ((1, 1_000_000), (2, 500_000), (3, 7), (4, 250_000)):
            scene.submit(
                house,
                Deposit(id=scene.number(), day=DAY, account=account(party), amount=amount, reference=party),
            )
        scene.submit(house, Unidentified(id=scene.number(), day=DAY, amount=1_234, reference=99))
        scene.clock.now += HOUR
        bids = [
            Bid(
                id=scene.number(),
                day=DAY,
                subject=77,
                investor=account(party),
                borrower=account(5),
                amount=amount,
            )
            for party, amount in ((1, 300_000), (2, 100_000))
        ]
        scene.submit(house, *bids)
        scene.submit(
            house,
            Release(
                id=scene.number(),
                day=DAY,
                subject=77,
                borrower=account(5),
                holds=tuple(b.hold for b in bids),
                fee=4_000,
            ),
        )
        scene.clock.now += HOUR
        shares = (Share(account(1), 300_000), Share(account(2), 100_000))
        scene.submit(
            house,
            Repayment(
                id=scene.number(),
                day=DAY,
                subject=77,
                payer=account(5),
                shares=shares,
                principal=133_333,
                interest=1_999,
            ),
        )
        scene.submit(
            house, Withdrawal(id=scene.number(), day=DAY, account=account(4), amount=50_000, reference=555)
        )
    return scene


def _party(number: int) -> Party:
    company = ROLES[number - 1] is Role.MERCHANT
    return Party(
        number,
        ROLES[number - 1],
        Person(
            NAMES[number - 1],
            f"Name {number}",
            "credit_code" if company else "resident_id",
            f"99010019900101{number:04d}",
            f"62140000000{number:05d}",
            f"1990000{number:04d}",
        ),
    )
