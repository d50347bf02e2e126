"""Every command that reads a file is given bad ones: one clear line that names the file, an exit code, nothing done.

The commands and their files are read from the program itself, so that a new command is tried as well.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.conftest import Done, Run

from jinku.bootstrap.house import CONTROL_FILE
from jinku.cli import main as program
from jinku.cli.failures import Exit

MADE = frozenset({"--out", "--csv", "--svg", "--dot"})
"""Files that commands write."""
NOT_HERE = {
    ("risk", "parity"): "makes events of its own where the file is not given; tried in tests/scale",
    ("bench", "risk"): "its sample data is a folder, and parts without theirs are left out",
}
ANYTHING = {
    "risk duty done --evidence": "of any kind: only its digest is kept",
    "risk case evidence --file": "of any kind: only its digest is kept",
}
"""Files whose content is nobody's business: only those that cannot be read are refused."""
EMPTY_IS_FINE = {
    "report owners --settings": "what is not filled in is said in the report",
    "report custody --settings": "what is not filled in is said in the report",
    "report monthly --settings": "what is not filled in is said in the report",
    "report yearly --settings": "what is not filled in is said in the report",
    "pack make --settings": "what is not filled in is said in the pack",
}
TOGETHER = {"recon three-way": ("--statement", "--platform")}
"""Options without which a command says so first."""
LATER = {
    "close start": "there is no day book yet",
    "attest verify": "nothing was attested yet",
    "report custody": "there are no books yet",
    "report monthly": "there are no books yet",
    "report yearly": "there are no books yet",
    "risk case": "there is no case yet",
    "risk report draft": "there is no case yet",
    "risk report correct": "there is no report yet",
    "risk report revise": "there is no report yet",
    "risk report export": "there is no report yet",
}
"""Commands that say first what the house lacks."""
WORDS = {
    "--by": "ana",
    "--month": "2026-10",
    "--year": "2026",
    "--from": "2026-11-01",
    "--to": "2026-11-20",
    "--day": "2026-11-20",
    "--train-start": "2026-11-01",
    "--case": "000001",
    "--format": "goaml",
    "--owner": "ana",
    "--threshold": "0.5",
    "--reference": "x",
    "--name": "x",
    "--set": "payments",
    "number": "1",
    "key": "000001",
    "values": "breaks_open=1",
    "name": "large_value_report",
    "reference": "r",
    "company": "c",
    "form": "un-xml",
}
"""What else commands want to be told."""
BAD: dict[str, bytes | None] = {
    "empty": b"",
    "blank": b"\n  \n",
    "rubbish": bytes(range(256)) * 40,
    "zeros": bytes(4096),
    "utf16": "id,name\n1,王\n".encode("utf-16"),
    "gbk": "id,名称\n1,王伟\n".encode("gbk"),
    "long-line": b"x" * 200_000,
    "long-cell": b'a,b\n"' + b"x" * 200_000,
    "list": b'[1, null, {"a": NaN}, []]',
    "object": b'{"a": 1e999, "id": -1, "content": 5, "alerts": 3}',
    "deep-list": b"[" * 100_000,
    "deep-object": b'{"a":' * 100_000,
    "many-digits": b"a = " + b"9" * 5_000 + b"\n",
    "json-digits": b'{"id": ' + b"9" * 5_000 + b"}",
    "surrogate": b'{"a": "\\ud800", "id": "\\ud800"}',
    "entities": b'<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>',
    "other-columns": b"a,b,c\n1,2,3\n",
    "other-table": b"a = 1\n[[indicator]]\nname = 3\n[columns]\n",
    "parquet-cut": b"PAR1" + bytes(100) + b"PAR1",
    "zip-cut": b"PK\x03\x04" + bytes(60),
}


@dataclass(frozen=True)
class Reading:
    """A file that a command reads."""

    command: tuple[str, ...]
    parameter: Any

    @property
    def option(self) -> str:
        """The option's name; none for an argument."""
        return str(self.parameter.opts[0]) if isinstance(self.parameter, typer.core.TyperOption) else ""

    def __str__(self) -> str:
        return " ".join((*self.command, self.option or self.parameter.name))


