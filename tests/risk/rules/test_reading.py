"""A wrong rule refuses its file, by line, rule and field; what is right is read as written."""

from pathlib import Path

import pytest
from tests.risk.rules.world import NAMESPACE, text_of

from jinku.risk.rules import BadRules, Outcome, load, read_rules
from jinku.risk.rules.reading import FILE_BYTES_MAX, RULES_MAX

GOOD = text_of("amount > 5 -> hold")
REFUSED = [
    (GOOD.replace("amount", "amont"), 4, "no field or feature amont"),
    (GOOD.replace('"amount > 5"', '"""\namount > 5\n  AND nigth"""'), 6, "no field or feature nigth"),
    (GOOD.replace("hold", "block"), 2, "is no outcome"),
    (GOOD.replace("score = 10", "score = 1001"), 2, "no whole number"),
    (GOOD.replace("score = 10", "score = true"), 2, "no whole number"),
    (GOOD.replace("score", "scor"), 2, "is no part of a rule"),
    (GOOD.replace('reason = "r0"\n', ""), 2, "is needed"),
    (GOOD.replace('name = "r0"', 'name = "R 0"'), 2, "is no name"),
    (GOOD + "shadow = 'yes'\n", 2, "neither true nor false"),
    (GOOD + "from = '2026-01-01'\n", 2, "no moment with its offset"),
    (GOOD + "from = 2026-01-01T00:00:00\n", 2, "no moment with its offset"),
    (GOOD + "from = 2026-02-01T00:00:00Z\nuntil = 2026-02-01T00:00:00Z\n", 2, "is not after from"),
    (GOOD + GOOD.split("\n", 1)[1], 9, "is the name of a rule above"),
    (GOOD + "broken", 10, "is not TOML"),
    (GOOD.replace("score = 10", "score = "), 6, "is not TOML"),
    ("name = 'x'\n", 0, "is not 1 to"),
    ("rule = 3\nname = 'x'\n", 0, "is no list of tables"),
    ("name = 'x'\nother = 1\n" + GOOD.split("\n", 1)[1], 0, "is no part of a rule set"),
    (text_of(*["amount > 1 -> hold"] * (RULES_MAX + 1)), 0, "is not 1 to"),
]


@pytest.mark.parametrize(("text", "line", "problem"), REFUSED)
def test_a_wrong_rule_is_named_by_file_line_and_field(text: str, line: int, problem: str) -> None:
    """K10: a bad rule or unknown field refuses the whole set, in one clear error."""
    with pytest.raises(BadRules) as caught:
        read_rules(text, NAMESPACE, "my.toml")
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"my.toml:{line}:" if line else "my.toml:")


def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match="cannot be read"):
        load(tmp_path / "none.toml", NAMESPACE)
    (tmp_path / "latin.toml").write_bytes("name = 'é'".encode("latin-1"))
    with pytest.raises(BadRules, match="not UTF-8"):
        load(tmp_path / "latin.toml", NAMESPACE)
    (tmp_path / "huge.toml").write_bytes(b"#" * (FILE_BYTES_MAX + 1))
    with pytest.raises(BadRules, match="more than"):
        load(tmp_path / "huge.toml", NAMESPACE)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    text = text_of(
        "amount > 5 -> deny -> typology = 'velocity' -> from = 2026-12-01T00:00:00+08:00", "night -> allow"
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    one, other = load(tmp_path / "mine.toml", NAMESPACE).rules
    assert (one.outcome, one.score, one.typology, other.outcome) == (
        Outcome.DENY,
        10,
        "velocity",
        Outcome.ALLOW,
    )
    assert one.document()["from"] == "2026-11-30T16:00:00Z"
    assert other.document()["until"] is None
