"""A few weeks of honest custom, and patterns planted in it: each typology once, and an honest look-alike of each.

Example::

    world = World(seed=3)
    world.fan_in("A", when=40 * DAY)
    columns = world.columns()
"""

import random

import numpy as np

from jinku.risk.graph.typologies.moves import MoveColumns

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_196_800_000_000
"""2026-01-01 00:00 in Shanghai."""
DAYS = 50
LAST = START + 45 * DAY
"""Where patterns are planted: the last days."""


class World:
    """Movements under construction; accounts are texts, "" is the outside."""

    def __init__(self, seed: int, people: int = 30) -> None:
        self.rng = random.Random(seed)
        self.rows: list[tuple[int, str, str, int, str]] = []
        self.people = [f"p{one}" for one in range(people)]
        shops = [f"shop{one}" for one in range(5)]
        for person in self.people:
            for day in range(DAYS):
                if day % 30 == 2:
                    self.pay(START + day * DAY + 9 * HOUR + self._minutes(60), "", person, 800_000)
                for _ in range(self.rng.choice((0, 1, 1, 2))):
                    at = START + day * DAY + self.rng.randint(8, 21) * HOUR + self._minutes(59)
                    self.pay(
                        at, person, self.rng.choice(shops), self.rng.randint(1_000, 20_000), f"d-{person}"
                    )
        for day in range(1, DAYS):
            for shop in shops:
                self.pay(START + day * DAY + 22 * HOUR, shop, "", 60_000 + self._minutes(9) // MINUTE)

    def _minutes(self, most: int) -> int:
        return self.rng.randint(0, most) * MINUTE

    def pay(self, at: int, payer: str, payee: str, amount: int, device: str = "") -> None:
        self.rows.append((at, payer, payee, amount, device))

    def columns(self, currency: str = "CNY") -> MoveColumns:
        """All movements in order of time, ids t0, t1…"""
        rows = sorted(self.rows)
        times, payers, payees, amounts, devices = zip(*rows, strict=True)
        ids = [f"t{one}" for one in range(len(rows))]
        texts = [np.array(one, np.object_) for one in (ids, payers, payees, devices)]
        return MoveColumns(
            texts[0], np.array(times), texts[1], texts[2], np.array(amounts, np.int64), texts[3], currency
        )

    # --- planted patterns -------------------------------------------------------------------------------------------

    def structuring(self, who: str) -> None:
        for hour in (9, 11, 14):
            self.pay(LAST + hour * HOUR, "", who, 4_800_000 - hour * 1_000)

    def pass_through(self, who: str) -> None:
        self.pay(LAST + 10 * HOUR, "", who, 9_000_000)
        self.pay(LAST + 15 * HOUR, who, "", 8_900_000)

    def fan_in(self, who: str) -> None:
        for one in range(10):
            self.pay(LAST + one * HOUR, f"stranger{one}", who, 300_000)
        self.pay(LAST + 20 * HOUR, who, "far", 2_800_000)

    def fan_out(self, who: str) -> None:
        self.pay(LAST, "far", who, 3_000_000)
        for one in range(10):
            self.pay(LAST + (1 + one) * HOUR, who, f"stranger{one}", 290_000)

    def scatter_gather(self, who: str) -> None:
        for one in range(4):
            self.pay(LAST + one * HOUR, who, f"mule{one}", 500_000)
            self.pay(LAST + (8 + one) * HOUR, f"mule{one}", "end", 480_000)

    def gather_scatter(self, who: str) -> None:
        for one in range(5):
            self.pay(LAST + one * HOUR, f"from{one}", who, 400_000)
            self.pay(LAST + (10 + one) * HOUR, who, f"to{one}", 390_000)

    def cycle(self, who: str) -> None:
        ring = [who, "r1", "r2", "r3", who]
        for step in range(4):
            self.pay(LAST + step * 5 * HOUR, ring[step], ring[step + 1], 700_000 - 10_000 * step)

    def dormant(self, who: str) -> None:
        self.pay(START + 3 * DAY, "", who, 50_000)
        self.pay(LAST + 9 * HOUR, "", who, 6_000_000)
        self.pay(LAST + 12 * HOUR, who, "far", 5_500_000)

    def round_amounts(self, who: str) -> None:
        for one in range(9):
            self.pay(LAST + one * 3 * HOUR, who, f"x{one % 4}", 100_000 * (1 + one % 5))

    def shared_device(self, who: str) -> None:
        for one in range(6):
            self.pay(LAST + one * HOUR, self.people[one], "shop1", 9_000, who)

    def velocity(self, who: str) -> None:
        for one in range(12):
            self.pay(LAST + 10 * HOUR + one * 4 * MINUTE, who, "shop2", 5_000)

    def night(self, who: str) -> None:
        for day in range(4):
            for hour in (1, 3):
                self.pay(LAST + (day - 3) * DAY + hour * HOUR, who, "shop3", 5_000 + day)

    def mule_ring(self, who: str) -> None:
        for one in range(4):
            mule = f"ring{one}"
            self.pay(LAST + one * HOUR, f"victim{one}", mule, 900_000)
            self.pay(LAST + (6 + one) * HOUR, mule, who, 880_000, f"phone{one // 2}")
            self.pay(LAST + (12 + one) * HOUR, mule, "shop4", 500, f"phone{(one + 1) % 4 // 2}")
        # Two phones of two mules each, and one mule who used both: one ring.

    # --- honest look-alikes -----------------------------------------------------------------------------------------

    def honest_structuring(self, who: str) -> None:
        """A shopkeeper's takings, well under the threshold; and one large deposit just under it."""
        for hour in (9, 13, 17):
            self.pay(LAST + hour * HOUR, "", who, 2_500_000)
        self.pay(LAST - DAY, "", who, 4_900_000)

    def honest_pass_through(self, who: str) -> None:
        """A firm that receives and pays as much every second day, as it always did."""
        for day in range(4, DAYS, 2):
            self.pay(START + day * DAY + 9 * HOUR, "", who, 9_000_000)
            self.pay(START + day * DAY + 18 * HOUR, who, "", 8_900_000)

    def honest_fan_in(self, who: str) -> None:
        """A wedding: many new payers, and the money stays."""
        for one in range(12):
            self.pay(LAST + one * HOUR, f"guest{one}", who, 88_800)

    def honest_fan_out(self, who: str) -> None:
        """Wages out of a balance that came weeks ago."""
        self.pay(LAST - 20 * DAY, "", who, 90_000_000)
        for one in range(15):
            self.pay(LAST + 9 * HOUR + one * MINUTE, who, f"worker{one}", 900_000)

    def honest_scatter_gather(self, who: str) -> None:
        """Gifts to children who later spend part of them in the same shop."""
        for one in range(4):
            self.pay(LAST + one * HOUR, who, f"child{one}", 500_000)
            self.pay(LAST + (8 + one) * HOUR, f"child{one}", "shop0", 120_000)

    def honest_gather_scatter(self, who: str) -> None:
        """A treasurer of a club who does the same every week."""
        for week in range(1, 7):
            for one in range(5):
                self.pay(START + week * 7 * DAY + one * HOUR, f"member{one}", who, 400_000)
                self.pay(START + week * 7 * DAY + (10 + one) * HOUR, who, f"teacher{one}", 390_000)

    def honest_cycle(self, who: str) -> None:
        """A refund; and three friends who pay each other very different amounts."""
        self.pay(LAST, who, "r1", 700_000)
        self.pay(LAST + HOUR, "r1", who, 700_000)
        for step, (a, b) in enumerate((("f1", "f2"), ("f2", "f3"), ("f3", "f1"))):
            self.pay(LAST + step * HOUR, a, b, 900_000 // (1 + 2 * step))

    def honest_dormant(self, who: str) -> None:
        """A saver returns, receives a sum, and keeps it."""
        self.pay(START + 3 * DAY, "", who, 50_000)
        self.pay(LAST + 9 * HOUR, "", who, 6_000_000)
        self.pay(LAST + 12 * HOUR, who, "shop1", 20_000)

    def honest_round_amounts(self, who: str) -> None:
        """A standing order of one round amount to one payee."""
        for one in range(9):
            self.pay(LAST + one * 3 * HOUR, who, "landlord", 100_000)

    def honest_shared_device(self, who: str) -> None:
        """A family of three with one tablet."""
        for one in range(3):
            self.pay(LAST + one * HOUR, self.people[one], "shop1", 9_000, who)

    def honest_velocity(self, who: str) -> None:
        """A vending machine's account that always pays fast."""
        for day in range(5, DAYS):
            for one in range(10):
                self.pay(START + day * DAY + 10 * HOUR + one * 5 * MINUTE, who, "supplier", 5_000)

    def honest_night(self, who: str) -> None:
        """A nurse on night shifts, every week the same."""
        for day in range(2, DAYS):
            for hour in (1, 3):
                self.pay(START + day * DAY + hour * HOUR, who, "canteen", 2_000)

    def honest_mule_ring(self, who: str) -> None:
        """A family with one tablet: incomes from outside, spending in many places, a little to the mother."""
        for one in range(4):
            self.pay(LAST + one * HOUR, "", f"kin{one}", 900_000)
            self.pay(LAST + (6 + one) * HOUR, f"kin{one}", who, 100_000, "tablet")
            for shop in range(4):
                self.pay(LAST + (12 + one) * HOUR + shop, f"kin{one}", f"shop{shop}", 180_000, "tablet")
