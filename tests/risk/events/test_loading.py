"""Events from files of any column names and from a real ledger's journal."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from jinku.bootstrap import open_house
from jinku.ledger.layout import ACCOUNT, TRANSFER
from jinku.ledger.model import TransferFlags
from jinku.risk.events import LocalTime, key_number
from jinku.risk.events.errors import BadEvents
from jinku.risk.events.from_ledger import LedgerReading, ledger_events
from jinku.risk.events.from_table import CARD_FRAUD, PLAIN, TableShape, read_table
from jinku.risk.features.engine import Engine
from jinku.risk.features.reading import load

CARDS = (
    Path(__file__).parents[4] / "shared" / "data" / "card-fraud" / "transactions-2018-04-01-to-07-31.parquet"
)


def cards(path: Path) -> Path:
    rows = (
        "(VALUES (7, TIMESTAMP '2031-05-01 10:00:00', 5, 9, 12.34, 0),"
        " (5, TIMESTAMP '2031-04-30 23:59:59', 5, 8, 0.07, 1), (6, TIMESTAMP '2031-05-01 10:00:00', 6, 9, 3.00, 0))"
        " t(TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD)"
    )
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM {rows}) TO '{path}' (FORMAT parquet)")
    return path


def test_card_payments_of_any_date_are_read_in_order_of_time_then_of_the_file(tmp_path: Path) -> None:
    batch = read_table(cards(tmp_path / "cards.parquet"), CARD_FRAUD)
    assert batch.column("id").to_list() == [5, 7, 6]
    assert (batch.times[2] - batch.times[1], batch.times[1] % 86_400_000_000) == (1, 36_000_000_000)
    assert batch.column("amount").to_list() == [7, 1234, 300]
    assert batch.column("label").to_list() == [True, False, False]
    assert batch.column("customer").to_list() == [5, 5, 6]


def test_a_csv_may_name_its_columns_as_it_likes(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("who,when,cents,coin\nanna,2026-01-02 03:04:05,5,CNY\n,2026-01-02 03:04:06,,\n")
    shape = TableShape({"customer": "who", "time": "when", "amount": "cents", "currency": "coin"})
    batch = read_table(path, shape, LocalTime("Asia/Shanghai"))
    assert batch.column("customer").to_list() == [key_number("anna"), None]
    assert batch.column("amount").to_list() == [5, None]
    assert batch.column("currency").to_list() == ["CNY", None]
    assert batch.column("hour").to_list() == [11, 11]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("when,amount\n2026-01-01 00:00:00,1\n", "time"),
        ("time,amount\nyesterday,1\n", "cannot be read"),
        ("time,amount\n2026-01-01 00:00:00,much\n", "cannot be read"),
        ("time,amount\n,1\n2026-01-01 00:00:00,1\n", "missing in a row"),
        ("time,customer\n2026-01-01 00:00:00,-4\n", "below 0"),
        ("time,amount\n", "no rows"),
    ],
)
def test_a_file_that_does_not_fit_is_one_clear_error(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(BadEvents, match=wrong):
        read_table(path, PLAIN)


def test_half_a_parquet_file_and_a_missing_column_are_named(tmp_path: Path) -> None:
    path = cards(tmp_path / "cards.parquet")
    half = tmp_path / "half.parquet"
    half.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadEvents, match=r"half\.parquet: cannot be read"):
        read_table(half, CARD_FRAUD)
    with pytest.raises(BadEvents, match="WHERE"):
        read_table(path, TableShape({"time": "TX_DATETIME", "address": "WHERE"}))


@pytest.mark.skipif(not CARDS.exists(), reason="the shared card data is not here")
def test_the_shared_card_payments_are_read_whole() -> None:
    batch = read_table(CARDS, CARD_FRAUD)
    assert len(batch) == 1_169_723
    assert int(batch.column("label").values.sum()) > 5_000


def test_the_ledgers_journal_gives_the_same_events_however_it_is_read(tmp_path: Path) -> None:
    """K2: the engine's state is rebuilt from the log."""
    with open_house(tmp_path / "house") as house:
        accounts = np.zeros(20, ACCOUNT)
        accounts["id_lo"], accounts["ledger"], accounts["code"] = np.arange(1, 21), 156, 1
        house.ledger.create_accounts_array(accounts)
        random = np.random.default_rng(5)
        rows = np.zeros(600, TRANSFER)
        rows["id_lo"] = np.arange(1, 601)
        rows["debit_account_id_lo"] = random.integers(1, 11, 600)
        rows["credit_account_id_lo"] = random.integers(11, 21, 600)
        rows["amount_lo"], rows["ledger"], rows["code"] = random.integers(1, 999, 600), 156, 4
        rows["user_data_64"] = random.integers(0, 3, 600)
        rows["flags"][10] = TransferFlags.PENDING
        house.ledger.create_transfers_array(rows)
        post = rows[:1].copy()
        post["id_lo"], post["pending_id_lo"], post["flags"] = 9_999, 11, TransferFlags.POST_PENDING_TRANSFER
        for name in ("debit_account_id_lo", "credit_account_id_lo", "amount_lo", "user_data_64"):
            post[name] = rows[name][10]
        house.ledger.create_transfers_array(post)
        house.ledger.seal(b"\1" * 32, 12)
        reading = LedgerReading({**LedgerReading().fields, "device": "user_data_64"}, {4: "payment"})
        place, features = LocalTime(), load("payments")
        once, again = Engine(features), Engine(features)
        [events] = ledger_events(house.ledger, reading, place)
        assert once.rebuild([events]) == 600
        journal = house.ledger

        class Piecemeal:
            def entries(self, first: int, count: int) -> np.ndarray:
                return journal.entries(first, min(count, 37))

        assert again.rebuild(ledger_events(Piecemeal(), reading, place)) == 600
    assert once.snapshot() == again.snapshot()
    assert events.column("currency").to_list()[0] == "CNY"
    assert events.column("kind").to_list()[0] == "payment"
    assert not events.column("device").valid.all()
    assert events.column("payer").to_list() == rows["debit_account_id_lo"].tolist()
