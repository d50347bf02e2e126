"""While a house is served: what is published takes force, and decisions become alerts, beside the deciding.

Rules:

1. Every second `Risk.refresh` is asked, some parties that no movement was seen of yet are screened, then the feed takes
   at most `RECORDS_AT_ONCE` records of the journal, so that a long history does not hold up a switch.
2. Whatever goes wrong in a round is told by `fault` and in the log by its kind, without content, and tried again in the
   next round: deciding never waits for it.

Example::

    with RiskWatch(risk, open_desks(house, clock).alerts):
        serve()
"""

import logging
import threading

from jinku.base.closing import Closing
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_feed import AlertFeed
from jinku.risk.cases.alert_desk import AlertDesk

ROUND_S = 1.0
RECORDS_AT_ONCE = 256
_LOG = logging.getLogger("jinku.risk")


class RiskWatch(Closing):
    """See the module's rules."""

    def __init__(self, risk: Risk, alerts: AlertDesk, *, round_s: float = ROUND_S) -> None:
        self._risk, self._feed, self._round_s = risk, AlertFeed(risk, alerts), round_s
        self.fault = ""
        """What went wrong in the last round; empty where nothing did."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="jinku-risk-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End after the round that runs."""
        self._end.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._end.wait(self._round_s):
            fault = ""
            # The boundary of the thread: a round that fails must end neither the rounds nor the deciding.
            try:
                self._risk.refresh()
                self._risk.persons.prepare()
                fault = self._risk.fault
                self._feed.feed(RECORDS_AT_ONCE)
            except Exception as error:  # noqa: BLE001
                fault = f"the round failed: {type(error).__name__}"
            if fault != self.fault and fault:
                _LOG.warning("risk: %s", fault)
            self.fault = fault
