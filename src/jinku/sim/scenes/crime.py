"""A wallet platform's day with crime in it: what was stopped, held, missed and wrongly held, in numbers.

Rules:

1. The day's people, movements and crimes are `jinku.sim.crime`; the house that decides is a real one with the rules
   and features that come with Jinku, and a list of invented names.
2. Whoever decides is never told a label. The reckoning is made from the labels afterwards.
3. What must hold is checked: money to listed names is stopped, most schemes are noticed, no more ordinary custom is
   held than `WRONG_SHARE_MAX` or asked back than `ASKED_SHARE_MAX`, the day replays without a mismatch, and one held
   payment is released and one refused, each by two persons. That a persuaded customer is missed is told, not hidden.

Example::

    scene = crime_scene(directory, doors.crime, seed=7, small=True)
"""

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from jinku.ledger.service import Ledger
from jinku.risk.cases.alert_desk import AlertDesk
from jinku.risk.cases.raising import of_typologies
from jinku.sim.audit import Check
from jinku.sim.crime.alerts import subjects, typologies
from jinku.sim.crime.custom import DAY_US
from jinku.sim.crime.listed import write_list
from jinku.sim.crime.model import Scale, Scheme
from jinku.sim.crime.play import Answer, Outcome, Venue, open_accounts, play
from jinku.sim.crime.score import Line, reckon
from jinku.sim.crime.words import COLUMNS, STORIES
from jinku.sim.crime.world import CrimeWorld, make_world
from jinku.sim.run import SimClock
from jinku.sim.scenes.scene import Scene

DAY = date(2026, 11, 20)
CHINA = timezone(timedelta(hours=8))
SMALL = Scale(people=700, companies=20, shops=80, history_days=32, each=2)
WRONG_SHARE_MAX, ASKED_SHARE_MAX = 0.02, 0.06
WORDS = ("stopped 拦截", "held 暂停", "asked back 询问客户")
GROUPS = (("fraud", "欺诈"), ("laundering", "洗钱"), ("honest", "正常"))
CSV_FILE, PAGE_FILE = "reckoning.csv", "reckoning.md"


@dataclass(frozen=True)
class CrimeRooms:
    """A house that decides, as the scene needs it."""

    venue: Venue
    alerts: AlertDesk
    feed: Callable[[], int]
    """Hand decisions to the alert desk; how many alerts."""
    settle: Callable[[int, str], str]
    """Release (``release``) or refuse (``refuse``) a held transfer by two persons; how it stands then."""
    replay: Callable[[date], tuple[int, int]]
    """Decide a UTC day again: decisions and mismatches."""


Before = Callable[[Ledger], None]
CrimeDoor = Callable[[Path, SimClock, tuple[Path, Path], Before], AbstractContextManager[CrimeRooms]]
"""Opens a new house that decides: directory, clock, list and mapping, what its ledger is given before risk is switched
on."""


def crime_scene(
    directory: Path, door: CrimeDoor, *, seed: int, small: bool, watch: Callable[[int], None] = lambda _: None
) -> Scene:
    """Play the day in `directory`, which is made. Raises SimulationFault and what the rooms raise."""
    directory.mkdir()
    begins = round(datetime(DAY.year, DAY.month, DAY.day, tzinfo=CHINA).timestamp()) * 1_000_000
    world = make_world(SMALL if small else Scale(), begins, seed)
    clock = SimClock((world.history[0].at - DAY_US) * 1_000)
    before = partial(open_accounts, world)
    with door(directory / "house", clock, write_list(directory), before) as rooms:
        outcomes = play(world, rooms.venue, watch)
        fed = rooms.feed()
        findings = typologies(world, begins)
        found = rooms.alerts.raise_(of_typologies(findings, "built-in"))
        settled = _settled(outcomes, rooms)
        replayed = [rooms.replay(day) for day in _utc_days(outcomes)]
    lines = reckon(outcomes, world.stories, subjects(findings))
    (directory / CSV_FILE).write_text(reckoning_csv(lines), encoding="utf-8")
    (directory / PAGE_FILE).write_text(reckoning_md(lines, len(world.history)), encoding="utf-8")
    rows = [*(_group_row(lines, *group) for group in GROUPS), _ordinary_row(lines)]
    rows.append(
        (
            "alerts 预警",
            f"{fed} from decisions, {len(findings)} from typologies, {len(found.new)} more to look at",
        )
    )
    rows.append(("replayed 重放", f"{sum(one for one, _ in replayed):,} decisions, byte for byte"))
    return Scene(
        "A day with crime in it",
        "有欺诈与洗钱的一日",
        tuple(rows),
        tuple(_checks(lines, settled, sum(wrong for _, wrong in replayed))),
        {"movements": len(outcomes), "reckoning": [_json(one) for one in lines]},
    )


