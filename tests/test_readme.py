"""The README cannot lie: its programs run, its commands exist, its links lead somewhere, both languages agree."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAKE_TARGETS = {"demo", "test"}


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [body for found, body in BLOCK.findall(text) if found == language]


def commands(name: str) -> list[list[str]]:
    lines = [line.split("#")[0].strip() for block in blocks(name, "sh") for line in block.splitlines()]
    return [line.split() for line in lines if line]


@pytest.mark.parametrize("name", READMES)
def test_each_python_block_runs(name: str, tmp_path: Path) -> None:
    found = blocks(name, "python")
    assert found
    for number, program in enumerate(found):
        place = tmp_path / str(number)
        place.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "30000"


def test_the_server_starts_as_it_is_written(tmp_path: Path) -> None:
    """`jinku serve …` of the README, word for word, until it is ready; then stopped as by Ctrl-C."""
    [words] = [found for found in commands("README.md") if found[:2] == ["jinku", "serve"]]
    url = f"http://127.0.0.1:{words[words.index('--port') + 1]}"
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0:
            pytest.skip(f"something else listens at {url}")
    command = [sys.executable, "-m", "jinku", *words[1:]]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while True:
            assert server.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            try:
                assert httpx2.get(f"{url}/readyz").json() == {"status": "ready"}
                break
            except httpx2.TransportError:
                time.sleep(0.2)
        assert httpx2.get(f"{url}/log/checkpoint").status_code == 200
    finally:
        server.send_signal(signal.SIGINT)
        ended = server.wait(60)
    assert ended == 0


@pytest.mark.parametrize("name", READMES)
def test_each_command_exists(name: str) -> None:
    """`make` lines name real targets; each `jinku` line's command and options are in its own --help.

    `make demo` and `make test` are not run from here (this is `make test`); `jinku demo` has tests of its own.
    """
    found = commands(name)
    assert found
    makefile = (ROOT / "Makefile").read_text()
    for words in found:
        if words[0] == "make":
            assert words[1] in MAKE_TARGETS
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE)
            continue
        assert words[0] == "jinku"
        path = [word for word in words[1:3] if re.fullmatch(r"[a-z][a-z0-9-]*", word)]
        path = path[:1] if words[1] in ("serve", "demo", "witness", "import") else path
        shown = subprocess.run(
            [sys.executable, "-m", "jinku", *path, "--help"],
            capture_output=True, text=True, timeout=120, check=False, env={"COLUMNS": "200", "TERM": "dumb"},
        )  # fmt: skip
        assert shown.returncode == 0, f"{' '.join(words)}: {shown.stderr}"
        for option in (word for word in words if word.startswith("--")):
            assert option in shown.stdout, f"{' '.join(words)}: no {option}"


@pytest.mark.parametrize(
    "name", [*READMES, *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_each_link_leads_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert ((ROOT / name).parent / target).exists(), f"{name} links to {target}"


def test_both_languages_show_the_same_commands_and_figures() -> None:
    english, chinese = READMES
    assert commands(english) == commands(chinese)
    figures = [
        re.findall(
            r"^\| `([a-z0-9_]+)` \|.*?\| ([^|]+) \| ([^|]+) \|$",
            (ROOT / name).read_text("utf-8"),
            re.MULTILINE,
        )
        for name in READMES
    ]
    assert figures[0] == figures[1]
