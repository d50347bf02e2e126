"""Whether a house decides: recorded and sealed when risk is first switched on, and switched off by two persons only.

Rules:

1. The first desk that opens over a house writes down that risk is on, and with what settings. It is an act like those
   of cases: chained, and sealed in the log. From then on ``risk.toml`` may be missing, but nothing moves without it.
2. Switching off is proposed by one person and confirmed by another, each with a reason. ``risk.toml`` is then put aside
   as ``risk.toml.off``; put back, it switches risk on again.
3. Settings that look at less than those written down (no rules or no model any more, local ones in place of published
   ones, a milder action of the model) are refused until two persons accept them. Others are written down as they come.
4. What cannot be checked (an act that is not chained or not sealed, a journal of decisions without any act) counts as
   on.

Example::

    switch = RiskSwitch(house.directory, house.control, house.ledger, clock)
    switch.off(by="head-1", reason="the platform closes")   # proposed
    switch.off(by="head-2", reason="agreed")                # off
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from jinku.base.clock import Clock
from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.base.persons import same_person
from jinku.bootstrap.house_door import DoorShut
from jinku.bootstrap.risk_settings import (
    MODEL_ACTIONS,
    PUBLISHED,
    REGISTRY,
    RISK_DIRECTORY,
    RISK_FILE,
    RiskSettings,
)
from jinku.ledger.sealed import SealingLedger, follow
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.errors import ActTampered
from jinku.risk.acts.model import PROGRAM, Act, Standing, chained, digest_of, person, words, words_of
from jinku.risk.acts.two import sealed_act

SWITCH = ("switch", "risk")
ON, OFF, PROPOSED_OFF, PROPOSED_SETTINGS = "on", "off", "propose_off", "propose_settings"
ASIDE = f"{RISK_FILE}.off"
_SOURCES = {"rules": PUBLISHED, "model": REGISTRY, "policy": ""}
"""Settings that must not become empty, and where they come from that two persons stand for."""


class RiskSwitchRefused(JinkuError):
    """Risk is not switched in this way."""

    code: ClassVar[str] = "risk_switch_refused"
    http_status: ClassVar[int] = 409


class RiskWeakened(JinkuError):
    """The settings look at less than what two persons know of."""

    code: ClassVar[str] = "risk_weakened"
    http_status: ClassVar[int] = 503

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{RISK_FILE} looks at less than the house's record says: {', '.join(names)}",
            remedy="restore it, or have two persons accept it: `jinku risk switch accept`",
        )


@dataclass(frozen=True, slots=True)
class Switched:
    """How risk stands; `settings` are those written down, `proposed` what one person asked for last, and `by` whom."""

    on: bool
    settings: Mapping[str, str]
    proposed: str = ""
    by: str = ""
    body: Mapping[str, Any] | None = None


class RiskSwitch:
    """See the module's rules. For any number of threads and processes."""

    def __init__(self, directory: Path, control: Database, ledger: SealingLedger, clock: Clock) -> None:
        self._directory = directory
        self._book = ActBook(control, ledger, clock)

    def history(self) -> list[Act]:
        """What was done with the switch, in order."""
        return self._book.history(*SWITCH)

    def stands(self) -> Switched:
        """How risk stands by the sealed record (rule 4)."""
        acts = self.history()
        if not acts:
            return Switched(any((self._directory / RISK_DIRECTORY / "journal").glob("*")), {})
        try:
            follow(acts, chained, lambda body: digest_of(words_of(body)), _wrong)
        except ActTampered:
            return Switched(True, {})
        settings: Mapping[str, str] = next(
            (one.body["settings"] for one in reversed(acts) if "settings" in one.body), {}
        )
        before = _last(acts)
        on = before.what == ON or not (
            _by_two(acts[: before.number - 1], before) and sealed_act(self._book, before)
        )
        last = acts[-1]
        if last is before:
            return Switched(on, settings)
        return Switched(on, settings, last.what, last.by, last.body)

    def enter(self, settings: RiskSettings) -> None:
        """A desk opens with `settings`: write down what is new (rules 1, 3). Raises RiskWeakened."""
        stands, told = self.stands(), asdict(settings)
        if stands.on and (names := weaker(stands.settings, told)):
            raise RiskWeakened(names)
        if not stands.on or stands.settings != told:
            self._add(PROGRAM, ON, {"settings": told})

    def off(self, *, by: str, reason: str) -> bool:
        """Propose that risk is switched off, or confirm it; whether it is off now. Raises RiskSwitchRefused, BadAct."""
        stands = self._require_on(by, reason)
        if stands.proposed != PROPOSED_OFF:
            self._add(by, PROPOSED_OFF, {"text": reason})
            return False
        _other(by, stands.by)
        self._add(by, OFF, {"text": reason, "proposed_by": stands.by})
        file = self._directory / RISK_FILE
        if file.exists():
            file.replace(self._directory / ASIDE)
        return True

    def accept(self, *, by: str, reason: str) -> bool:
        """Propose that the settings in ``risk.toml`` count, though they look at less, or confirm it; whether they count
        now. Raises RiskSwitchRefused, BadAct, InputError."""
        stands = self._require_on(by, reason)
        told = asdict(RiskSettings.read(self._directory / RISK_FILE))
        if stands.proposed != PROPOSED_SETTINGS or stands.body is None or stands.body["asked"] != told:
            self._add(by, PROPOSED_SETTINGS, {"text": reason, "asked": told})
            return False
        _other(by, stands.by)
        self._add(by, ON, {"text": reason, "proposed_by": stands.by, "settings": told})
        return True

    def _require_on(self, by: str, reason: str) -> Switched:
        person("by", by)
        words("reason", reason)
        stands = self.stands()
        if not stands.on:
            raise RiskSwitchRefused("risk is not switched on here", remedy=f"put {RISK_FILE} into the house")
        return stands

    def _add(self, by: str, what: str, body: dict[str, Any]) -> None:
        with self._book.writing() as page:
            page.history(*SWITCH)
            page.add(SWITCH, by, (what, body), Standing(OFF if what == OFF else ON))


