"""The days of clerk, bank and customer are run as their pages stand: one house, one clock, every command in order.

The headings of the three pages say when; what they type is put in one order by that. Files are those that the pages
show. Each line of an answer that a page shows must be in what the command said, in that order.
"""

import json
import os
import re
import shlex
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("day-operations", "day-bank", "day-customer")
CLOCKED = Path(__file__).with_name("clocked.py")
CHINA = timezone(timedelta(hours=8))
_WHEN = re.compile(r"^## (?:\w+ (\d+) November, |11月(\d+)日（周.）)(\d\d):(\d\d)", re.MULTILINE)
_BLOCK = re.compile(r"(?:^`([\w.-]+)`[：:]\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: what kind of text it has, and the file that it is, if any."""

    page: str
    moment: datetime
    kind: str
    file: str
    text: str

    def commands(self) -> list[tuple[list[str], int]]:
        """The words of each command of a shell block, and the exit code that its comment says."""
        lines = self.text.splitlines()
        split = [(shlex.split(line, comments=True), int("# exit code 1" in line)) for line in lines]
        return [(words, code) for words, code in split if words]


def blocks_of(page: str, language: str = "") -> list[Block]:
    """The blocks of a page in its order, each with the moment of its section."""
    text = (DOCS / f"{page}{language}.md").read_text(encoding="utf-8")
    parts = _WHEN.split(text)
    found = []
    for english, chinese, hour, minute, body in zip(*(parts[at::5] for at in range(1, 6)), strict=True):
        moment = datetime(2026, 11, int(english or chinese), int(hour), int(minute), tzinfo=CHINA)
        found += [Block(page, moment, kind, file, told) for file, kind, told in _BLOCK.findall(body)]
    return found


@dataclass
class Machine:
    """One process that runs commands under a clock that is set, and whatever was started in the background."""

    directory: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def shift(self) -> Path:
        """The file of the clock."""
        return self.directory / "shift"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A process with the clock; without words it answers commands."""
        one = subprocess.Popen(
            [sys.executable, str(CLOCKED), str(self.shift), *words],
            cwd=self.directory,
            env={**os.environ, "JINKU_DATA": "house", "COLUMNS": "160"},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if words else subprocess.PIPE,
            text=True,
        )
        self.running.append(one)
        return one

    def set_clock(self, moment: datetime) -> None:
        """From now on it is `moment`, never earlier than before."""
        shift = int(moment.timestamp()) * 1_000_000_000 - time.time_ns()
        with self.shift.open("r+b") as file:
            file.write(struct.pack("<q", shift))

    def run(self, words: list[str]) -> tuple[int, str]:
        """Exit code and output of one command of `jinku`."""
        one = self.running[0]
        if one.stdin is None or one.stdout is None:
            raise RuntimeError("no pipes")
        one.stdin.write(json.dumps(words) + "\n")
        one.stdin.flush()
        answer = json.loads(one.stdout.readline())
        return answer["code"], answer["out"] + answer["err"]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    made.shift.write_bytes(bytes(8))
    made.start()
    yield made
    for one in reversed(made.running):
        one.terminate()
        one.wait(20)
        for pipe in (one.stdin, one.stdout):
            if pipe:
                pipe.close()


def plain(text: str) -> str:
    return " ".join(re.sub("─+", " ", text).split())


def compare(said: str, shown: str) -> None:
    """Each line of `shown` is in `said`, in that order; `…` stands for anything."""
    at, lines = 0, [plain(line) for line in said.splitlines()]
    for line in shown.splitlines():
        parts = [re.escape(plain(part)) for part in line.split("…")]
        wanted = re.compile(r"\s*.*?\s*".join(parts))
        if not plain(line).replace("…", ""):
            continue
        place = next((n for n in range(at, len(lines)) if wanted.search(lines[n])), None)
        assert place is not None, f"not said: {line}\n{said}"
        at = place + 1


def play(machine: Machine, one: Block) -> str:
    """Type the commands of a block; what they said. Each must end as the page says."""
    said = ""
    for words, expected in one.commands():
        if words[0] == "export":
            continue
        if words[-1] == "&":
            machine.start(*words[1:-1])
            continue
        plain_words = words[: words.index(">")] if ">" in words else words
        if words[0] == "jinku":
            code, out = machine.run(plain_words[1:])
        else:
            done = subprocess.run(
                [sys.executable, *words[1:]],
                cwd=machine.directory,
                capture_output=True,
                text=True,
                check=False,
            )
            code, out = done.returncode, done.stdout + done.stderr
        if ">" in words:
            (machine.directory / words[-1]).write_text(out, encoding="utf-8")
        said += f"$ {shlex.join(words)}\n{out}"
        assert code == expected, f"exit code {code}\n{said}"
    return said


@pytest.mark.slow
def test_the_days_are_as_the_pages_say(machine: Machine) -> None:
    """R3, R6, R8, R9, R10, R13, R14, R15, R18, R21: clerk, bank and customer, on the command line, in order."""
    blocks = sorted((one for page in PAGES for one in blocks_of(page)), key=lambda one: one.moment)
    said, moment = "", None
    for one in blocks:
        if one.moment != moment:
            moment = one.moment
            machine.set_clock(moment)
        if one.file:
            (machine.directory / one.file).write_text(one.text, encoding="utf-8")
        elif one.kind == "sh":
            said = play(machine, one)
        elif one.kind == "text":
            compare(said, one.text)
    assert sum(one.kind == "sh" for one in blocks) >= 18


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_type_the_same(page: str) -> None:
    def typed(language: str) -> list[tuple[datetime, str, str, object]]:
        return [
            (one.moment, one.kind, one.file, one.commands() if one.kind == "sh" else one.text)
            for one in blocks_of(page, language)
        ]

    assert typed("") == typed(".zh-CN")
