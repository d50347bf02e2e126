"""What the rooms of control data give to packs and to the monthly return."""

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.custody.pack.scene import CHART, DAY, HOUR, START, Scene, account, make_house

from jinku.bootstrap import House
from jinku.custody.breaks.desk import BreakDesk, BreakParts
from jinku.custody.channel.model import Deadlines, Instruction, Kind, Mode, State
from jinku.custody.channel.store import ChannelStore
from jinku.custody.closing.days import Books, DayBook
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.tables import POSITION
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.mandates import Mandate, MandateOffice, Method
from jinku.custody.pack.deliver import Delivery, deliver
from jinku.custody.reconciliation.breaks import Break, BreakClass, Outcome
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.run import Wanted, monthly_of

BOOKS = Books(1, 156)
RECORD, FINAL = (hashlib.sha256(word).hexdigest() for word in (b"record", b"reviewed"))


def a_break(name: str, amount: int) -> Break:
    return Break(
        kind=BreakClass.UNKNOWN_AT_BANK,
        outcome=Outcome.BANK_ONLY,
        reference=name,
        amount=amount,
        effect=amount,
        day=DAY,
        age_days=0,
        bank_lines=(),
        transfer_ids=(),
        evidence=("=1+1 seen on the statement",),
        account="6214-0001",
        currency="CNY",
        bank_ids=(f"st/{name}",),
    )


def close_a_day(house: House, scene: Scene, difference: int) -> None:
    """20 November, closed with a difference between requirement and resource."""
    book = DayBook(house.control, house.ledger, scene.clock)
    book.begin(BOOKS, CloseSettings("CN", "Asia/Shanghai", "16:00", "CN"), DAY, by="clerk-1")
    scene.clock.now = START + 8 * HOUR
    book.start(BOOKS, "clerk-1")
    with house.control.writing() as connection:
        row = {
            "entity": 1,
            "currency": 156,
            "day": DAY.isoformat(),
            "pool": "client_pool",
            "place": 0,
            "outcome": "shortfall",
            "requirement": "1000000",
            "resource": str(1_000_000 + difference),
            "difference": str(difference),
            "document": "{}",
            "explanation": "",
        }
        connection.execute(insert(POSITION).values(row))
    book.close(BOOKS, DAY, ("clerk-1", RECORD), ("clerk-2", FINAL))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A house with a closed day, a break, a mandate and an instruction under way."""
    made = make_house(tmp_path / "data")
    with made.open() as house:
        close_a_day(house, made, -4_200)
        BreakDesk(BreakParts(house.control, house.ledger, made.clock)).take_up(DAY, [a_break("R-1", 4_200)])
        MandateOffice(house.ledger, house.control, CHART, clock=made.clock).give(
            Mandate(
                number=3,
                account=account(1),
                types=frozenset({OrderType.BID}),
                per_order=50_000,
                total=200_000,
                valid_from=START,
                valid_until=START + 1_000 * HOUR,
                method=Method.SIGNATURE,
                evidence="signed-3",
                given_at=START,
            )
        )
        with ChannelStore(house.control).changing() as change:
            change.add([an_instruction()])
    return made


def an_instruction() -> Instruction:
    return Instruction(
        id=1 << 90,
        request_no=20_261_120_000_001,
        kind=Kind.PAYOUT,
        channel="custodian",
        account=account(4),
        amount=50_000,
        currency="CNY",
        payee="U-4",
        mode=Mode.NORMAL,
        state=State.UNKNOWN,
        maker="clerk-1",
        checker="clerk-2",
        deadlines=Deadlines(START, START + HOUR, START + 2 * HOUR, START + 3 * HOUR),
        created_at=START,
        sent_at=START + HOUR,
        attempts=1,
    )


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_room_has_its_table_in_the_pack(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    """R14: instructions in flight, breaks with age, closed days and mandates are in the pack."""
    with scene.open() as house:
        pack = deliver(house, Delivery(tmp_path / "pack", fonts)).path
    [broken] = table(pack, "breaks")
    assert (broken["amount"], broken["state"], broken["day"]) == ("42.00", "open 未处理", "2026-11-20")
    assert broken["evidence"].startswith("'=1+1")
    [waiting] = table(pack, "bank_instructions")
    assert (waiting["request_no"], waiting["amount"]) == ("20261120000001", "500.00")
    assert waiting["state"].startswith("unknown ")
    [day] = table(pack, "closed_days")
    assert (day["difference"], day["prepared_by"], day["reviewed_by"]) == ("-42.00", "clerk-1", "clerk-2")
    assert day["record"] == FINAL
    [mandate] = table(pack, "mandates")
    assert (mandate["total"], mandate["used"], mandate["evidence"]) == ("2000.00", "0.00", "signed-3")


def test_the_return_counts_days_shortfalls_and_breaks(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    """R16: reconciliations performed, shortfalls and excesses, breaks; a business day nobody closed is named."""
    with scene.open() as house:
        scene.clock.now = START + 24 * 4 * HOUR
        house.ledger.seal(bytes(32), 99)
        made = monthly_of(house, Wanted("2026-11", 1, "CNY", tmp_path / "return", fonts))
    figures = made.figures
    assert (figures["days_closed"], figures["reconciliations"]) == ("1", "1")
    assert (figures["shortfalls"], figures["shortfall_largest"], figures["excesses"]) == ("1", "42.00", "0")
    assert (figures["breaks"], figures["breaks_amount"]) == ("1", "42.00")
    [day] = table(tmp_path / "return", "closed_days")
    assert (day["difference"], day["breaks"]) == ("-42.00", "1")
    missing = " ".join(one.en for one in made.missing)
    assert date(2026, 11, 23).isoformat() in missing
    assert date(2026, 11, 20).isoformat() not in missing
