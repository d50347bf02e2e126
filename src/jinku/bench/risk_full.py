"""`jinku bench risk`: the decision inside the commit path of a full house: people, lists, ratings, measures, limits.

Protocol:

1. The house, rules, forest, policy and traffic are those of `jinku.bench.risk_inline`, but custody's: `PARTIES` parties
   in the people store, an account each, and a list of `ENTRIES` entries in force. When the house is opened each party
   is screened (`screened_open_s`); opened again, the results are there (`screened_again_s`).
2. Every party is rated. `RESTRAINED` have measures: of each ten one hold, one refusal, and eight with a limit of amount
   and one of frequency a day, which the traffic keeps. Ratings and measures are put into force as they are read from
   their stores; how they come about is not measured.
3. `inline_full_dps` and `inline_full_cpu_us` count as `inline_dps` and `inline_cpu_us` do. `one_full_…`: one decision
   alone, from the ``TRANSFER`` row to the outcome, with screening, rating, measures and limits.

Example::

    full_figures(100_000, None)["inline_full_cpu_us"].value
"""

import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from jinku.bench.ledger import BenchFailed
from jinku.bench.report import Figure
from jinku.bench.risk_inline import BATCH, Traffic, lay_out, quantiles, through, told
from jinku.bootstrap import House, open_house
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_keys import KeyTable
from jinku.bootstrap.risk_persons import PEOPLE_FILE
from jinku.bootstrap.risk_restraints import Restraints
from jinku.custody.parties.people import Party, PeopleStore, Person
from jinku.custody.structure.chart import Chart, party_accounts
from jinku.custody.structure.table import Role
from jinku.ledger.layout import Array
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.risk.cases.ladder import Rung
from jinku.risk.cases.restrictions import LIMIT, RESTRICTION, Restrictions
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.history import rebuilt
from jinku.risk.decision.late import LateBook
from jinku.risk.decision.model import Stage
from jinku.risk.decision.transfers import transfer_events
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Entry, ListedName
from jinku.risk.screening.names import Kind

PARTIES, ENTRIES, RESTRAINED = 10_000, 2_000, 1_000
SINGLES, WARM_SINGLES, WARM_BATCHES = 2_000, 300, 4
_FIRST = ["ka", "ri", "no", "mi", "se", "ta", "lu", "ve", "do", "pa", "go", "shi"]
_LAST = ["ransen", "morik", "alvet", "dumar", "tesko", "belnit", "quorin", "hafsal", "zeltov", "prandu"]


def full_figures(transfers: int = 200_000, directory: Path | None = None, seed: int = 7) -> dict[str, Figure]:
    """The figures of a full house. `directory` is where it is made."""
    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=directory) as name:
        place = Path(name) / "house"
        lay_out(place, seed)
        with PeopleStore.open(place / PEOPLE_FILE) as people, open_house(place) as house:
            openings = people.register([
                Party(number, Role.INVESTOR, _person(number)) for number in range(1, PARTIES + 1)
            ])  # fmt: skip
            accounts = party_accounts(Chart(1, 156), openings)
            for first in range(0, len(accounts), BATCH_EVENTS_MAX):
                house.ledger.create_accounts_array(accounts[first : first + BATCH_EVENTS_MAX])
            _load_list(house)
        figures = {"screened_open_s": Figure(_opened(place), "s of processor", None, True)}
        figures["screened_again_s"] = Figure(_opened(place), "s of processor", None, True)
        with open_house(place) as house, Risk(house) as risk:
            risk.recover()
            _put_in_force(risk)
            return figures | _measured(house, risk, _Full(seed, accounts), transfers)


def _opened(place: Path) -> float:
    """Processor time of opening and closing the house."""
    with open_house(place) as house:
        start = time.process_time()
        with Risk(house) as risk:
            if risk.persons.known.listed is None:
                raise BenchFailed("no list is in force, so the run measures nothing")
        return time.process_time() - start


def _measured(house: House, risk: Risk, traffic: "_Full", transfers: int) -> dict[str, Figure]:
    through(risk, [traffic.batch(BATCH) for _ in range(WARM_BATCHES)])
    first = risk.journal.size
    batches = [traffic.batch(min(BATCH, transfers - at)) for at in range(0, transfers, BATCH)]
    start, worked = time.perf_counter(), time.process_time()
    through(risk, batches)
    house.publish()
    figures = {
        "inline_full_dps": Figure(transfers / (time.perf_counter() - start), "decisions/s", 30_000),
        "inline_full_cpu_us": Figure(
            (time.process_time() - worked) / transfers * 1e6, "us of processor a decision", None, True
        ),
    }
    seen = told(risk, first)
    figures["inline_full_late"] = seen["inline_late"]
    return figures | _one(risk, traffic)


