"""`jinku screen …` from files to answers."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.risk.screening.kit import ADD, ALT, SDN, UN, written

from jinku.cli.main import main


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--json"]) == 0, capsys.readouterr().err
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def test_pairs_are_scored_in_order_with_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """K5: a file of pairs, one score and verdict a row."""
    path = tmp_path / "pairs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [("x", "Usama bin Ladin", "Osama bin Laden", "Person"), ("y", "Foo, Bar", "习近平", "Person")]
        csv.writer(file).writerows([("other", "query_name", "candidate_name", "schema"), *rows])
    assert main(["screen", "pairs", str(path), "--json"]) == 0
    streams = capsys.readouterr()
    pairs = json.loads(streams.out)["pairs"]
    assert [(one["query_name"], one["verdict"]) for one in pairs] == [
        ("Usama bin Ladin", "match"),
        ("Foo, Bar", "no match"),
    ]
    assert "microseconds a pair" in streams.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"query_name,schema\na,b\n", "candidate_name"),
        (b"query_name,candidate_name,schema\nSecret Name,b\n", "2 of 3"),
        (b'query_name,candidate_name,schema\n"Secret Name,b,c\n', "no CSV row"),
        (b"query_name,candidate_name,schema\nSecret Name,\xff,c\n", "UTF-8"),
    ],
)
def test_a_bad_file_of_pairs_is_one_line_without_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: bytes, words: str
) -> None:
    assert main(["screen", "pairs", str(written(tmp_path / "pairs.csv", text))]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "pairs.csv:" in error
    assert "Secret" not in error


def test_lists_book_and_clearances_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """K5: load, screen a name, screen the book with a look back, clear by two persons."""
    data = ("--data", str(tmp_path / "house"))
    assert main(["house", "make", *data]) == 0
    capsys.readouterr()
    un = written(tmp_path / "un.xml", UN)
    files = [
        written(tmp_path / f"{name}.csv", text) for name, text in (("sdn", SDN), ("alt", ALT), ("add", ADD))
    ]
    assert told(capsys, "screen", "load", "un-xml", str(un), "--by", "o-1", *data)["entries"] == 3
    told(capsys, "screen", "load", "ofac-csv", *map(str, files), "--by", "o-1", *data)
    found = told(
        capsys, "screen", "name", "Usama Testaden", "--schema", "Person", "--birth-date", "1957-07-30", *data
    )
    assert found["versions"] == "ofac.1+un.1"
    assert [hit["entry"] for hit in found["hits"]] == ["un:1"]  # type: ignore[attr-defined]
    book = written(tmp_path / "book.csv", "key,name,kind\nc-1,曾国藩,Person\nc-2,清白,Person\n")
    assert told(capsys, "screen", "book", "put", str(book), *data) == {"put": 2}
    moved = written(tmp_path / "moved.csv", "id,time,customer,counterparty\nm-1,5,c-1,p-1\n")
    answer: Any = told(capsys, "screen", "book", "screen", "--movements", str(moved), *data)
    [finding] = answer["findings"]
    assert (finding["customer"], finding["entry"], finding["movements"]) == ("c-1", "un:2", ["m-1"])
    told(capsys, "screen", "whitelist", "propose", "c-1", "un:2", "--reason", "not he", "--by", "o-1", *data)
    assert main(["screen", "whitelist", "confirm", "1", "--by", "o-1", *data]) == 1
    capsys.readouterr()
    told(capsys, "screen", "whitelist", "confirm", "1", "--by", "o-2", *data)
    assert told(capsys, "screen", "book", "screen", *data)["findings"] == []
    written(un, UN[:600])
    assert main(["screen", "load", "un-xml", str(un), "--by", "o-1", *data]) == 2
    assert "un.xml:" in capsys.readouterr().err
    versions = told(capsys, "screen", "lists", *data)["versions"]
    assert [(one["list"], one["running"]) for one in versions] == [("ofac", True), ("un", True)]  # type: ignore[attr-defined]
