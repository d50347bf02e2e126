"""Every command on real files: answers, exit codes, one clear line for an error."""

import json
from datetime import date
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from jinku.base.currency import currency
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Direction, Statement, StatementEntry

DAY = date(2026, 11, 20)


def test_accounts_and_transfers_are_listed(run: Run, house: Path) -> None:
    listed = run("ledger", "accounts", "--data", house, "--json").json["accounts"]
    assert [(one["id"], one["credits_posted"]) for one in listed] == [("1", "0"), ("2", "1251")]
    newest = run("ledger", "transfers", "--data", house, "--newest", "--limit", 1, "--json").json["transfers"]
    assert [one["id"] for one in newest] == ["12"]
    assert "12.51 CNY" in run("ledger", "accounts", "--data", house, "--money").out
    assert "1251" in run("ledger", "accounts", "--data", house).out
    assert "12.50 CNY" in run("ledger", "transfers", "--data", house, "--money").out


def test_one_record_its_history_and_its_balance_at_a_time(run: Run, house: Path) -> None:
    shown = run("ledger", "show", 11, "--data", house, "--json").json["transfer"]
    assert (shown["amount"], shown["log_index"]) == ("1250", 2)
    assert "history" in run("ledger", "show", 2, "--data", house).out
    history = run("ledger", "history", 2, "--data", house, "--json").json["transfers"]
    assert [one["id"] for one in history] == ["11", "12"]
    then = run("ledger", "balance", 2, "--at", shown["timestamp"], "--data", house, "--json").json
    assert then["credits_posted"] == "1250"
    assert "12.51 CNY" in run("ledger", "balance", 2, "--money", "--data", house).out
    for command in (
        ("show", 99),
        ("history", 99),
        ("balance", 99),
        ("balance", 2, "--at", "1990-01-01T00:00:00Z"),
    ):
        done = run("ledger", *command, "--data", house)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("jinku: there")
        assert done.err.count("\n") == 1


def test_creating_from_files_tells_what_was_refused(run: Run, house: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    head = "id,debit_account_id,credit_account_id,amount,ledger,code\n"
    file.write_text(head + "21,1,2,5,156,1\n22,2,1,999999,156,1\n")
    done = run("ledger", "create", file, "--data", house, "--json")
    assert done.code == 1
    assert done.json["created"] == 1
    assert [(one["event"], one["id"], one["status"]) for one in done.json["refused"]] == [
        (2, "22", "exceeds_credits")
    ]
    again = run("ledger", "create", file, "--data", house)
    assert again.code == 1
    assert "id_already_failed" in again.out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "id,amount\n1,1.5\n", "a.csv:2: amount='1.5'"),
        ("a.csv", "id,amount\n1,5\n2\n", "a.csv:3"),
        ("a.csv", "id,amount,colour\n1,5,red\n", "colour"),
        ("a.json", "{", "a.json:1"),
        (
            "a.json",
            '{"transfers": [{"id": "1", "amount": "5"}, {"id": "2", "amount": 0.5}]}',
            "transfers[1].amount",
        ),
        ("a.json", '{"accounts": [], "transfers": []}', "a.json"),
        ("a.txt", "", "a.txt"),
    ],
)
def test_bad_files_create_nothing(
    run: Run, house: Path, tmp_path: Path, name: str, content: str, said: str
) -> None:
    before = run("ledger", "stat", "--data", house, "--json").json["entries"]
    (tmp_path / name).write_text(content)
    done = run("ledger", "create", tmp_path / name, "--data", house)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert run("ledger", "stat", "--data", house, "--json").json["entries"] == before


def test_errors_are_json_where_asked(run: Run, tmp_path: Path) -> None:
    done = run("ledger", "stat", "--data", tmp_path / "nothing", "--json")
    assert done.code == 2
    assert json.loads(done.err)["error"]["code"] == "bad_input"
    assert run("ledger", "create", tmp_path / "no.csv", "--data", tmp_path / "d").code == 2
    assert run("ledger", "history", "x1", "--data", tmp_path).code == 2
    assert run("nonsense").code == 2


def test_stat_and_check_replay_the_journal(run: Run, house: Path) -> None:
    stat = run("ledger", "stat", "--data", house, "--json").json
    assert (stat["accounts"], stat["entries"], stat["published_entries"]) == (2, 4, 4)
    check = run("ledger", "check", "--data", house, "--json")
    assert (check.code, check.json["ok"], check.json["entries"], check.json["accounts"]) == (0, True, 4, 2)


def test_a_damaged_log_is_found_and_rebuilt(run: Run, house: Path) -> None:
    assert run("log", "verify", "--data", house).code == 0
    tile = house / "log" / "tile" / "0" / "000.p" / "4"
    good = tile.read_bytes()
    tile.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    broken = run("log", "verify", "--data", house, "--json")
    assert broken.code == 1
    assert not broken.json["ok"]
    rebuilt = run("log", "rebuild", "--data", house, "--json").json
    assert rebuilt["repaired"] == ["tile/0/000.p/4"]
    assert tile.read_bytes() == good
    assert run("log", "verify", "--data", house).code == 0


