"""`jinku recon three-way` and `jinku bench recon` as one types them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from jinku.base.currency import currency
from jinku.base.errors import JinkuError
from jinku.bench import recon as bench
from jinku.bootstrap import open_house
from jinku.cli.main import app
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Chart, entity_accounts
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import TRANSFER, set_u128

DAY = date(2026, 11, 20)
CHART = Chart(entity=1, currency=156)


def house(directory: Path) -> Path:
    """A data directory: 10.00 and 2.50 came in at the bank."""
    rows = np.zeros(2, TRANSFER)
    set_u128(rows, "id", [901, 902])
    set_u128(rows, "debit_account_id", [CHART.account(Kind.BANK_MIRROR)] * 2)
    set_u128(rows, "credit_account_id", [CHART.account(Kind.SUSPENSE)] * 2)
    set_u128(rows, "amount", [1_000, 250])
    rows["user_data_64"], rows["user_data_32"] = [71, 72], 20261120
    rows["ledger"], rows["code"] = 156, int(Movement.UNIDENTIFIED)
    with open_house(directory) as opened:
        opened.ledger.create_accounts_array(entity_accounts(CHART))
        opened.ledger.create_transfers_array(rows)
    return directory


def statement(file: Path, *credited: tuple[str, int]) -> Path:
    """A statement with one credit for each (reference, amount)."""
    entries = tuple(
        StatementEntry(f"E{place}", amount, Direction.CREDIT, DAY, DAY, end_to_end_id=reference)
        for place, (reference, amount) in enumerate(credited)
    )
    total = sum(amount for _, amount in credited)
    one = Statement("POOL-1", currency("CNY"), 1, "M-1", 0, total, entries, DAY, DAY, "S-1")
    file.write_bytes(camt.write([one]))
    return file


def run(*words: object) -> tuple[int, str]:
    """Exit code and answer of a command."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(done.exception, JinkuError):  # what the program's entry makes an exit code 2 of
        return 2, str(done.exception)
    return done.exit_code, done.output


def test_three_sides_on_the_command_line(tmp_path: Path) -> None:
    """R7: the platform's export, the ledger and the bank's file in one command."""
    data = house(tmp_path / "data")
    file = statement(tmp_path / "day.xml", ("71", 1_000), ("72", 250))
    export = tmp_path / "orders.csv"
    export.write_text(
        "id,reference,amount,direction,date\na,71,10.00,in,2026-11-20\nb,72,2.50,in,2026-11-20\n"
    )
    words = ("recon", "three-way", "--platform", export, "--statement", file, "--data", data)
    code, text = run(*words, "--json")
    answer: dict[str, Any] = json.loads(text)
    assert (code, answer["clean"], answer["counts"]) == (0, True, {"equal": 2})
    export.write_text(
        "id,reference,amount,direction,date\na,71,10.00,in,2026-11-20\nc,99,1.00,out,2026-11-20\n"
    )
    out = tmp_path / "out"
    code, text = run(*words, "--out", out)
    assert code == 1
    assert "missing in platform" in text
    assert "only in platform" in text
    names = {
        "breaks.csv",
        "breaks.parquet",
        "carried.json",
        "evidence.jsonl",
        "matches.csv",
        "matches.parquet",
    }
    assert {one.name for one in out.iterdir()} == {*names, "report.md"}
    code, text = run(*words, "--carried", out / "carried.json", "--json")
    assert code == 2  # the same day twice: its open records are there already
    assert "stands twice" in text


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), "--statement"),
        (("--from", "20.11.2026", "--statement", "x"), "is not a day"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, words: tuple[str, ...], problem: str) -> None:
    code, text = run("recon", "three-way", "--data", house(tmp_path / "data"), *words)
    assert code == 2
    assert problem in text


def test_the_bench_gives_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs are those of the children, in this process so that nothing is compiled and loaded twice."""
    runs = {"exact": bench.exact, "three_way": bench.three_way, "labelled": bench.labelled}
    monkeypatch.setattr(bench, "_child", lambda what, seed, lines: runs[what](seed, lines))
    figures = bench.run(3, 2_000, lambda _: None)
    wanted = ["exact_rps", "three_way_rps", "three_way_rss_mib", "false_matches", "recall", "class_accuracy"]
    assert list(figures) == wanted
    assert [figures[name].bar for name in wanted] == [200_000, 20_000, 4_096, 0, 0.995, 0.99]
    for name in ("false_matches", "recall", "class_accuracy"):
        assert figures[name].met, name
