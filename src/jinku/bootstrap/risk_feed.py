"""From decisions to alerts: what was held or denied is handed to the people who look into it.

Rules:

1. Each movement that was held or denied is one alert of its customer, under the decision's own key: handing over twice
   changes nothing. A challenge is between platform and customer and is none.
2. The typology is that of the strongest rule that fired (the first of equal ones); without a rule it is ``model``,
   ``screening``, ``measure``, ``late`` or ``engine_failed``. The score is the rules' points, at least that of the
   action. What is in no currency of ISO 4217 is told without its amount.
3. Evidence is the SHA-256 of the journal's record, which the log seals.
4. Up to which record alerts were raised is kept beside the journal; lost, everything is handed over again.

Example::

    AlertFeed(risk, desks.alerts).feed()  # how many alerts were handed over
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jinku.base.clock import NS_PER_US
from jinku.base.currency import TABLE
from jinku.base.files import replace_durably
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_settings import RISK_DIRECTORY
from jinku.risk.cases.alert_desk import AlertDesk
from jinku.risk.cases.alerts import AMOUNT_MAX, SCORE_MAX, Alert
from jinku.risk.decision.combining import MEASURE_REASON
from jinku.risk.decision.engines import rules_of
from jinku.risk.decision.model import Action, Decided, Stage, Versions
from jinku.risk.decision.record import Kept, RecordKind, decode
from jinku.risk.events.columns import key_integers
from jinku.risk.features.reading import parse_toml
from jinku.risk.rules.model import Rule

MARK_FILE = "alerted"
LEAST_SCORE = {Action.HOLD: 60, Action.DENY: 90}
CODES = frozenset(unit.code for unit in TABLE)
_AT_ONCE = 5_000


class AlertFeed:
    """See the module's rules. For one thread at a time."""

    def __init__(self, risk: Risk, alerts: AlertDesk) -> None:
        self._risk, self._alerts = risk, alerts
        self._mark = risk.house.directory / RISK_DIRECTORY / MARK_FILE
        self._rules: dict[Versions, tuple[Rule, ...]] = {}

    def feed(self, most: int = 0) -> int:
        """Hand over what was decided since the last time, of at most `most` records (0: all); how many alerts.
        Raises JournalAltered, VersionUnknown."""
        journal, total = self._risk.journal, 0
        first, last = _read(self._mark), journal.sealed
        waiting: list[Alert] = []
        first = first if first <= last else 0
        last = min(last, first + most) if most else last
        for number in range(first, last):
            if int(journal.place(number)["kind"]) == RecordKind.DECISIONS:
                payload = journal.read(number)
                waiting += self._alerts_of(decode(payload), hashlib.sha256(payload).hexdigest())
            if len(waiting) >= _AT_ONCE or number == last - 1:
                self._alerts.raise_(waiting)
                total, waiting = total + len(waiting), []
                replace_durably(self._mark, str(number + 1).encode(), 0o600)
        return total

    def _alerts_of(self, kept: Kept, digest: str) -> Iterator[Alert]:
        events, decided = kept.asked.events, kept.decided
        places = np.flatnonzero(decided.outcomes["action"] >= Action.HOLD)
        if not len(places):
            return
        ids, customers = (key_integers(events.column(name).values[places]) for name in ("id", "customer"))
        amounts = events.column("amount").values[places].tolist()
        currencies = events.column("currency")[places].to_list()
        rules = self._rules_of(decided.versions)
        for row, place in enumerate(places.tolist()):
            points = int(decided.outcomes["points"][place])
            least = LEAST_SCORE[Action(int(decided.outcomes["action"][place]))]
            yield Alert(
                f"decision/{ids[row]:032x}",
                subject=customers[row],
                typology=_typology(decided, place, rules, listed=bool(events.column("listed").values[place])),
                score=min(SCORE_MAX, max(points, least)),
                at=int(events.times[place]) * NS_PER_US,
                amount=min(amounts[row], AMOUNT_MAX) if currencies[row] in CODES else 0,
                currency=currencies[row] if currencies[row] in CODES else "",
                evidence=(digest,),
                source="decision",
                version=decided.versions.rules[:16] or decided.versions.policy[:16],
            )

    def _rules_of(self, versions: Versions) -> tuple[Rule, ...]:
        """The rules of some versions, in the order of the hits."""
        if versions not in self._rules:
            found: tuple[Rule, ...] = ()
            if versions.rules:
                shelf = self._risk.shelf
                features = parse_toml(shelf.take("features", versions.features).decode(), "features.toml")
                found = rules_of(shelf.take("rules", versions.rules), features.namespace).rules
            self._rules[versions] = found
        return self._rules[versions]


def _typology(decided: Decided, place: int, rules: tuple[Rule, ...], *, listed: bool) -> str:
    stage = Stage(int(decided.outcomes["stage"][place]))
    if stage is not Stage.DECIDED:
        return "late" if stage is Stage.LATE else "engine_failed"
    if decided.why(place) == MEASURE_REASON:
        return "measure"
    fired = np.flatnonzero(decided.findings.hits[place])
    acting = [rules[one] for one in fired.tolist() if one < len(rules) and not rules[one].shadow]
    if acting:
        strongest = max(acting, key=lambda rule: (rule.outcome, rule.score))
        return (strongest.typology or strongest.name).lower().replace("-", "_")[:40]
    return "screening" if listed else "model"


def _read(path: Path) -> int:
    try:
        text = path.read_text("ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return 0
    return int(text) if text.isdecimal() else 0
