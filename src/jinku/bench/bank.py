"""The proof of the bank channel: instructions through a bank that misbehaves, while our process is killed at random.

Rules:

1. The bank is a process of its own with books of its own; our side is `jinku bank dispatch`, killed with SIGKILL at
   random moments and started again. Half of the instructions go by the signed interface, half by files.
2. At the end four things are compared, instruction by instruction: what really left by the bank's books, what our
   table says, what the ledger booked, and what the order book says.
3. `bank_double_paid` counts payees who got more than once, or money for a request of nobody; `bank_lost` counts
   instructions where they disagree, or where money is missing; `bank_open` what is not final, or still held.

Example::

    figures = bank_figures(Plan(count=10_000, seed=7))  # {"bank_double_paid": Figure(0, "instructions", 0), …}
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from jinku.base.database import Database
from jinku.bench.report import Figure
from jinku.bootstrap import CONTROL_FILE, House, open_house
from jinku.bootstrap.custody import Custody
from jinku.custody.channel.custodian.client import pinned
from jinku.custody.channel.model import Instruction, State
from jinku.custody.channel.store import ChannelStore
from jinku.custody.orders.acts import order_key
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.handing_over import stand, withdrawal_key
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.model import Deposit, Mode, Step, Withdrawal, new_order_id, transfer_id
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State as OrderState
from jinku.custody.orders.requests import OneTime, Request, digest_of
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind as AccountKind
from jinku.custody.structure.table import Role
from jinku.ledger.errors import LedgerError
from jinku.ledger.limits import RESULTS_MAX
from jinku.sim.custodian.connecting import PAYEES_FILE, connect_to
from jinku.sim.custodian.server import ABOUT_FILE

AMOUNT_LEAST = 1_000
STOP_S = 10
LOOK_S = 0.3
SIDES = ("custodian", "iso")
CHART = Chart(1, 156)
ORDERS_AT_ONCE = 4_000
_IN_THE_BOOK = {
    OrderState.SENT: "held",
    OrderState.SETTLED: "settled",
    OrderState.VOIDED: "failed",
    OrderState.RETURNED: "returned",
}
"""What the order book must say of what the ledger has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `kills` is how often our process is killed; `seconds_max` bounds the whole."""

    count: int = 10_000
    seed: int = 1
    kills: int = 8
    kill_after_s: tuple[float, float] = (4.0, 12.0)
    faults: str = "all"
    day_s: float = 4.0
    seconds_max: float = 1_800.0
    notice_port: int = 0
    watch_s: int = 10
    """How often settled payouts are asked about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the comparison found."""

    double_paid: int
    lost: int
    open: int
    states: Mapping[str, int]
    breaks: Mapping[str, int]
    kills: int
    seconds: float


def bank_figures(plan: Plan, directory: Path | None = None) -> dict[str, Figure]:
    """Run `plan` in `directory` (a temporary one by default); the figures with their bars."""
    found = prove(plan, directory)
    return {
        "bank_double_paid": Figure(found.double_paid, "instructions", 0, lower_is_better=True),
        "bank_lost": Figure(found.lost, "instructions", 0, lower_is_better=True),
        "bank_open": Figure(found.open, "instructions", 0, lower_is_better=True),
        "bank_instructions": Figure(plan.count, "instructions"),
        "bank_kills": Figure(found.kills, "kill -9"),
        "bank_ips": Figure(plan.count / found.seconds, "instructions/s"),
    }


def prove(plan: Plan, directory: Path | None = None) -> Finding:
    """See the module's rules."""
    with tempfile.TemporaryDirectory() as made:
        base = directory or Path(made)
        data, bank = base / "data", base / "bank"
        with _bank(plan, bank) as simulator:
            with open_house(data) as house:
                _prepare(plan, house, bank, simulator)
            began = time.monotonic()
            kills = _dispatch(plan, data, simulator)
            seconds = time.monotonic() - began
            outside = simulator.get("/simulator/outside")["outside"]
            balanced = simulator.get("/simulator/state")["balanced"]
            with open_house(data) as house, Custody(house) as custody, custody.channel() as opened:
                instructions = opened.desk.instructions()
                booked = _booked(custody, instructions)
                breaks = Counter(one.kind.value for one in opened.store.breaks())
            double, lost, left = compare(instructions, outside, booked)
            lost += 0 if balanced else plan.count
            lost += abs(plan.count - len(instructions))
            states = Counter(one.state.value for one in instructions)
            return Finding(double, lost, left, states, breaks, kills, seconds)