_TREE: Any = typer.main.get_command(program.app)
"""The commands; made once, since making them takes longer than most of them."""


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, command


LEAVES = dict(_leaves(_TREE))


def _is_file(parameter: Any) -> bool:
    descriptor = parameter.type_descriptor
    return "Path" in str(descriptor.annotation) and descriptor.parameter_info.file_okay


READINGS = [
    Reading(path, parameter)
    for path, command in LEAVES.items()
    for parameter in command.params
    if _is_file(parameter) and parameter.opts[0] not in MADE and path not in NOT_HERE
]


def _one_rule(scratch: Path) -> Path:
    """A sound set of rules, quicker to read than the forty that come with the program."""
    file = scratch / "one-rule.toml"
    file.write_text(
        'name = "one"\n[[rule]]\nname = "large"\nwhen = "amount > 3"\noutcome = "hold"\nscore = 4\n'
        'reason = "large"\nreason_zh = "大额"\n',
        encoding="utf-8",
    )
    return file


def _arguments(reading: Reading, file: Path, scratch: Path, house: Path) -> list[str]:
    """The command with `file` for every file it must have, and as the one that is tried."""
    given, options = [], []
    for one in LEAVES[reading.command].params:
        option = isinstance(one, typer.core.TyperOption)
        name = str(one.opts[0]) if option else str(one.name)
        wanted = name in TOGETHER.get(" ".join(reading.command), ())
        if one is reading.parameter or (_is_file(one) and (one.required or wanted) and name not in MADE):
            value = str(file)
        elif name == "--data":
            value = str(house)
        elif name in MADE and one.required:
            value = str(scratch / "made")
        elif one.required:
            value = str(_one_rule(scratch)) if name in ("rules", "old", "new") else WORDS[name]
        else:
            continue
        given += [] if option else [value]
        options += [name, value] if option else []
    return [*reading.command, *given, *options]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A house with risk switched on, in which nothing may have happened in the end."""
    made = tmp_path_factory.mktemp("house")
    assert program.main(["house", "make", "--data", str(made)]) == 0
    (made / "risk.toml").write_text('features = "payments"\n')
    accounts = tmp_path_factory.mktemp("good") / "accounts.csv"
    accounts.write_text("id,ledger,code,flags\n1,156,10,\n")
    assert program.main(["ledger", "create", str(accounts), "--data", str(made)]) == 0
    before = _kept(made)
    yield made
    assert _kept(made) == before


@pytest.fixture
def typed(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands typed one after the other, without making all of them anew each time."""
    monkeypatch.setattr(program, "app", _TREE)
    return run


