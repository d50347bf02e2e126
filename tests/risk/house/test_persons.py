"""Who is listed, how customers are rated and what measures demand, in the decisions of a real house."""

import logging
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.custody.parties.office import enterprise, person
from tests.risk.house.kit import DAY_NS, SETTINGS, Now, desks_of, last, load_list, moved, opened

from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk import Risk
from jinku.custody.parties.people import Party, PeopleStore
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Role
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.cases.ladder import Limits, Rung
from jinku.risk.cases.measure_desk import Wish
from jinku.risk.decision.model import Action
from jinku.risk.rating.engine import Profile
from jinku.risk.rating.table import Factor
from jinku.risk.screening.book import Book
from jinku.risk.screening.model import Subject
from jinku.risk.screening.names import Kind
from jinku.risk.screening.whitelist import Whitelist

CREATED, HELD, DENIED = (
    CreateTransferStatus.CREATED,
    DecidedStatus.RISK_HELD,
    DecidedStatus.RISK_DENIED,
)
NAME = "Arkady Voronov"


@pytest.fixture(params=["sqlite", "postgres"])
def control(request: pytest.FixtureRequest) -> str:
    """Where control data is; empty for a file."""
    if request.param == "sqlite":
        return ""
    new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
    return new()


def replayed(risk: Risk) -> tuple[int, list[str]]:
    found = risk.replay(datetime.fromtimestamp(risk.journal.place(0)["time"] / 1e6, UTC).date())
    return found.mismatches, found.findings


def test_a_list_that_changes_takes_force_without_reopening(tmp_path: Path, control: str) -> None:
    """K5: whoever is in the book is screened by the lists in force; another version switches between two batches."""
    clock = Now()
    with opened(tmp_path / "house", clock, control=control) as risk:
        Book(risk.house.control).put([
            Subject("3", (NAME,), Kind.PERSON),
            Subject("owner-of-4", ("Boris Salnikov",), Kind.PERSON, of="4", role="owner"),
        ])  # fmt: skip
        load_list(risk, clock, "Somebody Else")
        assert risk.refresh()
        assert moved(risk, 100, (3, 5, 10), (4, 5, 10), (5, 3, 10)) == [CREATED] * 3
        before = last(risk).decided.versions.lists
        load_list(risk, clock, "Somebody Else", NAME, "Salnikov Boris")
        assert moved(risk, 200, (3, 5, 10)) == [CREATED], "until the switch the running version decides"
        assert risk.refresh()
        assert not risk.refresh(), "nothing changed since"
        assert moved(risk, 300, (3, 5, 10), (4, 5, 10), (5, 3, 10), (5, 6, 10)) == [HELD] * 3 + [CREATED]
        kept = last(risk)
        assert kept.decided.versions.lists not in ("", before)
        assert kept.asked.events.column("listed").values.tolist() == [True, True, True, False]
        named = risk.shelf.take("lists", kept.decided.versions.lists).decode()
        assert '"list":"house"' in named
        assert '"version":2' in named
        whitelist = Whitelist(risk.house.control, risk.house.ledger, clock)
        entry = next(one for one in risk.persons.known.listed.entries if one.id == "1")  # type: ignore[union-attr]
        number = whitelist.propose(
            Subject("3", (NAME,), Kind.PERSON),
            entry,
            "another birthday",
            by="clerk-1",
            expires=clock() + DAY_NS,
        )
        whitelist.confirm(number, by="officer-2")
        assert risk.refresh()
        assert moved(risk, 400, (3, 5, 10), (4, 5, 10)) == [CREATED, HELD], "a cleared pair is none"
        assert replayed(risk) == (0, [])
    with opened(tmp_path / "house", clock) as risk:
        assert moved(risk, 500, (3, 5, 10), (4, 5, 10)) == [CREATED, HELD]


def test_parties_of_a_house_of_custody_are_screened_by_their_names_which_stay_inside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """K5: an account is its party's: name and representative come from the people store, and go nowhere else."""
    clock, directory = Now(), tmp_path / "house"
    directory.mkdir()
    accounts = [Chart(1, 156).party_account(Role.INVESTOR, party) for party in (7, 8, 9)]
    firm = enterprise(1)
    firm = type(firm)(
        **{name: getattr(firm, name) for name in firm.__slots__} | {"representative": "Salnikov Boris"}
    )
    with PeopleStore.open(directory / "people.db") as people:
        people.register([
            Party(7, Role.INVESTOR, person(1, name=NAME, latin_name="")),
            Party(8, Role.INVESTOR, firm),
        ])  # fmt: skip
    caplog.set_level(logging.DEBUG)
    with opened(directory, clock, accounts=accounts) as risk:
        load_list(risk, clock, NAME, "Boris Salnikov", "Darya Melnikova")
        risk.refresh()
        with PeopleStore.open(directory / "people.db") as people:
            people.register([Party(9, Role.INVESTOR, person(2, name="Darya Melnikova", latin_name=""))])
        seven, eight, nine = accounts
        assert moved(risk, 100, (seven, 1, 10), (1, eight, 10), (nine, 1, 10), (1, 2, 10)) == [
            HELD,
            HELD,
            HELD,
            CREATED,
        ], "a party that came since is screened before its first movement"
        assert replayed(risk) == (0, [])
    written = b"".join(path.read_bytes() for path in (directory / "risk").rglob("*") if path.is_file())
    for name in ("Voronov", "Salnikov", "Melnikova"):
        assert name.encode() not in written
        assert name not in caplog.text


