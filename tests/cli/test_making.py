"""`jinku house make` and `show`: where a newcomer begins; and ids for a first file of orders."""

from pathlib import Path

from tests.cli.conftest import Run

from jinku.custody.orders.model import order_of


def test_a_house_is_made_once_and_told(tmp_path: Path, run: Run) -> None:
    data = tmp_path / "house"
    missing = run("house", "show", "--data", data)
    assert missing.code == 2
    assert "jinku house make" in missing.err
    words = ("house", "make", "--data", data, "--json")
    made = run(*words, "--origin", "ledger.example/jinku")
    assert made.code == 0
    assert (made.json["origin"], made.json["entries"], made.json["engine"]) == (
        "ledger.example/jinku",
        0,
        "embedded",
    )
    assert run(*words).json == made.json
    assert run("house", "show", "--data", data, "--json").json == made.json
    assert made.json["vkeys"] == (data / "log.vkey").read_text().split()
    other = run(*words, "--origin", "other.example/log")
    assert other.code != 0
    assert "other.example/log" in other.err
    assert "origin" in run("house", "show", "--data", data).out


def test_order_ids_are_new_and_leave_room_for_their_transfers(run: Run) -> None:
    ids = run("order", "number", "--count", 50, "--json").json["orders"]
    assert len(set(ids)) == 50
    assert all(order_of(int(one)) == int(one) for one in ids)
    assert run("order", "number").out.strip().isdigit()


def test_a_bank_that_does_not_serve_is_said_so(tmp_path: Path, run: Run) -> None:
    for words in (("fund", "5"), ("advance",)):
        done = run("bank", *words, "--bank", tmp_path)
        assert done.code == 2
        assert "jinku bank simulate" in done.err
    assert run("bank", "fund", "0", "--bank", tmp_path).code == 2
