"""The proof with real processes: a bank that misbehaves, our side killed with SIGKILL, three books compared."""

import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.custody.channel.test_machine import instruction

from jinku.bench.bank import Finding, Plan, Simulator, compare, prove
from jinku.bootstrap import open_house
from jinku.bootstrap.custody import Custody
from jinku.cli.main import main
from jinku.custody.channel.casework import Bench
from jinku.custody.channel.conformance import untested
from jinku.custody.channel.custodian.client import CustodianClient
from jinku.custody.channel.custodian.table import Code
from jinku.custody.channel.errors import NoAnswer
from jinku.custody.channel.model import State
from jinku.sim.custodian.connecting import connect_to


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def bank_process(bank: Path, *options: str) -> Iterator[Simulator]:
    """`jinku bank simulate` as a process of its own."""
    command = [sys.executable, "-m", "jinku", "bank", "simulate", "--bank", str(bank), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if (bank / "bank.json").exists():
                break
            time.sleep(0.05)
        simulator = Simulator(bank)
        simulator.get("/simulator/state")
        yield simulator
        simulator.close()
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.slow
def test_nothing_is_paid_twice_lost_or_left_open(tmp_path: Path) -> None:
    """R5 R20 R21: instructions through faults, bank crashes and kill -9 on our side; three books agree on each."""
    plan = Plan(
        count=60, seed=5, kills=2, kill_after_s=(3.0, 6.0), faults="all,crash_after=0.01,crash_before=0.01",
        day_s=1.5, seconds_max=150, notice_port=free_port(), watch_s=3,
    )  # fmt: skip
    found: Finding = prove(plan, tmp_path)
    assert (found.double_paid, found.lost, found.open) == (0, 0, 0)
    assert sum(found.states.values()) == 60
    assert set(found.states) <= {"settled", "failed", "returned"}
    assert found.kills == 2
    books = sqlite3.connect(tmp_path / "bank" / "books.sqlite")
    assert books.execute("SELECT count(*) FROM outside WHERE amount > 0").fetchone()[0] >= 50
    books.close()


def test_the_comparison_finds_each_kind_of_fault() -> None:
    """R21: a proof that could not fail proves nothing."""
    one = instruction(State.SETTLED, booked="settled")
    paid, held = ["17", "U-1", 500, "d", "settled"], {one.id: "held"}
    back, settled = ["17", "U-1", -500, "d", "returned"], {one.id: "settled"}
    assert compare([one], [paid], settled) == (0, 0, 0)
    assert compare([one], [paid, paid], settled) == (3 - 1, 1, 0)
    assert compare([one], [paid, ["9", "U-1", 500, "d", "settled"]], settled) == (2, 0, 0)
    assert compare([one], [], settled) == (0, 1, 0)
    assert compare([one], [["17", "U-1", 499, "d", "settled"]], settled) == (0, 1, 0)
    assert compare([one], [paid, back], settled) == (0, 1, 0)
    assert compare([one], [paid], held) == (0, 0, 1)
    assert compare([one], [paid], {one.id: "failed"}) == (0, 1, 0)
    assert compare([replace(one, state=State.UNKNOWN)], [], held) == (0, 0, 1)
    assert compare([replace(one, state=State.FAILED, booked="failed")], [paid], {one.id: "failed"}) == (
        0,
        1,
        0,
    )


def test_the_interface_test_leaves_a_sealed_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R21: each service has a case, the record is dated and sealed; another certificate is not spoken to."""
    data, bank = tmp_path / "data", tmp_path / "bank"
    open_house(data).close()
    assert untested() == ["ROLLBACK_RECHARGE"]
    with bank_process(bank, "--witness", str(tmp_path / "w"), "--log", f"@{data / 'log.vkey'}") as simulator:
        connect_to(data, bank, "P-1")
        capsys.readouterr()
        assert main(["bank", "selftest", "--data", str(data), "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["passed"], said["failed"], said["document"]) == (24, 0, "jinku/interface-test/v1")
        assert Path(said["record"]).exists()
        assert simulator.get("/simulator/state")["balanced"]
        with open_house(data) as house, Custody(house) as custody, custody.channel() as opened:
            client, link = opened.links["custodian"]
            _a_thief_with_the_line(client, Bench(client, link, "thief", house_clock))
            (bank / "other").mkdir()
            other = _another_certificate(bank / "other")
            with CustodianClient(replace(link, certificate=other)) as wary, pytest.raises(NoAnswer):
                wary.call("QUERY_USER", "1", {"user": "x"})


def house_clock() -> int:
    return time.time_ns()


def _a_thief_with_the_line(client: CustodianClient, bench: Bench) -> None:
    """A recorded request sent again, and the same number with more money, move nothing."""
    user = bench.user("t")
    raw, signature = bench.raw(
        "WITHDRAW", "w", {"user": user, "amount": "10", "currency": "CNY", "mode": "immediate"}
    )
    assert client.exchange(raw, signature)[0].code == Code.DONE
    assert client.exchange(raw, signature)[0].code == Code.REPLAYED
    more = bench.call("WITHDRAW", "w", user=user, amount="900", currency="CNY", mode="immediate")
    assert more.code == Code.NUMBER_TAKEN
    assert bench.has(user, "after") == (990, 0)


def _another_certificate(directory: Path) -> str:
    from jinku.sim.custodian.keys import BankKeys

    return BankKeys.open(directory).certificate