def test_ratings_are_columns_of_the_decision(tmp_path: Path, control: str) -> None:
    """K6: a customer's grade is a field that rules read, from the moment that it counts."""
    clock = Now()
    settings = SETTINGS + 'rules = "rules.toml"\n'
    rule = (
        'name = "r"\n[[rule]]\nname = "high"\nwhen = "rating >= 3"\noutcome = "hold"\n'
        'score = 10\nreason = "high"\nreason_zh = "高"\n'
    )
    (tmp_path / "house" / "risk").mkdir(parents=True)
    (tmp_path / "house" / "risk" / "rules.toml").write_text(rule)
    with opened(tmp_path / "house", clock, settings, control=control) as risk:
        assert moved(risk, 100, (3, 5, 10)) == [CREATED]
        values = {Factor.GEOGRAPHY: "abroad", Factor.PEP: "foreign", Factor.LIST: "none"}
        desks_of(risk, clock).ratings.rate([Profile(3, values), Profile(4, {})], "kyc-1")
        assert risk.refresh()
        [three] = risk.persons.known.ratings.of(last(risk).asked.events.column("payer")).tolist()
        assert three >= 3
        assert moved(risk, 200, (3, 5, 10), (5, 3, 10)) == [HELD, CREATED]
        column = last(risk).asked.events.column("rating")
        assert column.to_list() == [three, None]
        assert replayed(risk) == (0, [])


def test_measures_act_in_the_decision_and_are_replayed(tmp_path: Path, control: str) -> None:
    """K8: a hold holds, a refusal denies, a limit counts what went through; all is recorded, and ends when lifted."""
    clock = Now()
    with opened(tmp_path / "house", clock, control=control) as risk:
        desks = desks_of(risk, clock)
        moved(risk, 50, (5, 6, 700), (5, 6, 100))
        keys = []
        for customer, rung, limits in (
            (3, Rung.HOLD, Limits()),
            (4, Rung.REFUSE, Limits()),
            (5, Rung.LIMIT_AMOUNT, Limits(amount=1_000, currency="CNY", period_days=1)),
            (6, Rung.LIMIT_FREQUENCY, Limits(count=2, period_days=1)),
        ):
            wish = Wish(customer, rung, "many deposits", limits, "a word did nothing")
            keys.append(desks.measures.approve(desks.measures.propose(wish, "aml-1").key, "head-1").key)
        assert risk.refresh()
        assert moved(risk, 100, (3, 9, 1), (9, 3, 1), (4, 9, 1), (9, 4, 1)) == [HELD, HELD, DENIED, DENIED]
        assert moved(risk, 200, (5, 9, 201)) == [DENIED], "800 went through before the measure"
        assert moved(risk, 210, (5, 9, 150), (5, 9, 51), (5, 9, 50), (9, 5, 5_000)) == [
            CREATED,
            DENIED,
            CREATED,
            CREATED,
        ]
        assert moved(risk, 220, (6, 9, 1)) == [CREATED]
        assert moved(risk, 221, (6, 9, 1)) == [CREATED]
        assert moved(risk, 222, (6, 9, 1)) == [DENIED]
        kept = last(risk)
        assert kept.decided.outcomes["measure"].tolist() == [Action.DENY]
        assert kept.decided.why(0) == "a measure is in force"
        clock.ns += DAY_NS
        risk.refresh()
        assert moved(risk, 300, (5, 9, 900), (6, 9, 1)) == [CREATED, CREATED], "the window slides"
        desks.measures.propose_lift(keys[1], "aml-1", "explained")
        desks.measures.lift(keys[1], "head-1")
        assert risk.refresh()
        assert moved(risk, 400, (4, 9, 1), (3, 9, 1)) == [CREATED, HELD]
        for day in (date(2026, 11, 20), date(2026, 11, 21)):
            found = risk.replay(day)
            assert (found.mismatches, found.findings) == (0, [])
    with opened(tmp_path / "house", clock) as risk:
        assert moved(risk, 500, (5, 9, 101), (5, 9, 100)) == [DENIED, CREATED], "counted over a restart"
