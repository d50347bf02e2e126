"""Small engines whose answers are plain to see, and a real ledger's log beneath the journal."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np

from jinku.ledger.opening import open_journal
from jinku.ledger.service import Ledger
from jinku.risk.decision.combining import RuleLine, RuleLines
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.ids import IdIndex
from jinku.risk.decision.journal import Journal
from jinku.risk.decision.model import Action, Bits, Floats, Versions
from jinku.risk.decision.office import DecisionOffice, Requests, ids_from, last_time
from jinku.risk.decision.policy import Policy
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column, keys
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import payments
from jinku.risk.events.stamp import Stamper
from jinku.risk.features.frame import FeatureFrame

SHANGHAI = LocalTime("Asia/Shanghai")
POLICY = Policy.from_bytes(
    b"""
name = "test"
deadline_ms = 1000
[late]
action = "allow"
hold_above = { CNY = "1000" }
[failed]
action = "hold"
[[when]]
model = 0.9
action = "challenge"
reason = "model"
[[when]]
listed = true
action = "deny"
reason = "listed"
[[when]]
points = 30
action = "hold"
reason = "many points"
"""
)
LINES = RuleLines.of(
    (
        RuleLine("large", Action.HOLD, 10, "above 5,000"),
        RuleLine("huge", Action.DENY, 10, "above 50,000"),
        RuleLine("odd", Action.ALLOW, 20, "an odd amount"),
        RuleLine("watched", Action.DENY, 100, "everything", shadow=True),
    )
)


@dataclass
class Plain:
    """Features: the amount, and how many events there were; score: 1 where the amount ends in 99."""

    versions: Versions = field(default_factory=lambda: Versions("f" * 64))
    lines: RuleLines = LINES
    width: int = 2
    seen: int = 0
    failing: str = ""

    def features(self, batch: EventBatch) -> FeatureFrame:
        if self.failing == "features":
            raise ValueError("broken")
        amount = batch.column("amount").values.astype(np.float64)
        count = np.arange(self.seen + 1, self.seen + 1 + len(batch), dtype=np.float64)
        self.seen += len(batch)
        values = np.stack([amount, count])
        return FeatureFrame(("amount", "count"), values, np.ones(values.shape, np.bool_))

    def model(self, frame: FeatureFrame, batch: EventBatch) -> Floats:
        if self.failing == "model":
            raise ValueError("broken")
        found: Floats = (batch.column("amount").values % 100 == 99).astype(np.float64)
        return found

    def rules(self, frame: FeatureFrame, batch: EventBatch) -> Bits:
        if self.failing == "rules":
            raise ValueError("broken")
        amount = frame.column("amount")
        fired = amount > 5_000, amount > 50_000, amount % 2 == 1, amount > 0
        return np.stack(fired, axis=1).astype(np.uint8)

    def snapshot(self) -> bytes:
        return self.seen.to_bytes(8, "little")


def batch_of(amounts: list[int], *, first: int = 1, listed: list[bool] | None = None) -> EventBatch:
    count = len(amounts)
    return payments(
        {
            "id": Column.full(keys(range(first, first + count))),
            "time": Column.full(np.arange(first, first + count, dtype=np.int64)),
            "amount": Column.of_integers(amounts),
            "currency": Column.of_texts(["CNY"] * count),
            "listed": Column.of_booleans(listed or [False] * count),
        },
        SHANGHAI,
    )


def asked(ids: list[int], amounts: list[int], linked: list[bool] | None = None) -> Requests:
    """Requests whose bytes are their amounts."""
    numbers = keys(ids)

    def events(rows: np.ndarray, times: np.ndarray) -> EventBatch:
        return payments(
            {
                "id": Column.full(numbers[rows]),
                "time": Column.full(times),
                "amount": Column.full(np.array(amounts, np.int64)[rows]),
                "currency": Column.of_texts(["CNY"] * len(rows)),
            },
            SHANGHAI,
        )

    raw = np.array(amounts, np.int64).view(np.uint8).reshape(-1, 8)
    chained = np.array(linked or [False] * len(ids))
    return Requests("test", numbers["lo"], numbers["hi"], raw, chained, events)


@contextmanager
def opened_ledger(directory: Path) -> Iterator[Ledger]:
    with open_journal(directory / "ledger") as ledger:
        yield ledger


def office_over(
    directory: Path, ledger: Ledger, engines: Plain | None = None, run_rows: int = 1 << 10
) -> DecisionOffice:
    journal = Journal.open(directory / "decisions", ledger)
    journal.seal_rest()
    index = IdIndex.open(
        directory / "decisions" / "ids",
        lambda first: ids_from(journal, first),
        journal.size,
        run_rows=run_rows,
    )
    desk = Desk(engines or Plain(), POLICY)
    return DecisionOffice(desk, journal, index, Stamper(ledger_clock, last_time(journal)))


def ledger_clock() -> int:
    return 1_790_000_000_000_000_000


def patient(directory: Path) -> str:
    """The line of ``risk.toml`` for the standard policy with a long deadline: a busy machine then decides nothing else.
    Writes the policy into ``risk/``."""
    standard = files("jinku.risk.decision").joinpath("standard.toml").read_text("utf-8")
    (directory / "risk").mkdir(parents=True, exist_ok=True)
    (directory / "risk" / "decision.toml").write_text(
        re.sub(r"deadline_ms = \d+", "deadline_ms = 60000", standard), "utf-8"
    )
    return 'policy = "decision.toml"\n'
