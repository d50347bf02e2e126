"""From a Parquet file to figures, a model, reasons and drift: causal, the same every time, one error for bad files."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest
from tests.risk.models.samples import card_file

from jinku.cli.main import main
from jinku.risk.models.cards import read_cards
from jinku.risk.models.errors import BadTrainingData
from jinku.risk.models.evaluation import Period
from jinku.risk.models.experiment import Study, days_of
from jinku.risk.models.record import Model

pytest.importorskip("lightgbm")
START = "2021-03-15"


def _quiet(_what: str, _share: float) -> None:
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One labelled world."""
    return card_file(tmp_path_factory.mktemp("cards") / "cards.parquet")


@pytest.fixture(scope="module")
def study(data: Path) -> Study:
    """Its payments with features."""
    return Study.open(data, _quiet)


def test_fraud_is_found_and_more_so_with_labels(study: Study) -> None:
    period = Period(days_of(START))
    known, blind = study.evaluate(period), study.evaluate_unsupervised(period)
    share = known.test_frauds / known.tested
    assert known.quality.ap > 2.5 * share
    assert known.quality.auc > 0.7
    assert blind.quality.ap > 1.2 * share
    assert known.quality.ap > blind.quality.ap
    assert known == study.evaluate(period)


def test_no_feature_knows_what_was_not_known_then(data: Path, study: Study, tmp_path: Path) -> None:
    """K11: label delay. Outcomes of the last seven days are turned round: not one feature before or on them changes."""
    later = tmp_path / "turned.parquet"
    cut = "max(TX_DATETIME) OVER () - INTERVAL 7 DAY"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (CASE WHEN TX_DATETIME > {cut} THEN 1 - TX_FRAUD ELSE TX_FRAUD END AS TX_FRAUD) "
            f"FROM read_parquet('{data}')) TO '{later}' (FORMAT parquet)"
        )
    other = Study.open(later, _quiet)
    assert (other.cards.fraud != study.cards.fraud).any()
    assert other.matrix.tobytes() == study.matrix.tobytes()


def test_a_score_depends_on_nothing_that_comes_later(data: Path, study: Study, tmp_path: Path) -> None:
    """The file cut after the test days gives the same figures and the same model."""
    period = Period(days_of("2021-03-08"))
    part = tmp_path / "part.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet('{data}') WHERE TX_DATETIME < '2021-03-29') TO '{part}'"
            " (FORMAT parquet)"
        )
    cut = Study.open(part, _quiet)
    assert cut.evaluate(period) == study.evaluate(period)
    whole, again = study.train(period), cut.train(period)
    assert whole.scorer.digest == again.scorer.digest
    assert whole.thresholds == again.thresholds


def test_ids_may_be_text_and_rows_in_any_order(data: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT * REPLACE ('c' || CUSTOMER_ID AS CUSTOMER_ID, 't' || TERMINAL_ID AS TERMINAL_ID,"
            f" strftime(TX_DATETIME, '%Y-%m-%d %H:%M:%S') AS TX_DATETIME) FROM read_parquet('{data}')"
            f" ORDER BY TX_DATETIME DESC, TRANSACTION_ID) TO '{turned}' (FORMAT parquet)"
        )
    one, other = read_cards(data), read_cards(turned)
    assert one.day.tolist() == other.day.tolist()
    assert len(np.unique(one.customer)) == len(np.unique(other.customer))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("* EXCLUDE (TERMINAL_ID)", "TERMINAL_ID"),
        ("* REPLACE (TX_AMOUNT::VARCHAR AS TX_AMOUNT)", "TX_AMOUNT"),
        ("* REPLACE (-TX_AMOUNT AS TX_AMOUNT)", "TX_AMOUNT"),
        ("* REPLACE (TX_FRAUD + 1 AS TX_FRAUD)", "TX_FRAUD"),
        (
            "* REPLACE (CASE WHEN TRANSACTION_ID = 5 THEN NULL ELSE CUSTOMER_ID END AS CUSTOMER_ID)",
            "CUSTOMER_ID",
        ),
        ("* REPLACE ('soon' AS TX_DATETIME)", "TX_DATETIME"),
        ("* REPLACE (-CUSTOMER_ID AS CUSTOMER_ID)", "CUSTOMER_ID"),
        ("* REPLACE (TX_AMOUNT / 0 AS TX_AMOUNT)", "TX_AMOUNT"),
    ],
)
def test_bad_files_are_one_error_that_names_the_column(
    data: Path, tmp_path: Path, change: str, field: str
) -> None:
    bad = tmp_path / "bad.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT {change} FROM read_parquet('{data}')) TO '{bad}' (FORMAT parquet)")
    with pytest.raises(BadTrainingData, match=field):
        read_cards(bad)


def test_what_is_no_parquet_or_half_of_one_is_refused(data: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn.parquet"
    for raw in (b"", b"TX_DATETIME,TX_AMOUNT\n", data.read_bytes()[:-100]):
        torn.write_bytes(raw)
        with pytest.raises(BadTrainingData, match=r"torn\.parquet"):
            read_cards(torn)


def test_days_that_are_not_there_are_named(study: Study) -> None:
    for start in ("2021-02-01", "2021-04-01"):
        with pytest.raises(BadTrainingData, match="has no payments on"):
            study.evaluate(Period(days_of(start)))
    with pytest.raises(BadTrainingData, match="is no day"):
        days_of("15.3.2021")


def test_the_commands_train_evaluate_explain_and_watch(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """K11: what a person types, from a file to a model, its reasons in two languages and its drift."""
    out = tmp_path / "cards.model"

    def run(*words: str) -> dict[str, object]:
        assert main(["risk", *words, "--data", str(data), "--json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    figures = run("evaluate", "--train-start", START)
    assert all(0 < float(str(figures[name])) <= 1 for name in ("ap", "cp100", "auc"))
    more = run("evaluate", "--train-start", START, "--history", "7")
    assert int(str(more["trained"])) > int(str(figures["trained"]))
    trained = run("train", "--train-start", START, "--out", str(out))
    model = Model.from_bytes(out.read_bytes())
    assert trained["model"] == model.digest.hex()
    assert model.origin.delay_days == 7
    explained = run("explain", "--model", str(out), "--day", "2021-04-01", "--top", "3")
    payments = explained["payments"]
    assert isinstance(payments, list)
    assert len(payments) == 3
    assert all(reason["zh"] and reason["en"] for payment in payments for reason in payment["reasons"])
    watched = run("drift", "--model", str(out), "--from", "2021-04-01")
    assert watched["columns"]
    assert main(["risk", "evaluate", "--data", str(data), "--train-start", "2031-01-01", "--json"]) != 0
    assert "has no payments on 2031-01-01" in capsys.readouterr().err
