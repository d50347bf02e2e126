"""What the risk desk works with over a house whose risk is switched on, each part made when it is first asked for.

Rules:

1. `risk` is the gate's; without ``risk.toml`` there is none, and no part answers.
2. Nobody hears anything who is not admitted: `admitted` asks first, and refuses with the words of a number that nobody
   has (`jinku.risk.cases.access`).

Example::

    room = RiskRoom(custody)
    room.admitted("aml-1", *READERS).cases.cases("aml-1")
"""

import threading
from datetime import date
from functools import cached_property

from jinku.base.clock import day_of
from jinku.bootstrap.custody import Custody
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import RiskDesks, open_desks
from jinku.bootstrap.risk_seals import screening_desks
from jinku.risk.cases.access import Role
from jinku.risk.features.reading import parse_toml
from jinku.risk.operational.duties import DutyOffice
from jinku.risk.operational.indicators import IndicatorDesk
from jinku.risk.operational.table import DUTIES, INDICATORS
from jinku.risk.rules.publishing import RuleDesk
from jinku.risk.screening.lists import ListDesk, Running


class RiskRoom:
    """See the module's rules. May be used by many threads."""

    def __init__(self, custody: Custody, risk: Risk) -> None:
        self.custody, self.risk = custody, risk
        self._lock = threading.RLock()

    def admitted(self, by: str, *roles: Role) -> RiskDesks:
        """The desks, for a person in one of `roles`. Raises NothingThere, NotYourPart."""
        with self._lock:
            desks = self._desks
        desks.access.require(by, *roles)
        return desks

    def running(self) -> Running:
        """The lists in force, ready to be asked. Raises NoList."""
        with self._lock:
            return self.lists.running()

    @cached_property
    def lists(self) -> ListDesk:
        """Versions of lists."""
        return screening_desks(self.custody.house, self.custody.clock)[0]

    def rules(self) -> RuleDesk:
        """Published rules, over the features in force."""
        house, versions = self.custody.house, self.risk.office.desk.versions
        features = parse_toml(self.risk.shelf.take("features", versions.features).decode(), "features.toml")
        return RuleDesk(house.control, house.ledger, features.namespace, clock=self.custody.clock)

    def indicators(self) -> IndicatorDesk:
        """Key risk indicators."""
        with self._lock:
            return IndicatorDesk(self._desks.book, INDICATORS, self.custody.clock)

    def duties(self) -> DutyOffice:
        """The legal calendar; the house's own months and years count from its first entry."""
        ledger, clock = self.custody.house.ledger, self.custody.clock
        since = int(ledger.entries(0, 1)["timestamp"][0]) if ledger.size() else clock()
        with self._lock:
            return DutyOffice(self._desks.book, DUTIES, day_of(since), self._today)

    def _today(self) -> date:
        return day_of(self.custody.clock())

    @cached_property
    def _desks(self) -> RiskDesks:
        return open_desks(self.custody.house, self.custody.clock, zone=self.risk.settings.zone)
