"""What the ledger, the log and the custody room write, checked by a verifier that shares no code with them."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.ledger.batches import SECOND, World

from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer, Signer
from jinku.custody.proof.attestation import SEAL_TOPIC_ATTESTATION
from jinku.custody.proof.building import Books, build
from jinku.custody.proof.kept import KeptTree
from jinku.custody.proof.receipt import Sealed, balance_receipt
from jinku.ledger import open_journal
from jinku.ledger.layout import u128
from jinku.ledger.model import CreateAccountStatus, CreateTransferStatus
from jinku.ledger.service import Ledger
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt
from jinku.verify import Trust, verify_balance_receipt, verify_log_directory, verify_receipt

ORIGIN = "ledger.example/whole"


class Clock:
    """A clock that shows what it was set to."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with open_journal(str(tmp_path / "ledger"), clock=clock) as ledger:
        yield ledger


@pytest.fixture
def publisher(tmp_path: Path, ledger: Ledger) -> Iterator[Publisher]:
    signers: list[Signer] = [Ed25519Signer.generate(ORIGIN), MlDsa44Signer.generate(ORIGIN)]
    with Publisher(tmp_path / "log", ORIGIN, signers, ledger) as publisher:
        yield publisher


def trust_of(publisher: Publisher) -> Trust:
    return Trust.of([str(key) for key in publisher.keys])


def live(world: World, ledger: Ledger, clock: Clock, batches: int) -> Counter[str]:
    """Some random batches, with time passing between them; how often each status was answered."""
    statuses: Counter[str] = Counter()
    for number in range(batches):
        clock.now += world.rng.choice((1, 1000, SECOND // 3, 2 * SECOND))
        if number % 8 == 0:
            accounts = world.accounts(clock.now) if number else world.founding()
            made = [answer.status for answer in ledger.create_accounts(accounts)]
            world.note(accounts, [status is CreateAccountStatus.CREATED for status in made])
            statuses.update(status.name for status in made)
        transfers = world.transfers(clock.now)
        answers = [answer.status for answer in ledger.create_transfers(transfers)]
        world.note(transfers, [status is CreateTransferStatus.CREATED for status in answers])
        statuses.update(status.name for status in answers)
    return statuses


@pytest.mark.parametrize("seed", range(6))
def test_random_histories_replay_without_a_finding(
    seed: int, tmp_path: Path, ledger: Ledger, publisher: Publisher, clock: Clock
) -> None:
    world = World(seed, timeouts=True)
    kept: list[bytes] = []
    for _ in range(4):
        live(world, ledger, clock, 25)
        kept.append(publisher.publish().encode())
    report = verify_log_directory(tmp_path / "log", trust_of(publisher), earlier=kept)
    assert report.findings == []
    assert (report.size, report.earlier_checkpoints, report.replayed) == (ledger.size(), len(kept), True)
    assert min(report.entries_by_kind[kind] for kind in ("account", "transfer", "burned_id")) > 0
    accounts = ledger.accounts_array()
    for number, sums in report.ledgers.items():
        rows = accounts[accounts["ledger"] == number]
        assert sums.accounts == len(rows)
        for name in ("debits_pending", "debits_posted", "credits_pending", "credits_posted"):
            assert getattr(sums, name) == sum(u128(rows, name))


def test_expiries_closings_and_imports_are_among_them(
    tmp_path: Path, ledger: Ledger, publisher: Publisher, clock: Clock
) -> None:
    statuses = live(World(99, timeouts=True), ledger, clock, 150)
    publisher.publish()
    report = verify_log_directory(tmp_path / "log", trust_of(publisher))
    assert report.findings == []
    assert report.entries_by_kind["expiry"] > 0
    assert {"ID_ALREADY_FAILED", "PENDING_TRANSFER_EXPIRED", "EXCEEDS_CREDITS", "EXISTS"} <= set(statuses)


def test_a_balance_is_proved_from_the_ledger_to_the_customer(
    tmp_path: Path, ledger: Ledger, publisher: Publisher, clock: Clock
) -> None:
    live(World(7), ledger, clock, 20)
    clock.now += 1
    accounts = ledger.accounts_array()
    ids, paid, got = (u128(accounts, name) for name in ("id", "debits_posted", "credits_posted"))
    balances = {
        f"customer-{name}": max(0, credit - debit)
        for name, debit, credit in zip(ids, paid, got, strict=True)
        if credit < 1 << 100
    }
    (tmp_path / "kept").mkdir()
    books = Books(
        entity=1,
        currency="CNY",
        day=date(2026, 11, 20),
        as_of=clock.now,
        ledger_size=ledger.size(),
        customers=list(balances),
        balances=list(balances.values()),
        ledger_total=sum(balances.values()),
    )
    statement = build(tmp_path / "kept", books)
    tree = KeptTree.open(tmp_path / "kept")
    sequence, _ = ledger.seal(statement.digest(), SEAL_TOPIC_ATTESTATION)
    publisher.publish()
    log = LogDirectory(tmp_path / "log")
    [entry] = ledger.read(sequence, 1)
    sealed = Sealed(entry, make_receipt(log, sequence, with_entry=False).encode().decode())
    for name, owed in balances.items():
        proved = verify_balance_receipt(
            balance_receipt(tree.proof(name), statement, sealed), trust_of(publisher)
        )
        assert (proved.customer, proved.balance, proved.liabilities) == (name, owed, statement.liabilities)


def test_every_entry_of_the_journal_has_a_receipt(
    tmp_path: Path, ledger: Ledger, publisher: Publisher, clock: Clock
) -> None:
    live(World(3), ledger, clock, 12)
    publisher.publish()
    log = LogDirectory(tmp_path / "log")
    for index, entry in enumerate(ledger.read(0, ledger.size())):
        proved = verify_receipt(make_receipt(log, index).encode(), None, trust_of(publisher))
        assert (proved.leaf, proved.index) == (entry, index)