def compare(
    instructions: list[Instruction], outside: list[list[Any]], booked: Mapping[int, str]
) -> tuple[int, int, int]:
    """(paid twice, lost, open) of three books. `outside` are the bank's rows (number, payee, amount, day, kind);
    `booked` says what the ledger has of each order."""
    left: Counter[str] = Counter()
    came: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    for number, payee, amount, _, _ in outside:
        (left if amount > 0 else came)[number] += 1
        paid[payee] += amount > 0
    numbers = {str(one.request_no): one for one in instructions}
    strangers = sum(number not in numbers for number in left)
    double = strangers + sum(count > 1 for count in left.values()) + sum(count > 1 for count in paid.values())
    wanted = {State.SETTLED: (1, 0), State.RETURNED: (1, 1), State.FAILED: (0, 0)}
    sums: Counter[str] = Counter()
    for number, _, amount, _, _ in outside:
        sums[number] += amount
    lost, open_ = 0, 0
    for number, one in numbers.items():
        if not one.state.final or booked.get(one.id) == "held":
            open_ += 1
            continue
        net = one.amount if one.state is State.SETTLED else 0
        agree = (left[number], came[number]) == wanted[one.state] and sums[number] == net
        lost += not (agree and booked.get(one.id) == one.state.value == one.booked)
    return double, lost, open_


def _booked(custody: Custody, instructions: list[Instruction]) -> dict[int, str]:
    """What the ledger and the order book have of each order: held, settled, failed, returned or nothing."""
    ids = [one.id for one in instructions]
    wanted = [transfer_id(one, step) for one in ids for step in (Step.POSTED, Step.VOIDED, Step.RETURNED)]
    have = {
        one.id
        for first in range(0, len(wanted), RESULTS_MAX)
        for one in custody.house.ledger.lookup_transfers(wanted[first : first + RESULTS_MAX])
    }
    known = stand(custody.corridor(1, CHART.currency), [withdrawal_key(one) for one in ids])
    found = {}
    for one in ids:
        posted, voided, returned = (
            transfer_id(one, step) in have for step in (Step.POSTED, Step.VOIDED, Step.RETURNED)
        )
        states = {
            (False, False, False): "held",
            (True, False, False): "settled",
            (False, True, False): "failed",
        }
        found[one] = states.get((posted, voided, returned), "returned" if posted and not voided else "broken")
        if found[one] != _IN_THE_BOOK.get(known[withdrawal_key(one)].state):
            found[one] = "held" if found[one] == "held" else "broken"
    return found


class Simulator:
    """The simulated bank's handles, asked again where it is just dying."""

    def __init__(self, bank: Path) -> None:
        about = json.loads((bank / ABOUT_FILE).read_text(encoding="utf-8"))
        certificate = (bank / about["certificate"]).read_text(encoding="ascii")
        self._client = httpx2.Client(
            base_url=about["url"], verify=pinned(certificate), timeout=30, trust_env=False
        )

    def get(self, path: str) -> dict[str, Any]:
        """A handle's answer."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        """A handle's answer."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None) -> dict[str, Any]:
        for _ in range(200):
            try:
                answer: dict[str, Any] = self._client.request(method, path, json=body).json()
            except httpx2.HTTPError:
                time.sleep(0.1)
            else:
                return answer
        raise TimeoutError(path)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@contextmanager