def shut_because(switch: RiskSwitch, directory: Path) -> DoorShut | None:
    """Why no money may move in a house whose desk is not open; None where risk is off."""
    if (directory / RISK_FILE).exists():
        return DoorShut(
            "risk is switched on here, and this program did not open its desk",
            remedy="move money through the gate",
        )
    if switch.stands().on:
        return DoorShut(
            f"risk was switched on here, and {RISK_FILE} is gone: no money moves undecided",
            remedy=f"restore {RISK_FILE}, or have two persons switch risk off: `jinku risk switch off`",
        )
    return None


def fold_switch(acts: Sequence[Act]) -> Standing:
    """Where the acts put the switch: what is proposed leaves it on."""
    return Standing(OFF if acts[-1].what == OFF else ON)


def weaker(recorded: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The settings by which less is looked at than was written down (rule 3)."""
    found = [
        name
        for name, source in _SOURCES.items()
        if recorded.get(name) and (not now[name] or (recorded[name] == source and now[name] != source))
    ]
    ranks = [MODEL_ACTIONS.index(one.get("model_action", MODEL_ACTIONS[0])) for one in (recorded, now)]
    if recorded.get("model") and ranks[1] < ranks[0]:
        found.append("model_action")
    return found


def _last(acts: Sequence[Act]) -> Act:
    """The act that put the switch where it is."""
    return next(one for one in reversed(acts) if one.what in (ON, OFF))


def _by_two(before: Sequence[Act], off: Act) -> bool:
    """Whether another person proposed right before what `off` confirms."""
    return bool(before) and before[-1].what == PROPOSED_OFF and not same_person(off.by, before[-1].by)


def _other(by: str, proposer: str) -> None:
    if same_person(by, proposer):
        raise RiskSwitchRefused(f"{by} proposed it", remedy="let another person confirm it")


def _wrong(number: int, problem: str) -> ActTampered:
    return ActTampered(f"act {number} of the risk switch", problem)
