"""What a demonstration is asked for, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from jinku.sim.audit import Check
from jinku.sim.close import Closed
from jinku.sim.day import Day
from jinku.sim.run import RunReport
from jinku.sim.scale import FULL, SMALL, Scale
from jinku.verify import LogReport

CALLERS = 128
"""How many customers order at once, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """What is asked for. `callers` is how many callers order at once."""

    directory: Path
    seed: int = 7
    small: bool = False
    force: bool = False
    callers: int = CALLERS

    @property
    def scale(self) -> Scale:
        """How much happens."""
        return SMALL if self.small else FULL


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came out."""

    request: DemoRequest
    day: Day
    run: RunReport
    closed: Closed
    report: LogReport
    checks: tuple[Check, ...]
    orders_sha256: str
    """Digest of every transfer ordered (`Script.digest`)."""
    groups: int
    """Durable writes that answered `run.calls` calls while the day was played."""
    erased: int
    """The party whose personal data was erased before the audit."""
    samples: Mapping[str, str]
    """Names and ids to try things with: customer, account, transfer."""
    seconds: Mapping[str, float]

    @property
    def outcome(self) -> dict[str, object]:
        """What the seed decides, and nothing else."""
        closed = self.closed
        return {
            "seed": self.request.seed,
            "day": self.day.day.isoformat(),
            "parties": len(self.day.parties),
            "transfers_sent": self.run.transfers,
            "transfers_booked": self.run.transfers - self.run.refused - self.run.sent_again,
            "sent_twice": self.run.sent_again,
            "refused_as_planned": self.run.refused,
            "by_purpose": dict(sorted(self.run.by_name.items())),
            "orders_sha256": self.orders_sha256,
            "log_entries": dict(sorted(self.report.entries_by_kind.items())),
            "statement_lines": len(closed.reconciliation.bank.entries),
            "breaks": {one.kind.value: asdict(one) for one in closed.scores},
            "requirement_fen": str(closed.position.requirement),
            "resource_fen": str(closed.position.resource),
            "position": closed.position.outcome.value,
            "difference_fen": str(closed.position.difference),
            "customers": closed.attestation.customers,
            "liabilities_fen": str(closed.attestation.liabilities),
        }

    def as_json(self) -> dict[str, object]:
        """The summary as plain values."""
        return {
            "outcome": self.outcome,
            "log": {
                "origin": self.report.origin,
                "size": self.report.size,
                "root": self.report.root,
                "attestation_entry": self.closed.attestation_entry,
                "close_entry": self.closed.record_entry,
            },
            "group_commit": {"calls": self.run.calls, "durable_writes": self.groups},
            "checks": [asdict(check) for check in self.checks],
            "erased_party": self.erased,
            "samples": dict(self.samples),
            "seconds": {name: round(spent, 3) for name, spent in self.seconds.items()},
            "folder": str(self.request.directory),
        }


def next_steps(result: DemoResult, directory: Path, program: str = "jinku") -> list[tuple[str, str]]:
    """Commands that work on the folder at `directory`, and what each shows."""
    samples, key = result.samples, f"--key @{directory / 'log.vkey'}"
    transfer = directory / "receipts" / f"transfer-{samples['transfer']}.tlog-proof"
    return [
        (
            f"{program} verify log {directory / 'log'} {key}",
            "recompute the whole log from its files 全量核验日志",
        ),
        (
            f"{program} verify balance {directory / 'receipts' / samples['customer']}.json {key}",
            "a customer's proof of balance 客户余额证明",
        ),
        (f"{program} verify receipt {transfer} {key}", "a transfer's receipt 交易凭证"),
        (
            f"{program} recon statement {directory / 'statement.xml'}",
            "read and check the bank's file 读取对账单",
        ),
        (
            f"{program} recon position --statement {directory / 'statement.xml'} --data {directory}",
            "owed to clients against held at the bank 应存与实存",
        ),
        (
            f"{program} ledger history {samples['account']} --data {directory} --money",
            "what moved on an investor's account 账户流水",
        ),
        (
            f"{program} ledger balance {samples['account']} --at {result.day.day.isoformat()}T04:00:00Z "
            f"--data {directory} --money",
            "its balance at noon in China, or at any moment 任意时点余额",
        ),
        (f"{program} serve --data {directory}", "serve ledger and log over HTTP (Ctrl-C ends it) 启动服务"),
    ]
