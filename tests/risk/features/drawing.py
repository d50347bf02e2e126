"""Random feature tables and random streams for them: few identities, edges of windows hit exactly, NULLs everywhere."""

from typing import Any

from hypothesis import strategies as st

from jinku.risk.events import Column, EventBatch, LocalTime, payments
from jinku.risk.events.payments import numbered
from jinku.risk.events.schema import PAYMENTS
from jinku.risk.features.building import Builder
from jinku.risk.features.definition import FeatureSet

SECOND = 1_000_000
GAPS = (
    1,
    2,
    SECOND,
    59 * SECOND,
    60 * SECOND - 1,
    60 * SECOND,
    240 * SECOND,
    3_600 * SECOND,
    86_400 * SECOND,
)
WINDOWS = ("1m", "5m", "1h", "1d", "3d", "day", "week", "month")
KEYS: tuple[Any, ...] = (
    "customer",
    "payer",
    "payee",
    "device",
    ["customer", "device"],
    ["payer", "currency"],
)
FILTERS = (
    "",
    "amount > 50",
    "night",
    "currency = 'CNY'",
    "payer <> payee",
    "label",
    "amount IS NULL OR hour > 12",
)
VALUES = ("amount", "log_amount", "coalesce(amount, hour)", "CASE WHEN night THEN 1 ELSE amount END", "hour")
COUNTED = ("device", "currency", "hour", "payee", "coalesce(device, terminal)", "greatest(amount, 51)")


@st.composite
def rows(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    """A row of the table; `names` are features above it, which filters may name."""
    aggregate = draw(
        st.sampled_from(
            [
                *("count", "sum", "mean", "std", "min", "max", "distinct", "first", "last"),
                *("since_first", "since_last", "novel", "ratio", "streak"),
            ]
        )
    )
    row: dict[str, Any] = {"aggregate": aggregate, "key": draw(st.sampled_from(KEYS))}
    row["window"] = draw(st.sampled_from(WINDOWS))
    row["stream"] = draw(st.sampled_from(["events", "events", "labels", "all"]))
    row["filter"] = draw(st.sampled_from(FILTERS))
    if len(names) > 0 and draw(st.booleans()):
        row["filter"] = f"{draw(st.sampled_from(names))} >= {draw(st.integers(0, 3))}"
    if isinstance(row["key"], str) and draw(st.integers(0, 1)):
        sides = st.sampled_from(["payer", "payee"])
        row["key"] = draw(sides)
        row["history"] = draw(st.lists(sides, min_size=1, max_size=2, unique=True))
    if aggregate in ("sum", "mean", "std", "min", "max", "first", "last", "ratio"):
        row["of"] = draw(st.sampled_from(VALUES))
    if aggregate == "distinct":
        one_side = row["key"] in ("customer", "payer", "payee")
        row["of"] = draw(st.sampled_from([*COUNTED, *(["other"] if one_side else [])]))
    if aggregate == "streak":
        row["reset"] = draw(st.sampled_from(["label", "amount > 80", "kind = 'label'"]))
    return _fitting(draw, row)


def _fitting(draw: st.DrawFn, row: dict[str, Any]) -> dict[str, Any]:
    """What goes together: no calendar with other sides, delays or ratios."""
    sided = row.get("history") not in (None, [row["key"]])
    if row["aggregate"] == "ratio":
        row["window"], row["base"] = draw(st.sampled_from([("1m", "1h"), ("1h", "3d")]))
    elif sided and row["window"] in ("day", "week", "month"):
        row["window"] = "1h"
    if row["aggregate"] == "novel":
        return row
    way = draw(st.sampled_from(["now", "before", "later"]))
    if way == "before":
        row["current"] = False
    elif way == "later" and row["window"] not in ("day", "week", "month"):
        row["delay"] = draw(st.sampled_from(["1s", "60s", "1h", "2d"]))
    return row


@st.composite
def feature_sets(draw: st.DrawFn, most: int = 10) -> FeatureSet:
    """A checked set of 1 to `most` base features with some derived."""
    builder = Builder(PAYMENTS, "drawn.toml")
    for at in range(draw(st.integers(1, most))):
        names = [one.name for one in builder.features if not one.hidden]
        row = draw(rows(names)) | {"name": f"f{at}", "hidden": at > 0 and draw(st.booleans())}
        builder.add(row, at)
        if names and draw(st.integers(0, 3)) == 0:
            text = f"f{at} / {draw(st.sampled_from(names))}"
            builder.add({"name": f"d{at}", "expression": text}, at)
    return FeatureSet("drawn", 1, PAYMENTS, tuple(builder.features))


@st.composite
def streams(draw: st.DrawFn, most: int = 40) -> EventBatch:
    """Up to `most` payments and label events."""
    count = draw(st.integers(1, most))

    def cells(choice: list[Any]) -> list[Any]:
        return draw(st.lists(st.sampled_from(choice), min_size=count, max_size=count))

    times, now = [], 1_767_225_600 * SECOND
    for gap in cells(list(GAPS)):
        now += gap
        times.append(now)
    people = [1, 2, 3, None]
    columns = {
        "id": numbered(count),
        "time": Column.of_integers(times),
        "kind": Column.of_texts(cells(["payment", "payment", "payout", "label", None])),
        **{name: Column.of_keys(cells(people)) for name in ("customer", "payer", "payee", "counterparty")},
        "device": Column.of_keys(cells(["a", "b", None])),
        "terminal": Column.of_keys(cells([1, 7])),
        "amount": Column.of_integers(cells([0, 1, 50, 51, 99, 99, 1 << 61, -(1 << 61), -7, None])),
        "currency": Column.of_texts(cells(["CNY", "USD", None])),
        "label": Column.of_booleans(cells([True, False, None])),
    }
    return payments(columns, LocalTime("Asia/Shanghai"))
