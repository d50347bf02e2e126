"""Each typology is found where it was planted, and not in an honest look-alike."""

import json
from pathlib import Path

import pytest
from tests.risk.graph.planted import DAY, DAYS, HOUR, LAST, START, World
from typer.testing import CliRunner

from jinku.base.errors import InputError
from jinku.cli.main import app
from jinku.risk.graph.errors import BadTypology
from jinku.risk.graph.typologies.detectors import DETECTORS, detect
from jinku.risk.graph.typologies.finding import EVIDENCE_MAX, Finding
from jinku.risk.graph.typologies.moves import MoveColumns, Moves, read_moves
from jinku.risk.graph.typologies.queries import Period
from jinku.risk.graph.typologies.table import built_in, load_table

PERIOD = Period(START + 35 * DAY, START + DAYS * DAY)
SUBJECT = {"scatter_gather": "payer", "mule_ring": "head"}


def found_in(columns: MoveColumns, *keys: str, period: Period = PERIOD) -> tuple[Finding, ...]:
    with Moves(columns) as moves:
        return detect(moves, period, load_table(), keys).findings


@pytest.mark.parametrize("key", DETECTORS)
def test_a_planted_pattern_is_found_with_its_evidence(key: str) -> None:
    """K4: the typology planted in weeks of honest custom is found, once, and its evidence are the planted transfers."""
    world = World(seed=5)
    honest = len(world.rows)
    getattr(world, key)("villain")
    columns = world.columns()
    planted = {
        name
        for name, *row in zip(
            columns.id,
            columns.time,
            columns.payer,
            columns.payee,
            columns.amount,
            columns.device,
            strict=True,
        )
        if tuple(row) in {tuple(one) for one in world.rows[honest:]}
    }
    found = found_in(columns, key)
    assert [one.subject for one in found] == ["villain"]
    (one,) = found
    assert 50 <= one.score <= 100
    assert one.evidence
    assert set(one.evidence) <= planted
    assert len(one.evidence) >= len(planted) / 3
    assert PERIOD.first <= one.first <= one.last < PERIOD.end
    for chinese in (False, True):
        assert "{" not in one.text(chinese=chinese)
    json.dumps(one.document())


@pytest.mark.parametrize("key", DETECTORS)
def test_an_honest_look_alike_is_not(key: str) -> None:
    """K4: what merely looks like it, and the honest custom of weeks, is not found."""
    world = World(seed=6)
    getattr(world, f"honest_{key}")("saint")
    assert found_in(world.columns(), key) == ()


def test_what_is_usual_comes_from_before_the_period_and_what_was_before_is_not_found() -> None:
    world = World(seed=7)
    world.fan_in("villain")
    columns = world.columns()
    assert found_in(columns, "fan_in", period=Period(LAST + 11 * HOUR, PERIOD.end)) == ()
    assert found_in(columns, "fan_in", period=Period(LAST, LAST + 5 * HOUR)) == ()


def test_the_same_movements_give_the_same_findings_whatever_their_order() -> None:
    world = World(seed=8)
    for key in DETECTORS:
        getattr(world, key)(f"villain-{key}")
    columns = world.columns()
    fields = ("id", "time", "payer", "payee", "amount", "device")
    backwards = columns._replace(**{name: getattr(columns, name)[::-1] for name in fields})
    first = found_in(columns)
    assert {one.typology.key for one in first} == set(DETECTORS)
    assert [one.document() for one in first] == [one.document() for one in found_in(backwards)]
    assert len({one.key for one in first}) == len(first)
    assert all(len(one.digests()) == len(one.evidence) <= EVIDENCE_MAX for one in first)


def test_without_devices_what_needs_them_is_named_and_not_looked_for() -> None:
    world = World(seed=9, people=3)
    world.rows = [(*row[:4], "") for row in world.rows]
    with Moves(world.columns("JPY")) as moves:
        report = detect(moves, PERIOD, load_table()).document()
    assert set(report["not_looked_for"]) == {"shared_device", "mule_ring", "structuring"}


