"""The table of features: what is read, what is refused and how it is said."""

from pathlib import Path

import pytest

from jinku.risk.features.definition import CONDITIONS_MAX, Base, Derived
from jinku.risk.features.engine import Engine
from jinku.risk.features.errors import BadFeatures, FeatureLimit
from jinku.risk.features.reading import load, parse_csv, parse_toml

HEAD = '[set]\nname = "t"\nversion = 1\n'
GOOD = {"name": '"n"', "key": '"customer"', "window": '"1h"', "aggregate": '"count"'}


def table(**cells: str) -> str:
    """A table of one feature with these cells, as TOML values; an empty one is left out."""
    rows = {name: value for name, value in (GOOD | cells).items() if value}
    return HEAD + "[[feature]]\n" + "".join(f"{name} = {value}\n" for name, value in rows.items())


def test_the_set_that_comes_with_the_package_is_large_enough_and_says_what_it_means() -> None:
    """K4: velocity, structuring, fan-in and -out, pass-through, dormancy, round amounts, night, sharing."""
    features = load("payments")
    assert len(features.names) >= 40
    assert all(feature.meaning for feature in features.outputs)
    for wanted in (
        "structuring_count_1d",
        "payee_sources_1d",
        "payer_targets_1d",
        "pass_through_7d",
        "dwell_seconds",
    ):
        assert wanted in features.names
    for wanted in (
        "dormant_then_active",
        "round_count_7d",
        "night_count_7d",
        "device_customers_1d",
        "new_device",
    ):
        assert wanted in features.names


def test_the_digest_covers_what_decides_a_value_and_nothing_else() -> None:
    """K10: a version is what it computes."""
    plain = parse_toml(table()).digest
    assert parse_toml(table(meaning='"another sentence"')).digest == plain
    changed = [
        table(window='"2h"'),
        table(key='"device"'),
        table(filter='"amount > 1"'),
        table(stream='"all"'),
        table(delay='"1s"'),
        table(current="false"),
        table(hidden="true"),
        table().replace("version = 1", "version = 2"),
    ]
    assert len({plain, *(parse_toml(text).digest for text in changed)}) == 1 + len(changed)


def test_a_csv_says_the_same_as_a_toml() -> None:
    text = (
        "name,key,windows,aggregate,of,current,expression\n"
        "n_{window},customer+device,1h day,sum,amount,false,\n"
        "r,,,,,,n_1h / n_day\n"
    )
    features = parse_csv(text, "mine.csv")
    assert (features.name, features.names) == ("mine", ("n_1h", "n_day", "r"))
    first, second, third = features.features
    assert isinstance(first, Base)
    assert isinstance(second, Base)
    assert (first.key, first.current, second.window.calendar) == (("customer", "device"), False, "day")
    assert isinstance(third, Derived)


def test_levels_add_up_to_how_far_back_an_event_may_look() -> None:
    second = (
        '[[feature]]\nname = "m"\nkey = "customer"\nwindow = "1h"\naggregate = "count"\nfilter = "n > 2"\n'
    )
    features = parse_toml(table(delay='"30m"') + second)
    assert [one.level for one in features.features] == [0, 1]
    assert features.reach == (90 + 60) * 60 * 1_000_000


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"aggregate": '"cuont"'}, ["n.aggregate", "cuont", "known are"]),
        ({"aggregate": ""}, ["n.aggregate", "needed"]),
        ({"key": '"custmer"'}, ["n.key", "custmer", "customer"]),
        ({"key": '["customer", "customer"]'}, ["n.key", "different"]),
        ({"key": '"night"'}, ["n.key", "night", "filter"]),
        ({"window": '"1y"'}, ["n.window", "1y", "s, m, h or d"]),
        ({"window": '"30s"'}, ["n.window", "30s", "60"]),
        ({"window": '"900d"'}, ["n.window", "900d", "366"]),
        ({"delay": '"day"'}, ["n.delay", "day"]),
        ({"filter": '"amuont > 1"'}, ["n.filter", "amuont"]),
        ({"filter": '"amount"'}, ["n.filter", "amount"]),
        ({"filter": '"(SELECT 1) > 0"'}, ["n.filter"]),
        ({"filter": '"n > 1"'}, ["n.filter"]),
        ({"aggregate": '"sum"'}, ["n.of", "needed with sum"]),
        ({"aggregate": '"sum"', "of": '"currency"'}, ["n.of", "VARCHAR", "BIGINT"]),
        ({"aggregate": '"sum"', "of": '"other"'}, ["n.of", "other", "distinct"]),
        ({"aggregate": '"streak"'}, ["n.reset", "streak"]),
        ({"aggregate": '"novel"', "delay": '"1d"'}, ["n.aggregate", "novel"]),
        ({"aggregate": '"ratio"', "of": '"amount"', "base": '"1m"'}, ["n.base", "1m", "longer than 1h"]),
        ({"aggregate": '"cycle"'}, ["n.hops"]),
        ({"window": '"day"', "delay": '"1h"'}, ["n.window", "delay"]),
        ({"history": '"amount"'}, ["n.history", "KEY"]),
        ({"name": '"Total"'}, ["Total.name", "a-z"]),
        ({"name": '"amount"'}, ["amount.name", "taken"]),
        ({"colour": '"red"'}, ["n.colour", "no column"]),
        ({"current": '"no"'}, ["n.current", "no"]),
        ({"stream": '"frauds"'}, ["n.stream", "frauds", "labels"]),
        ({"expression": '"1 + 1"'}, ["goes with", "expression"]),
    ],
)
def test_what_does_not_fit_is_one_error_with_file_feature_column_and_value(
    cells: dict[str, str], said: list[str]
) -> None:
    """K10: bad definitions are refused before they are published."""
    with pytest.raises(BadFeatures) as caught:
        parse_toml(table(**cells), "mine.toml")
    message = str(caught.value).replace("does not go with", "goes with")
    assert message.startswith("mine.toml: ")
    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[set", "no TOML"),
        (HEAD, "needs one"),
        (table().replace("[set]", "[sets]"), "neither"),
        (table().replace("version = 1", "version = true"), "version"),
        (table() + table().replace(HEAD, ""), "taken"),
        (HEAD + '[[feature]]\nname = "d"\nexpression = "currency"\n', "VARCHAR"),
        (table().replace("[set]", '[set]\nschema = "cheques"'), "cheques"),
    ],
)
def test_a_broken_file_is_one_error(text: str, said: str) -> None:
    with pytest.raises(BadFeatures, match=said):
        parse_toml(text, "mine.toml")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadFeatures, match=r"gone\.toml.*payments"):
        load(tmp_path / "gone.toml")
    bad = tmp_path / "bad.toml"
    bad.write_bytes(b"\xff\xfe")
    with pytest.raises(BadFeatures, match="UTF-8"):
        load(bad)
    with pytest.raises(BadFeatures, match="cells"):
        parse_csv("name,key\na\n", "short.csv")


def test_too_many_filters_over_one_identity_are_refused() -> None:
    rows = [
        f'[[feature]]\nname = "f{at}"\nkey = "customer"\nwindow = "1h"\naggregate = "count"\nfilter = "amount > {at}"\n'
        for at in range(CONDITIONS_MAX + 1)
    ]
    with pytest.raises(FeatureLimit, match=f"f{CONDITIONS_MAX}"):
        Engine(parse_toml(HEAD + "".join(rows)))
