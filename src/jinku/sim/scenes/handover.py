"""What others get: the resolution pack, the owners' file, the custody report, an auditor's sample, a restore drill.

Rules:

1. Each is made as the commands make it, and checked as whoever receives it would: the pack by a Python without Jinku.
2. Where no Chinese font is installed the papers are made in English alone, and the scene says so.

Example::

    scene = hand_over(stage, directory)
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinku.crypto.vkey import VerifierKey
from jinku.custody.audit.population import read_population
from jinku.custody.audit.sample import Method, Plan, draw, receipts
from jinku.custody.inert import csv_text
from jinku.custody.pack.deliver import Delivery, deliver
from jinku.custody.reports.daily import OwnersRequest, write_day
from jinku.custody.reports.fonts import find_fonts
from jinku.custody.reports.run import Wanted, custody_of
from jinku.custody.retention.drills import run_drill
from jinku.log.reader import LogDirectory
from jinku.sim.audit import Check
from jinku.sim.close import MAKER, Stage
from jinku.sim.papers import money
from jinku.sim.scenes.scene import Scene
from jinku.verify import Trust, verify_receipt

WORDS = "words that the auditor chose"
_SAMPLE = 25
_CHECK_S = 120
_PLATFORMS = "loan_balance"
"""Friday's loans were given without claims in these books; the report says by how much the two ways differ."""
_RESOLUTION = """# Made up for the demonstration. 演示数据，均为虚构。
[institution]
legal_name = "Demonstration Platform Ltd"
legal_name_zh = "演示平台有限公司"
registration_number = "91990000DEMO000001"
regulator = "Demonstration Regulator"
structure = "cn-fund-custody"
custodian = "Demonstration Custodian Bank"

[[bank_accounts]]
entity = "1"
currency = "CNY"
pool = "client_pool"
bank = "Demonstration Custodian Bank"
account_number = "9909000000000156001"
holder = "演示平台客户资金存管专户"

[[people]]
name = "ops-chen, ops-liu"
function = "closing of days, by two persons 日终双人"

[[providers]]
name = "Demonstration Custodian Bank"
service = "client account, witness 存管账户、见证人"
"""


@dataclass(slots=True)
class _Handing:
    stage: Stage
    directory: Path
    begin: Callable[[str], None]
    rows: list[tuple[str, str]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


def hand_over(stage: Stage, directory: Path, day: date, begin: Callable[[str], None]) -> Scene:
    """See the module; `day` is the business day of the owners' file, `begin` is told of each stage."""
    (directory / "resolution.toml").write_text(_RESOLUTION, "utf-8")
    handing = _Handing(stage, directory, begin)
    for part in (_pack, _report, _sample, _drill):
        part(handing)
    _owners(handing, day)
    return Scene("Handed over", "交付资料", tuple(handing.rows), tuple(handing.checks))


def _pack(handing: _Handing) -> None:
    handing.begin("the resolution pack, and its check by plain Python")
    folder = handing.directory / "pack"
    made = deliver(handing.stage.house, Delivery(folder, find_fonts()))
    handing.rows.append(
        ("resolution pack 处置资料包", f"{made.pack.owners:,} owners, {', '.join(made.pack.papers)}")
    )
    gaps = f"{len(made.pack.notes)} gaps and limits, named in the pack"
    handing.rows.append(("  what it says is missing 资料包自述缺项", gaps))
    command = [sys.executable, "-I", "-S", "verify.pyz", "pack", "."]
    keys = [part for key in handing.stage.house.vkeys for part in ("--key", key)]
    done = subprocess.run(  # noqa: S603 - this very Python, on a file that we have just made
        [*command, *keys], cwd=folder, capture_output=True, text=True, check=False, timeout=_CHECK_S
    )
    seen = "verify.pyz, without Jinku: verified" if done.returncode == 0 else done.stdout[-200:]
    handing.checks.append(Check("the pack by plain python3", done.returncode == 0, seen))


def _owners(handing: _Handing, day: date) -> None:
    handing.begin("the beneficial owners' file")
    made = write_day(handing.stage.house, OwnersRequest(handing.directory / "owners", day))
    handing.rows.append(
        ("beneficial owners 12 CFR 370 权益人清单", f"{made.owners:,} owners, {day.isoformat()}")
    )


def _report(handing: _Handing) -> None:
    handing.begin("the custody report")
    month = f"{handing.stage.custody.days.open_day(*handing.stage.books):%Y-%m}"
    wanted = Wanted(month, handing.stage.chart.entity, "CNY", handing.directory / "report", find_fonts())
    made = custody_of(handing.stage.house, wanted)
    figures = json.loads((made.sealed.path / "report.json").read_text("utf-8"))["figures"]
    two = {name: one for name, one in figures.items() if one["second"] is not None and name != _PLATFORMS}
    differ = [name for name, one in two.items() if one["second"] != one["value"]]
    papers = ", ".join(sorted(one for one in made.files if one.endswith(".pdf")))
    handing.rows.append((f"custody report 资金存管报告 {month}", f"{len(figures)} figures; {papers}"))
    seen = ", ".join(differ) or f"{len(two)} figures, each the same both ways"
    handing.checks.append(Check("the custody report, counted two ways", bool(two) and not differ, seen))


def _sample(handing: _Handing) -> None:
    handing.begin("an auditor's sample")
    folder = handing.directory / "sample"
    (folder / "receipts").mkdir(parents=True)
    log = LogDirectory(handing.stage.house.log_directory)
    vkeys = handing.stage.house.vkeys
    population = read_population(log, [VerifierKey.parse(key) for key in vkeys])
    drawn = draw(population, Plan(Method.MONEY, _SAMPLE, WORDS, handing.stage.chart.currency))
    trust, held = Trust.of(list(vkeys)), 0
    rows = []
    for one, receipt in zip(drawn.drawn, receipts(log, population, drawn), strict=True):
        data, name = receipt.encode(), f"receipts/{one.entry}.tlog-proof"
        (folder / name).write_bytes(data)
        held += verify_receipt(data, None, trust).leaf[24:40] == one.transfer.to_bytes(16, "little")
        rows.append((one.entry, one.transfer, one.amount, one.code, one.day, one.hits, name))
    names = ("entry", "transfer", "amount_fen", "code", "day", "hits", "receipt")
    (folder / "sample.csv").write_text(csv_text(names, rows), "utf-8")
    seen = f"{held} of {len(rows)} movements proven"
    handing.rows.append(
        (
            "auditor's sample 审计抽样",
            f"{len(rows)} of {drawn.movements:,} movements, {money(drawn.total)} CNY in all",
        )
    )
    handing.checks.append(Check("the auditor's sample", held == len(rows) > 0, seen))


def _drill(handing: _Handing) -> None:
    """The house is copied while it runs, restored elsewhere, and its state rebuilt from the journal."""
    handing.begin("a restore drill")
    scratch = Path(tempfile.mkdtemp(prefix="jinku-drill-"))
    try:
        drill = run_drill(handing.stage.house.directory, scratch / "copy", MAKER, handing.stage.clock)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    handing.rows.append(
        ("restore drill 恢复演练", f"{drill.document['entries']:,} entries rebuilt elsewhere")
    )
    handing.checks.append(Check("the restore drill", drill.passed, "rebuilt from the journal, nothing lost"))