def test_receipts_and_proofs_are_verified(run: Run, house: Path, tmp_path: Path) -> None:
    key = f"@{house / 'log.vkey'}"
    early = tmp_path / "early"
    early.write_text(run("log", "checkpoint", "--data", house).out)
    receipt = tmp_path / "r.tlog-proof"
    assert run("log", "receipt", 11, "--data", house, "--out", receipt).code == 0
    assert run("verify", "receipt", receipt, "--key", key, "--json").json["index"] == 2
    changed = receipt.read_text().replace("index 2", "index 3")
    receipt.write_text(changed)
    assert run("verify", "receipt", receipt, "--key", key).code == 1
    assert run("log", "receipt", 3, "--entry", "--data", house, "--json").json["index"] == 3
    assert run("log", "receipt", 99, "--data", house).code == 1
    more = tmp_path / "more.json"
    event = {
        "id": "31",
        "debit_account_id": "1",
        "credit_account_id": "2",
        "amount": "1",
        "ledger": 156,
        "code": 1,
    }
    more.write_text(json.dumps({"transfers": [event]}))
    run("ledger", "create", more, "--data", house)
    proof = tmp_path / "proof"
    assert run("log", "proof", 4, "--data", house, "--out", proof).code == 0
    assert run("verify", "consistency", early, proof, "--key", key, "--json").json["new_size"] == 5
    assert run("verify", "log", house / "log", "--key", key).code == 0
    assert run("verify", "receipt", tmp_path / "nothing", "--key", key).code == 2


def _statement(number: int, opening: int, amount: int) -> bytes:
    entry = StatementEntry(f"E{number}", amount, Direction.CREDIT, DAY, DAY, end_to_end_id=str(number))
    one = Statement(
        "POOL",
        currency("CNY"),
        number,
        f"M{number}",
        opening,
        opening + amount,
        (entry,),
        DAY,
        DAY,
        f"S{number}",
    )
    return camt.write([one])


def test_statements_are_read_and_checked(run: Run, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.xml" for number in (1, 2, 3)]
    for number, (file, opening) in enumerate(zip(files, (0, 100, 250), strict=True), 1):
        file.write_bytes(_statement(number, opening, 100))
    good = run("recon", "statement", *files[:2], "--json")
    assert (good.code, good.json["findings"]) == (0, [])
    gap = run("recon", "statement", *files, "--json")
    assert (gap.code, [one["check"] for one in gap.json["findings"]]) == (1, ["continuity"])
    twice = tmp_path / "again.xml"
    twice.write_bytes(files[0].read_bytes())
    assert "same file as 1.xml" in run("recon", "statement", files[0], twice).err
    files[0].write_bytes(files[0].read_bytes()[:-30])
    cut = run("recon", "statement", files[0])
    assert cut.code == 2
    assert cut.err.startswith("jinku: 1.xml:")


def test_statements_of_every_format_are_read_together(run: Run, tmp_path: Path) -> None:
    mapping = tmp_path / "bank.toml"
    mapping.write_text(
        'name = "bank"\n[columns]\nbooked = "day"\namount = "sum"\n[constants]\naccount = "C"\ncurrency = "CNY"\n'
    )
    files = [tmp_path / name for name in ("a", "b", "c", "d")]
    files[0].write_bytes(_statement(1, 0, 100))
    files[1].write_text(":20:X\n:25:A\n:28C:1\n:60F:C261120CNY1,\n:62F:C261120CNY1,\n-\n")
    account = "02,US,BANK,1,261119,,USD,2/\n03,B,,010,0,,,015,0,,/\n49,0,2/\n98,0,1,4/\n"
    files[2].write_text(f"01,BANK,US,261120,0600,1,,,2/\n{account}99,0,1,6/\n")
    files[3].write_text("day,sum\n2026-11-20,-5.00\n")
    done = run("recon", "statement", *files, "--mapping", mapping, "--json")
    assert (done.code, done.json["findings"]) == (0, [])
    rows = [(one["file"], one["currency"], one["opening"], one["closing"]) for one in done.json["statements"]]
    assert rows[1:] == [
        ("b", "CNY", "1.00 CNY", "1.00 CNY"),
        ("c", "USD", "0.00 USD", "0.00 USD"),
        ("d", "CNY", "", ""),
    ]
    unknown = run("recon", "statement", files[3])
    assert (unknown.code, "d:1: header=" in unknown.err) == (2, True)


def test_a_locked_ledger_is_unavailable(run: Run, house: Path) -> None:
    from jinku.bootstrap import open_house

    with open_house(house):
        done = run("ledger", "stat", "--data", house)
        assert done.code == 3
        assert done.err.count("\n") == 1
        assert run("log", "checkpoint", "--data", house).code == 0


def test_the_version_and_the_help(run: Run) -> None:
    assert run("--version").out.startswith("jinku ")
    assert "serve" in run("--help").out
    assert run("serve", "--host", "0.0.0.0").code == 2


def test_interrupting_a_command_ends_it_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("jinku.cli.ledger.existing_house", interrupted)
    assert run("ledger", "stat").code == 130
