"""A ledger with a clock that the test sets, a bank that writes statements, and a desk that closes days."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinku.base.clock import NS_PER_SECOND, from_rfc3339
from jinku.base.currency import currency
from jinku.base.database import Database
from jinku.custody.closing.days import Books, Day, DayBook
from jinku.custody.closing.desk import CloseDesk, DeskParts
from jinku.custody.closing.inputs import Given
from jinku.custody.closing.record import SEAL_TOPIC_CLOSE
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.three_sides import reconcile_day
from jinku.custody.closing.vault import Vault
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.reconciliation.breaks import Break
from jinku.custody.statements.formats.camt.write import write
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Kind, Movement, Role
from jinku.custody.structure.template import load_structure
from jinku.ledger import Ledger
from jinku.ledger.layout import SEAL, EntryKind
from jinku.ledger.model import CreateTransferStatus, Transfer
from jinku.ledger.opening import open_journal

FIRST = date(2026, 11, 19)
"""A Thursday."""
LONDON = CloseSettings("UK", "Europe/London", "17:00", "UK")
BOOKS = Books(1, 826)
PARTY = 7
PLACED = {"GB00POOL": "BANK_MIRROR"}


@dataclass
class SetClock:
    """A clock that stands until it is moved; each reading is a nanosecond later than the one before."""

    now: int = field(default_factory=lambda: from_rfc3339("2026-11-19T09:00:00Z"))

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def to(self, text: str) -> None:
        """Set it to an RFC 3339 time."""
        self.now = from_rfc3339(text)

    def forward(self, seconds: int) -> None:
        """Move it on."""
        self.now += seconds * NS_PER_SECOND


@dataclass
class Bank:
    """The bank's side of one account, written as camt.053."""

    number: str = "GB00POOL"
    balance: int = 0
    lines: list[StatementEntry] = field(default_factory=list)

    def line(self, reference: int, amount: int, direction: Direction, day: date) -> None:
        """Book one line on `day`."""
        self.lines.append(
            StatementEntry(
                reference=f"B{len(self.lines)}-{reference}",
                amount=amount,
                direction=direction,
                booked=day,
                end_to_end_id=str(reference),
            )
        )

    def statement(self, day: date, extra: int = 0) -> bytes:
        """The statement of `day`; with `extra` minor units more that nobody knows of."""
        entries = [one for one in self.lines if one.booked == day]
        if extra:
            entries.append(StatementEntry("EXTRA", extra, Direction.CREDIT, day))
        opening = self.balance + sum(one.signed for one in self.lines if one.booked < day)
        return write(
            [
                Statement(
                    account=self.number,
                    currency=currency("GBP"),
                    sequence=day.toordinal() - FIRST.toordinal() + 1,
                    message_id=f"M-{self.number}-{day}-{extra}",
                    opening=opening,
                    closing=opening + sum(one.signed for one in entries),
                    entries=tuple(entries),
                    from_date=day,
                    to_date=day,
                    statement_id=f"S-{day}",
                    created=from_rfc3339(f"{day}T18:00:00Z"),
                )
            ]
        )


@dataclass
class Taken:
    """Where breaks go in a test."""

    taken: list[Break] = field(default_factory=list)

    def take_up(self, day: date, breaks: Sequence[Break], books: tuple[int, int]) -> None:
        """Keep them."""
        self.taken = list(breaks)


@dataclass
class Scene:
    """All that a test of closing needs."""

    clock: SetClock
    ledger: Ledger
    database: Database
    book: DayBook
    vault: Vault
    desk: CloseDesk
    breaks: Taken
    chart: Chart
    serial: int = 0

    @property
    def structure(self) -> Structure:
        """Whose money lies where."""
        return self.chart.structure

    def move(self, debit: int, credit: int, amount: int, day: date, movement: Movement) -> int:
        """Book one transfer that names `day`; its reference at the bank."""
        self.serial += 1
        line = Transfer(
            id=self.serial,
            debit_account_id=debit,
            credit_account_id=credit,
            amount=amount,
            user_data_64=self.serial,
            user_data_32=day.year * 10_000 + day.month * 100 + day.day,
            ledger=self.chart.currency,
            code=movement,
        )
        [result] = self.ledger.create_transfers([line])
        assert result.status is CreateTransferStatus.CREATED
        return self.serial

    @property
    def bank(self) -> int:
        """The account that mirrors the client pool's bank account."""
        return self.chart.account(Kind.BANK_MIRROR)

    @property
    def customer(self) -> int:
        """A customer's account."""
        return self.chart.account(Kind.CUSTOMER, PARTY)

    def deposit(self, day: date, amount: int) -> int:
        """A customer's money reaches the bank."""
        return self.move(self.bank, self.customer, amount, day, Movement.DEPOSIT)

    def payout(self, day: date, amount: int) -> int:
        """A customer's money leaves the bank."""
        return self.move(self.customer, self.bank, amount, day, Movement.WITHDRAWAL)

    def start(self, files: Sequence[bytes]) -> Day:
        """Start the earliest day with statements of the client pool's bank account."""
        named = [(f"{number}.xml", data) for number, data in enumerate(files)]
        return self.desk.start(BOOKS, Given(named, accounts=PLACED), self.structure, "clerk-1")

    def close(self, bank: Bank, day: date, file: bytes | None = b"") -> tuple[Day, bytes]:
        """Close `day` with the bank's statement (none where `file` is None), and go on to the next morning."""
        self.clock.to(f"{day}T18:00:00Z")
        data = bank.statement(day) if file == b"" else file
        self.start([data] if data else [])
        self.desk.finish(BOOKS, "clerk-1")
        return self.desk.review(BOOKS, "clerk-2")

    def seals(self, digest: str) -> list[int]:
        """The log's entries that seal `digest` as a close record."""
        entries = self.ledger.entries(0, self.ledger.size())
        found = []
        for number in range(len(entries)):
            if entries["kind"][number] == EntryKind.SEAL:
                seal = entries["event"][number : number + 1].copy().view(SEAL)[0]
                if bytes(seal["digest"]).hex() == digest and seal["topic"] == SEAL_TOPIC_CLOSE:
                    found.append(number)
        return found

    def sealed(self, digest: str) -> bool:
        """Whether the log has it once."""
        return len(self.seals(digest)) == 1


@contextmanager
def scene_in(directory: Path, database: Database) -> Iterator[Scene]:
    """A scene with a UK institution, one customer, and a day book that begins on `FIRST`."""
    clock = SetClock()
    chart = Chart(1, 826, load_structure("uk-safeguarding"))
    with open_journal(directory / "ledger", clock=clock) as ledger:
        orders = OrderDesk(ledger, chart)
        orders.open_entity()
        orders.open_parties([Opening(PARTY, Role.CUSTOMER, 0)])
        book = DayBook(database, ledger, clock)
        vault = Vault(directory / "closes")
        breaks = Taken()
        parts = DeskParts(database, book, ledger, vault, reconcile_day, breaks, clock)
        book.begin(BOOKS, LONDON, FIRST, by="clerk-1")
        yield Scene(clock, ledger, database, book, vault, CloseDesk(parts), breaks, chart)
