"""The resolution pack of a large house: how long it takes from the command to a checked, sealed folder.

Example::

    pack(100_000, scratch)  # {"pack_100k_s": Figure(41.0, "s", 120, lower_is_better=True), …}
"""

import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

from jinku.bench.report import Figure
from jinku.bootstrap import House, open_house
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.pack.deliver import Delivery, deliver
from jinku.custody.parties.people import Party, PeopleStore, Person
from jinku.custody.reports.fonts import find_fonts
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Role
from jinku.sim.names import person_name

CUSTOMERS = 100_000
BAR_S = 120
DAY = date(2026, 11, 20)
BATCH = 8_000
Progress = Callable[[str], None]


def run(customers: int, scratch: Path | None, progress: Progress) -> dict[str, Figure]:
    """Make a house of `customers` and its pack below `scratch`; the figure in seconds, for the number that the promise
    is about.

    What is timed: everything that `jinku pack make` does on an open house, the check of the finished pack included.
    """
    with tempfile.TemporaryDirectory(prefix="jinku-bench-pack-", dir=scratch) as directory:
        root = Path(directory)
        with open_house(root / "data", origin=f"jinku.local/{secrets.token_hex(4)}") as house:
            progress(f"a house of {customers:,} customers …")
            _populate(house, customers)
            progress("its resolution pack …")
            start = time.perf_counter()
            made = deliver(house, Delivery(root / "pack", find_fonts()))
            seconds = time.perf_counter() - start
        size = sum(path.stat().st_size for path in made.path.rglob("*") if path.is_file())
    bar = BAR_S if customers == CUSTOMERS else None
    return {
        "pack_100k_s" if customers == CUSTOMERS else f"pack_{customers}_s": Figure(
            seconds, "s", bar, lower_is_better=True
        ),
        "pack_mib": Figure(size / 2**20, "MiB"),
    }


def _populate(house: House, customers: int) -> None:
    """Customers with names and balances: two deposits each, from a fixed seed."""
    rng, chart = Random(7), Chart(1, 156)  # noqa: S311 - a seeded population, no secret
    desk = OrderDesk(house.ledger, chart)
    desk.open_entity()
    moment = time.time_ns() // 10**6
    serial = 0
    with PeopleStore.open(house.directory / "people.db") as people:
        for first in range(1, customers + 1, BATCH):
            numbers = range(first, min(first + BATCH, customers + 1))
            desk.open_parties(people.register([_party(rng, number) for number in numbers]))
            for _ in range(2):
                orders = []
                for number in numbers:
                    serial += 1
                    orders.append(
                        Deposit(
                            id=new_order_id(moment, serial),
                            day=DAY,
                            account=chart.account(Kind.INVESTOR, number),
                            amount=rng.randrange(1, 10_000_000),
                            reference=serial,
                        )
                    )
                desk.submit(orders)
    house.publish()


def _party(rng: Random, number: int) -> Party:
    name, latin = person_name(rng)
    person = Person(
        name, latin, "resident_id", f"9901001990{number:08d}", f"62140000{number:08d}", f"199{number:08d}"
    )
    return Party(number, Role.INVESTOR, person)