def _one(risk: Risk, traffic: "_Full") -> dict[str, Figure]:
    engines, policy = risk.load(risk.versions)
    rebuilt(engines, risk.journal, None, risk.journal.size)
    rows, seconds, late = traffic.batch(WARM_SINGLES + SINGLES), [], LateBook(risk.persons.whose)
    at = time.time_ns() // 1_000 + 10_000_000
    with Desk(engines, policy) as desk:
        for number in range(len(rows)):
            start = time.perf_counter()
            events = transfer_events(rows[number : number + 1], np.array([at + number]), risk.scene)
            decided = desk.decide(events, None, risk.persons.demanded(events), late)
            late.noted(events, decided.outcomes)
            risk.persons.noted(events, decided)
            seconds.append(time.perf_counter() - start)
            if decided.outcomes["stage"][0] != Stage.DECIDED:
                raise BenchFailed("a decision of the run was not made, so the run measures nothing")
    return quantiles("one_full", seconds[WARM_SINGLES:], (1, 5))


class _Full:
    """The traffic of `jinku.bench.risk_inline` between the parties' accounts."""

    def __init__(self, seed: int, accounts: Array) -> None:
        self._traffic, self._accounts = Traffic(seed), accounts

    def batch(self, count: int) -> Array:
        rows = self._traffic.batch(count)
        for side in ("debit", "credit"):
            chosen = self._accounts[(rows[f"{side}_account_id_lo"] % np.uint64(PARTIES)).astype(np.int64)]
            for word in ("lo", "hi"):
                rows[f"{side}_account_id_{word}"] = chosen[f"id_{word}"]
        same = (rows["debit_account_id_lo"] == rows["credit_account_id_lo"]) & (
            rows["debit_account_id_hi"] == rows["credit_account_id_hi"]
        )
        other = self._accounts[:2]
        for at in np.flatnonzero(same).tolist():
            one = other[int(rows["debit_account_id_hi"][at] == other["id_hi"][0])]
            rows["credit_account_id_lo"][at], rows["credit_account_id_hi"][at] = one["id_lo"], one["id_hi"]
        return rows


def _put_in_force(risk: Risk) -> None:
    """Ratings of all, and measures against `RESTRAINED` of the parties."""
    rows = np.zeros(RESTRAINED + 1, RESTRICTION)
    limits: list[tuple[int, int, int, int]] = []
    for number in range(1, RESTRAINED + 1):
        if number % 10 < 2:
            rows[number]["rung"] = Rung.HOLD if number % 10 else Rung.REFUSE
            continue
        rows[number]["rung"], rows[number]["first"], rows[number]["limits"] = (
            Rung.LIMIT_AMOUNT,
            len(limits),
            2,
        )
        limits += [(Rung.LIMIT_AMOUNT, 156, 1, 1 << 50), (Rung.LIMIT_FREQUENCY, 0, 1, 1 << 30)]
    places = {number * (PARTIES // RESTRAINED): number for number in range(1, RESTRAINED + 1)}
    found = Restrictions(date(2026, 11, 22), 1, rows, np.array(limits, LIMIT), places)
    grades = KeyTable({number: 1 + number % 5 for number in range(1, PARTIES + 1)}, by_party=True)
    known = replace(risk.persons.known, ratings=grades, restraints=Restraints(found, by_party=True))
    with risk.office.between_batches():
        risk.persons.enter(known)


def _load_list(house: House) -> None:
    rng = np.random.default_rng(1)
    entries = tuple(
        Entry("drawn", str(number), Kind.PERSON, (ListedName(_name(rng)),)) for number in range(ENTRIES)
    )
    desk = ListDesk(house.control, house.ledger, time.time_ns)
    desk.load(Loaded(entries, "0" * 64, "2026-11-22", "csv"), "drawn", by="bench")


def _name(rng: np.random.Generator) -> str:
    first = "".join(_FIRST[one] for one in rng.integers(0, len(_FIRST), 3))
    return f"{first} {_LAST[int(rng.integers(0, len(_LAST)))]}{_FIRST[int(rng.integers(0, len(_FIRST)))]}".title()


def _person(number: int) -> Person:
    rng = np.random.default_rng(number)
    return Person(_name(rng), "", "resident_id", f"9901001990{number:08d}", "", "")
