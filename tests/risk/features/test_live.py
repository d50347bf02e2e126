"""Labels as events give what labels as a column, seen late, give: bit for bit, so one model serves both."""

import numpy as np
import pytest

from jinku.risk.events import EventBatch, LocalTime, payments, with_labels
from jinku.risk.events.columns import Column, keys
from jinku.risk.events.payments import numbered
from jinku.risk.features.duck import backtest
from jinku.risk.features.engine import Engine
from jinku.risk.features.errors import BadFeatures
from jinku.risk.features.reading import load, parse_toml

DAY = 86_400_000_000
DELAY = 7 * DAY
PLACE = LocalTime("UTC")
EVENTS = 6_000


def cards(seed: int) -> EventBatch:
    """Some customers at few terminals for 70 days, with much fraud."""
    random = np.random.default_rng(seed)
    times = 1_600_000_000_000_000 + np.unique(random.integers(0, 70 * DAY, EVENTS))
    count = len(times)
    customer = random.integers(0, 40, count)
    bad = random.random(count) < 0.06
    amount = (np.abs(random.normal(1 + customer % 7, 1, count)) * 1_000 * np.where(bad, 4, 1)).astype(
        np.int64
    )
    terminal = random.integers(0, 25, count)
    bad |= (terminal * 5 + times // DAY) % 31 < 6
    return payments(
        {
            "id": numbered(count),
            "time": Column.full(times),
            "customer": Column.full(keys(customer.tolist())),
            "terminal": Column.full(keys((terminal + 1_000).tolist())),
            "amount": Column.full(amount),
            "label": Column.full(bad),
        },
        PLACE,
    )


def test_label_events_give_what_the_late_column_gives() -> None:
    """K11: every event, every feature, bit for bit: NULLs, seconds since, and what filters ask of the payment."""
    batch = cards(3)
    late, live = load("cards"), load("cards_live")
    offline = Engine(late).step(batch).matrix()
    stream = with_labels(batch, DELAY, PLACE, fraud_only=False)
    kinds = np.array([kind == "label" for kind in stream.column("kind").to_list()])
    assert kinds.sum() == len(batch)
    assert stream.times[~kinds].tolist() == batch.times.tolist(), "no two met in a microsecond"
    online = Engine(live).step(stream).matrix()[~kinds]
    assert live.names == late.names
    for place, name in enumerate(live.names):
        assert np.array_equal(online[:, place], offline[:, place], equal_nan=True), name
    for name in ("terminal_run", "terminal_fraud_age", "terminal_frauds_30d", "terminal_clean_age"):
        assert np.nanmax(offline[:, live.names.index(name)]) > 0, name
    assert not stream.column("label").valid[~kinds].any(), "no payment has its outcome on it"


def test_duckdb_gives_the_same_from_label_events() -> None:
    batch = with_labels(cards(4)[:1_500], DELAY, PLACE, fraud_only=False)
    live = load("cards_live")
    assert backtest(live, batch).matrix().tobytes() == Engine(live).step(batch).matrix().tobytes()


def test_a_model_of_the_one_serves_the_other() -> None:
    late, live = load("cards"), load("cards_live")
    assert live.digest != late.digest
    assert live.of_column == late.digest
    assert not late.of_column


HEAD = '[set]\nname = "mine"\nlabels = "{}"\n[[feature]]\nname = "n"\nkey = "customer"\naggregate = "count"\n'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (HEAD.format("soon") + 'window = "7d"\n', "soon"),
        (HEAD.format("events") + 'window = "7d"\n', "events"),
        (HEAD.format("events") + 'window = "7d"\ndelay = "7d"\nfilter = "label AND hour < 5"\n', "hour"),
    ],
)
def test_what_label_events_cannot_give_is_refused(text: str, value: str) -> None:
    with pytest.raises(BadFeatures, match=value):
        parse_toml(text, "mine.toml")