def test_an_unknown_typology_and_an_empty_period_are_refused() -> None:
    with Moves(World(seed=1, people=2).columns()) as moves:
        with pytest.raises(BadTypology, match="no typology"):
            detect(moves, PERIOD, load_table(), ("usury",))
        with pytest.raises(BadTypology, match="empty"):
            detect(moves, Period(5, 5), load_table())


def test_the_table_has_a_row_a_detector_in_both_languages_with_a_source() -> None:
    table = built_in()
    assert list(table.rows) == list(DETECTORS)
    for key, detector in DETECTORS.items():
        assert detector.__doc__
        assert table.rows[key].source
        assert any("一" <= letter <= "鿿" for letter in table.rows[key].chinese)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version = 1", "version = 0", "version"),
        ("others_min = 6", "others_min = -6", "above 0"),
        ("near_share = 0.8", 'near_share = "0.8"', "above 0"),
        ("near_share = 0.8", "", "structuring.near_share"),
        ("near_share = 0.8", "nearly = 1\nnear_share = 0.8", "structuring.nearly"),
        ("[velocity]", "[speed]", "velocity"),
        ('chinese = "短时高频"', 'chinese = ""', "velocity.chinese"),
        ("[velocity]", "[velocity", "TOML"),
    ],
)
def test_a_bad_table_is_one_clear_error(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = (Path(__file__).parents[3] / "src/jinku/risk/graph/typologies/table.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "table.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        load_table(path)


def test_another_table_changes_what_is_found(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "src/jinku/risk/graph/typologies/table.toml").read_text("utf-8")
    path = tmp_path / "strict.toml"
    path.write_text(text.replace("others_min = 6", "others_min = 11"), encoding="utf-8")
    world = World(seed=5)
    world.fan_in("villain")
    with Moves(world.columns()) as moves:
        assert detect(moves, PERIOD, load_table(path), ("fan_in",)).findings == ()
    assert load_table(path).digest != built_in().digest


def write(columns: MoveColumns, path: Path) -> Path:
    rows = zip(*columns[:-1], strict=True)
    lines = (
        f"{one},{at},{payer},{payee},{amount},{device}" for one, at, payer, payee, amount, device in rows
    )
    path.write_text("id,time,payer,payee,amount,device\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_movements_come_from_csv_as_they_were_written(tmp_path: Path) -> None:
    columns = World(seed=2, people=2).columns()
    again = read_moves(write(columns, tmp_path / "moves.csv"))
    assert [one.tolist() for one in again[:-1]] == [one.tolist() for one in columns[:-1]]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("t9,yesterday,a,b,5", r"moves.csv:3: time='yesterday'"),
        ("t9,2026-01-02T00:00:00Z,a,b,5.5", r"moves.csv:3: amount='5.5'"),
        ("t9,2026-01-02T00:00:00Z,a,b,-5", r"moves.csv:3: amount='-5'"),
        ("t9,2026-01-02T00:00:00Z,,,5", r"moves.csv:3: payer=''"),
        (",2026-01-02T00:00:00Z,a,b,5", r"moves.csv:3: id=''"),
        ("t9,2026-01-02T00:00:00Z,a", "CSV"),
    ],
)
def test_a_bad_line_of_movements_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "moves.csv"
    path.write_text(f"id,time,payer,payee,amount\nt1,2026-01-01T00:00:00Z,a,b,7\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_moves(path)


def test_the_command_finds_in_a_file(tmp_path: Path) -> None:
    world = World(seed=4, people=5)
    world.cycle("9000")
    path = write(world.columns(), tmp_path / "moves.csv")
    arguments = [
        "risk",
        "typologies",
        "--transactions",
        str(path),
        "--from",
        "2026-02-01",
        "--to",
        "2026-02-19",
        "--json",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert report["counts"]["cycle"] == 1
    assert [one["subject"] for one in report["findings"] if one["typology"] == "cycle"] == ["9000"]
    only = CliRunner().invoke(app, [*arguments, "--only", "fan_in"])
    assert json.loads(only.output)["findings"] == []