def _bank(plan: Plan, bank: Path) -> Iterator[Simulator]:
    """A simulated bank as a process of its own."""
    options = ["--bank", str(bank), "--faults", plan.faults, "--seed", str(plan.seed), "--hang", "1.5"]
    command = [sys.executable, "-m", "jinku", "bank", "simulate", *options, "--day-seconds", str(plan.day_s)]
    today = datetime.now(UTC).date().isoformat()
    process = subprocess.Popen(
        [*command, "--day", today], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 60
        while not (bank / ABOUT_FILE).exists() and time.monotonic() < end:
            time.sleep(0.05)
        simulator = Simulator(bank)
        simulator.get("/simulator/state")
        yield simulator
        simulator.close()
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _prepare(plan: Plan, house: House, bank: Path, simulator: Simulator) -> None:
    """Customers with money at the bank and in the ledger, withdrawals held, instructions made and approved."""
    count = plan.count
    quick = {"resend_after_s": 2, "query_every_s": 2, "watch_every_s": plan.watch_s}
    terms = {
        "custodian": {**quick, "acknowledge_within_s": 2},
        "iso20022": {**quick, "acknowledge_within_s": 5},
    }
    connect_to(house.directory, bank, "P-1", plan.notice_port, terms=terms, timeout_ms=1_000)
    amounts = [AMOUNT_LEAST + number for number in range(count)]
    side = [SIDES[number % len(SIDES)] for number in range(count)]
    funds = {f"U-{n}": str(amounts[n]) for n in range(count) if side[n] == "custodian"}
    simulator.post("/simulator/fund", {**funds, "POOL": str(sum(amounts))})
    payees = {
        f"U-{n}": {"name": f"Payee {n}", "account": f"U-{n}", "bank": "SIMUCNBJXXX"} for n in range(count)
    }
    (house.directory / PAYEES_FILE).write_text(json.dumps(payees), encoding="utf-8")
    desk = OrderDesk(house.ledger, CHART)
    desk.open_entity()
    desk.open_parties([Opening(number + 1, Role.INVESTOR, 0) for number in range(count)])
    accounts = [CHART.account(AccountKind.INVESTOR, number + 1) for number in range(count)]
    moment = time.time_ns() // 1_000_000
    with Custody(house) as custody, custody.channel() as opened:
        day = custody.open_day(1, CHART.currency)
        deposits = [
            Deposit(id=new_order_id(moment, n), day=day, account=accounts[n], amount=amounts[n])
            for n in range(count)
        ]
        held = [
            Withdrawal(
                id=new_order_id(moment + 1, n),
                day=day,
                account=accounts[n],
                amount=amounts[n],
                mode=Mode.CONFIRMED if side[n] == "custodian" and n % 10 == 0 else Mode.NORMAL,
            )
            for n in range(count)
        ]
        _give(custody, deposits, held)
        requests = [opened.orders.payout(held[n].id, side[n], f"U-{n}") for n in range(count)]
        opened.desk.instruct(requests, by="maker")
        opened.desk.approve([one.order for one in requests], by="checker")


def _give(custody: Custody, deposits: list[Deposit], held: list[Withdrawal]) -> None:
    """Deposits by the bank's word, withdrawals by their customers', who confirm those that want it."""
    corridor, acts = custody.corridor(1, CHART.currency), custody.acts(1, CHART.currency)

    def word(order: Withdrawal, name: str) -> OneTime:
        evidence = f"{name}-{order.id & 0xFFFFFFFFFFFFFFFF:x}"
        return OneTime(Method.SMS, evidence, custody.clock(), digest_of(CHART, order))

    requests = [Request(one, CHANNEL) for one in deposits]
    requests += [Request(one, "app", word=word(one, "sms")) for one in held]
    for at in range(0, len(requests), ORDERS_AT_ONCE):
        if corridor.submit(requests[at : at + ORDERS_AT_ONCE]).count(OrderState.REFUSED):
            raise LedgerError("the bench's orders were refused", remedy="use an empty directory")
    for one in held:
        if one.mode is Mode.CONFIRMED:
            acts.confirm_withdrawal(order_key(one), word(one, "again"), by="app")


def _dispatch(plan: Plan, data: Path, simulator: Simulator) -> int:
    """Dispatch until nothing is open on either side, killing the process on the way; how often it was killed."""
    chance, kills, end = random.Random(plan.seed), 0, time.monotonic() + plan.seconds_max  # noqa: S311 - a schedule
    command = [sys.executable, "-m", "jinku", "bank", "dispatch", "--data", str(data), "--stay", "--for", "0"]
    while time.monotonic() < end:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            until = time.monotonic() + chance.uniform(*plan.kill_after_s) if kills < plan.kills else end
            while time.monotonic() < until and process.poll() is None:
                time.sleep(LOOK_S)
                if kills == plan.kills and _complete(data, simulator):
                    process.terminate()
                    process.wait(STOP_S)
                    return kills
            if process.poll() is not None:
                problem = process.stderr.read().decode() if process.stderr else ""
                raise LedgerError(f"dispatching ended by itself: {problem[:400]}", remedy="see the message")
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
    return kills


def _complete(data: Path, simulator: Simulator) -> bool:
    """Whether both sides are at rest: all final and booked here, nothing due there, every return known."""
    with Database.open(data / CONTROL_FILE) as database:
        store = ChannelStore(database)
        counts = store.counts()
        if store.unbooked() or any(count for state, count in counts.items() if not state.final):
            return False
    if simulator.get("/simulator/state")["due"]:
        return False
    outside = simulator.get("/simulator/outside")["outside"]
    return counts[State.RETURNED] == sum(1 for row in outside if int(row[2]) < 0)