def _checks(lines: Sequence[Line], settled: tuple[str, str], mismatches: int) -> list[Check]:
    by_name = {one.name: one for one in lines}
    ordinary = by_name["ordinary"]
    wrong = ordinary.stopped + ordinary.held
    listed = by_name[Scheme.LISTED]
    checks = [
        Check(
            "money to listed names is stopped",
            listed.stopped == listed.movements,
            f"{listed.stopped} stopped",
        ),
        Check(
            f"at most {WRONG_SHARE_MAX:.0%} of ordinary custom is held",
            wrong <= WRONG_SHARE_MAX * ordinary.movements,
            f"{wrong} of {ordinary.movements}",
        ),
        Check(
            f"at most {ASKED_SHARE_MAX:.0%} of ordinary custom is asked back",
            ordinary.asked <= ASKED_SHARE_MAX * ordinary.movements,
            f"{ordinary.asked} of {ordinary.movements}",
        ),
        Check(
            "held: one released, one refused, by two persons",
            settled == ("released", "refused"),
            str(settled),
        ),
        Check("the day's decisions replay", mismatches == 0, f"{mismatches} mismatches"),
    ]
    for scheme in (Scheme.TAKEOVER, Scheme.STRUCTURING, Scheme.FAN_IN, Scheme.SCATTER_GATHER, Scheme.DORMANT):
        one = by_name[scheme]
        checks.append(
            Check(f"{scheme} is noticed", one.noticed == one.stories, f"{one.noticed} of {one.stories}")
        )
    return checks


def _settled(outcomes: Sequence[Outcome], rooms: CrimeRooms) -> tuple[str, str]:
    """One honest held payment is released, one held fraud refused."""
    held = [one for one in outcomes if one.answer is Answer.HELD]
    honest = next((one for one in held if not one.movement.scheme), None)
    fraud = next((one for one in held if one.movement.scheme), None)
    return (
        rooms.settle(honest.transfer, "release") if honest else "nothing was held",
        rooms.settle(fraud.transfer, "refuse") if fraud else "nothing was held",
    )


def _utc_days(outcomes: Sequence[Outcome]) -> list[date]:
    return sorted({datetime.fromtimestamp(one.movement.at // 1_000_000, UTC).date() for one in outcomes})


def _group_row(lines: Sequence[Line], group: str, chinese: str) -> tuple[str, str]:
    mine = [one for one in lines if one.group == group and one.name != "ordinary"]
    stories, noticed = sum(one.stories for one in mine), sum(one.noticed for one in mine)
    told = f"{sum(one.movements for one in mine)} movements, {stories} stories: {_kept(mine)}"
    passed = sum(one.passed for one in mine)
    if group == "honest":
        return f"look-alikes {chinese}相似", f"{told}, all wrongly 误拦; {passed} let through"
    kept, amount = sum(one.kept for one in mine), sum(one.amount for one in mine)
    return (
        f"{group} {chinese}",
        f"{told}, {passed} missed 漏过; {kept / 100:,.0f} of {amount / 100:,.0f} yuan kept back; "
        f"{noticed} stories noticed 发现",
    )


def _kept(lines: Sequence[Line]) -> str:
    counts = (sum(getattr(one, name) for one in lines) for name in ("stopped", "held", "asked"))
    return ", ".join(f"{count} {word}" for count, word in zip(counts, WORDS, strict=True))


def _ordinary_row(lines: Sequence[Line]) -> tuple[str, str]:
    one = next(line for line in lines if line.name == "ordinary")
    share = (one.movements - one.passed) / one.movements
    return (
        "ordinary custom 普通交易",
        f"{one.movements:,} movements: {_kept([one])}, wrongly 误拦 ({share:.1%})",
    )


_COLUMNS = (
    "group",
    "name",
    "stories",
    "noticed",
    "movements",
    "stopped",
    "held",
    "asked",
    "passed",
    "amount_fen",
    "kept_fen",
)


def _json(one: Line) -> dict[str, object]:
    values = (
        one.group,
        one.name,
        one.stories,
        one.noticed,
        one.movements,
        one.stopped,
        one.held,
        one.asked,
        one.passed,
    )
    return dict(zip(_COLUMNS, (*values, str(one.amount), str(one.kept)), strict=True))


def reckoning_csv(lines: Sequence[Line]) -> str:
    """The reckoning as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_json(one) for one in lines)
    return out.getvalue()


def reckoning_md(lines: Sequence[Line], history: int) -> str:
    """The reckoning as a page in both languages."""
    head = (
        "# A day with crime in it · 有欺诈与洗钱的一日\n\n"
        f"{history:,} movements of the weeks before were the history. Nobody who decided saw a label.\n"
        f"此前数周的 {history:,} 笔交易为历史；决策时不知标签。\n\n"
        f"| group 类别 | story 情节 | {' | '.join(heading for _, heading, _ in COLUMNS)} |\n"
        f"|---|---|{'---:|' * len(COLUMNS)}\n"
    )
    groups = dict(GROUPS)
    rows = "".join(
        f"| {one.group} {groups[one.group]} | {' '.join(STORIES[one.name])} | {one.stories} | {one.noticed} "
        f"| {one.movements:,} | {one.stopped} | {one.held} | {one.asked} | {one.passed:,} "
        f"| {one.amount / 100:,.2f} | {one.kept / 100:,.2f} |\n"
        for one in lines
    )
    means = "".join(f"- **{heading}**: {meaning}\n" for _, heading, meaning in COLUMNS)
    return f"{head}{rows}\n{means}"


__all__ = ["CrimeDoor", "CrimeRooms", "CrimeWorld", "crime_scene"]
