"""Small labelled worlds for models: seeded, with frauds that features can find."""

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

FIRST_DAY = dt.date(2021, 3, 1)


def matrix(seed: int = 0, rows: int = 3_000) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features with gaps and zeros, and outcomes that follow from the first two."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 5))
    fraud = values[:, 0] + values[:, 1] > 1.5
    values[random.random(values.shape) < 0.1] = np.nan
    values[random.random(values.shape) < 0.1] = 0.0
    return values, fraud


def card_file(
    path: Path, days: int = 40, customers: int = 300, seed: int = 0, text_ids: bool = False
) -> Path:
    """Payments with stolen cards and bad terminals, in the shape of the Handbook's files, other dates than those."""
    random = np.random.default_rng(seed)
    means = random.uniform(10, 100, customers)
    rows = []
    for customer in range(customers):
        stolen = random.integers(0, days) if random.random() < 0.25 else days + 1
        for day in range(days):
            for _ in range(random.poisson(2)):
                amount = abs(random.normal(means[customer], means[customer] / 3))
                terminal = int(random.integers(0, 150))
                bad_from = (terminal * 7) % (days * 6)
                thief = stolen <= day < stolen + 10 and random.random() < 0.4
                fraud = thief or bad_from <= day < bad_from + 15
                second = int(random.integers(0, 86_400))
                rows.append((day * 86_400 + second, customer, terminal, amount * (5 if thief else 1), fraud))
    rows.sort()
    start = dt.datetime.combine(FIRST_DAY, dt.time())
    with duckdb.connect() as connection:
        kind = "VARCHAR" if text_ids else "BIGINT"
        connection.execute(f"CREATE TABLE cards (s BIGINT, c {kind}, t {kind}, a DOUBLE, f INTEGER)")
        whole = np.array(rows, np.float64)
        names = dict(zip("sctaf", whole.T, strict=True))
        connection.register("raw", dict(names))
        connection.execute("INSERT INTO cards SELECT s, c::BIGINT, t::BIGINT, a, f FROM raw")
        connection.execute(
            f"COPY (SELECT row_number() OVER () AS TRANSACTION_ID, TIMESTAMP '{start}' + to_seconds(s) AS TX_DATETIME, "
            f"c AS CUSTOMER_ID, t AS TERMINAL_ID, round(a, 2) AS TX_AMOUNT, f AS TX_FRAUD FROM cards) "
            f"TO '{path}' (FORMAT parquet)"
        )
    return path