def _kept(house: Path) -> tuple[object, ...]:
    """Whatever would have changed."""
    with closing(sqlite3.connect(house / CONTROL_FILE)) as control:
        names = [row[0] for row in control.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {name: control.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    assert counts, "there are tables to look at"
    return (house / "log" / "checkpoint").read_bytes(), {name: rows for name, rows in counts.items() if rows}


def _is_one_clear_line(done: Done, case: str) -> None:
    told = done.err or done.out
    assert done.code in (Exit.REFUSED, Exit.USAGE), (case, done)
    assert "fault of jinku" not in told, (case, told)
    assert "Traceback" not in told, (case, told)
    if done.err and not done.err.startswith("Usage"):
        assert done.err.count("\n") == 1, (case, told)
        assert len(done.err) < 1_000, (case, told[:2_000])


def _comes_later(reading: Reading) -> bool:
    return any(str(reading).startswith(one) for one in LATER)


def _names_the_file(reading: Reading, told: str, name: str) -> bool:
    if _comes_later(reading):
        return True
    return name in "".join(told.split()).replace("│", "") or "UNREADABLE" in told


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_a_bad_file_is_one_clear_line_and_changes_nothing(
    reading: Reading, typed: Run, house: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad-folder.csv").mkdir()
    kinds = {**dict.fromkeys(("absent", "folder")), **({} if str(reading) in ANYTHING else BAD)}
    if _comes_later(reading):
        kinds = {"absent": None, "rubbish": BAD["rubbish"]}
    before = _kept(house)
    for kind, content in kinds.items():
        if content is not None and not content.strip() and str(reading) in EMPTY_IS_FINE:
            continue
        file = tmp_path / f"bad-{kind}.csv"
        if content is not None:
            file.write_bytes(content)
        done = typed(*_arguments(reading, file, tmp_path, house))
        _is_one_clear_line(done, f"{reading}: {kind}")
        assert _names_the_file(reading, done.err + done.out, file.name), (kind, done)
    assert not (tmp_path / "made").exists()
    assert _kept(house) == before


TABLES = {
    "risk graph --transactions": "sourceNodeId,targetNodeId,value,time\n1,2,5.0,3\n",
    "risk typologies --transactions": "id,time,payer,payee,amount\n1,2026-11-02T00:00:00Z,1,2,500\n",
    "risk report large --movements": "reference,customer,customer_kind,day,direction,way,cross_border,currency,amount\n"
    "r-1,c-1,natural,2026-11-20,out,cash,false,CNY,6000000\n",
    "risk rating owners file": "owner,company,percent\na,c,60\n",
    "screen pairs file": "query_name,candidate_name,schema\nZhang Wei,Wei Zhang,Person\n",
    "screen book put file": "key,name,role\n1,Zhang Wei,customer\n",
}
"""Good tables, of which bad ones are made."""
CELLS = (
    "-1",
    "9" * 400,
    "1e999999999",
    "NaN",
    "0000-00-00",
    "\u202egnp.exe",
    "x" * 5_000,
    "\0",
    "1_000",
    "=1+1",
    "",
)
"""What cells must never hold, or what must do no harm in them."""


def _broken(table: str) -> Iterator[tuple[str, bytes]]:
    """Tables that nobody can read for certain."""
    head, row = table.splitlines()
    first, cells = head.split(","), row.split(",")
    for place, name in enumerate(first):
        fewer = [[one for at, one in enumerate(line) if at != place] for line in (first, cells)]
        yield f"without {name}", "\n".join(",".join(line) for line in fewer).encode()
        yield f"{name} twice", f"{head},{name}\n{row},{cells[place]}\n".encode()
    yield "short row", f"{head}\n{row.rpartition(',')[0]}\n".encode()
    yield "long row", f"{head}\n{row},9\n".encode()
    yield "open quote", f'{head}\n{row}\n"x'.encode()
    yield "no text", f"{head}\n".encode() + b"\xed\xa0\x80" + row.encode()
    yield "semicolons", table.replace(",", ";").encode()


@pytest.mark.parametrize("reading", [one for one in READINGS if str(one) in TABLES], ids=str)
def test_a_table_whose_columns_or_cells_are_wrong_is_never_guessed_at(
    reading: Reading, typed: Run, tmp_path: Path
) -> None:
    """A column that is missing or there twice, and a row of another length, are refused; no cell ends in a fault."""
    table, file = TABLES[str(reading)], tmp_path / "bad-table.csv"
    assert typed("house", "make", "--data", tmp_path / "house").code == 0
    arguments = _arguments(reading, file, tmp_path, tmp_path / "house")
    optional = {"without role"}
    for kind, content in _broken(table):
        if kind in optional:
            continue
        file.write_bytes(content)
        done = typed(*arguments)
        _is_one_clear_line(done, f"{reading}: {kind}")
        assert file.name in done.err, (kind, done)
    head, row = table.splitlines()
    for place, name in enumerate(head.split(",")):
        for cell in CELLS:
            cells = row.split(",")
            cells[place] = cell
            file.write_text(f"{head}\n{','.join(cells)}\n", encoding="utf-8")
            done = typed(*arguments)
            if done.code != Exit.OK and not done.out:
                _is_one_clear_line(done, f"{reading}: {name}={cell[:20]!r}")
            assert "\u202e" not in done.out + done.err


def test_commands_are_found_in_the_program() -> None:
    """What is tried does not shrink unseen, and no exception outlives its command."""
    names = {str(one) for one in READINGS}
    assert len(names) >= 55
    assert names >= {"ledger create file", "screen load files", "risk rules propose file", "recon run file"}
    assert names >= {*ANYTHING, *EMPTY_IS_FINE}
    assert all(any(name.startswith(one) for name in names) for one in LATER)
    assert set(NOT_HERE) <= set(LEAVES)
    assert names >= set(TABLES)
