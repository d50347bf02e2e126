"""What a demonstration is asked for, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from jinku.custody.proof.desk import Attested
from jinku.sim.audit import Check
from jinku.sim.casework import Worked
from jinku.sim.close import Closed
from jinku.sim.day import Day
from jinku.sim.papers import money
from jinku.sim.run import RunReport
from jinku.sim.scale import FULL, SMALL, Scale
from jinku.sim.scenes.scene import Scene
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
    """Friday."""
    monday: Closed
    worked: Worked
    attestation: Attested
    """Monday's."""
    scenes: tuple[Scene, ...]
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
            "statement_lines": len(closed.statement.entries),
            "breaks": {one.kind.value: asdict(one) for one in closed.scores},
            "requirement_fen": closed.position["requirement"],
            "resource_fen": closed.position["resource"],
            "position": closed.position["outcome"],
            "difference_fen": closed.position["difference"],
            "remedies": [[one.kind.value, str(one.amount), one.state.value] for one in closed.remedies],
            "breaks_explained": self.worked.explained,
            "written_off_fen": str(self.worked.written_off.effect),
            "breaks_of_monday": dict(self.monday.counts),
            "difference_of_monday_fen": self.monday.position["difference"],
            "customers": self.attestation.statement.customers,
            "liabilities_fen": str(self.attestation.statement.liabilities),
            "scenes": [dict(scene.outcome) for scene in self.scenes],
        }

    def as_json(self) -> dict[str, object]:
        """The summary as plain values."""
        return {
            "outcome": self.outcome,
            "log": {
                "origin": self.report.origin,
                "size": self.report.size,
                "root": self.report.root,
                "entries": dict(sorted(self.report.entries_by_kind.items())),
                "attestation_entry": self.attestation.entry,
                "close_entries": [self.closed.day.sealed_entry, self.monday.day.sealed_entry],
            },
            "group_commit": {"calls": self.run.calls, "durable_writes": self.groups},
            "checks": [asdict(check) for check in self.checks],
            "scenes": [
                {"scene": one.title, "shown": one.rows, "checks": [asdict(check) for check in one.checks]}
                for one in self.scenes
            ],
            "erased_party": self.erased,
            "samples": dict(self.samples),
            "seconds": {name: round(spent, 3) for name, spent in self.seconds.items()},
            "folder": str(self.request.directory),
        }

    @property
    def story(self) -> list[tuple[str, str]]:
        """What happened, in the order of a reader: heading, and what there is to know."""
        closed, monday, position = self.closed, self.monday, self.closed.position
        found = sum(one.found for one in closed.scores)
        remedies = ", ".join(
            f"{one.kind.value.replace('_', ' ')} {money(one.amount)}" for one in closed.remedies
        )
        lines = [
            (
                f"{closed.day.day} played 交易",
                f"{self.run.transfers:,} transfers of {len(self.day.parties):,} parties",
            ),
            (
                "closed by two persons 日终",
                f"{closed.counts['equal']:,} equal on three sides, {found} breaks planted and found, none missed",
            ),
            (
                f"position 头寸: {position['outcome']}",
                f"{money(int(position['difference']))} CNY; own money moved: {remedies or 'none'}",
            ),
            (
                "breaks worked on 差错处理",
                f"{self.worked.explained} explained, 1 written off, {self.worked.still_open} open with an owner",
            ),
            (
                f"{monday.day.day} closed 日终",
                f"{self.monday_ended} of Friday's breaks ended by themselves; {len(monday.breaks)} stand open",
            ),
            (
                "attested 偿付证明",
                f"{money(self.attestation.statement.liabilities)} CNY, cosigned by the bank's witness",
            ),
        ]
        for scene in self.scenes:
            lines += [(scene.title, ""), *((f"  {name}", seen) for name, seen in scene.rows)]
        return lines

    @property
    def monday_ended(self) -> int:
        """How many of Friday's breaks Monday's close ended."""
        left = {one.id for one in self.monday.breaks}
        return sum(one.id not in left for one in self.closed.breaks) - self.worked.explained - 1


def next_steps(result: DemoResult, directory: Path, program: str = "jinku") -> list[tuple[str, str]]:
    """Commands that work on the folder at `directory`, and what each shows."""
    samples, key = result.samples, f"--key @{directory / 'log.vkey'}"
    day = result.day.day.isoformat()
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
            f"{program} close show {day} --data {directory}",
            "the closed Friday, its inputs and record 日终记录",
        ),
        (
            f"{program} close reperform {day} --data {directory}",
            "compute its record again, byte for byte 复算",
        ),
        (f"{program} position history --data {directory}", "positions and remedies 头寸与补救"),
        (f"{program} breaks list --data {directory}", "open breaks and who has them 差错台账"),
        (
            f"{program} breaks show {samples['break']} --data {directory}",
            "all that happened to one 差错经过",
        ),
        (f"{program} party show {samples['party']} --data {directory}", "Monday's new party 客户档案"),
        (
            f"{program} pack check {directory / 'pack'} {key}",
            "the resolution pack, as its receiver 核验资料包",
        ),
        (f"{program} report check {directory / 'report'} {key}", "the custody report 核验报告"),
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
