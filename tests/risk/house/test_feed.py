"""From decisions to alerts: each held or denied movement once, whatever happens between."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from tests.risk.house.kit import RULES, SETTINGS, Now, desks_of, load_list, moved, movements, opened

from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import open_desks
from jinku.bootstrap.risk_feed import MARK_FILE, AlertFeed
from jinku.ledger.layout import ACCOUNT, set_u128
from jinku.risk.cases.alert_desk import AlertDesk
from jinku.risk.screening.book import Book
from jinku.risk.screening.model import Subject
from jinku.risk.screening.names import Kind

TYPED = RULES.format(most=1_000) + 'typology = "quick-out"\n'
SHADOW = '[[rule]]\nname = "seen"\nwhen = "amount > 1"\noutcome = "deny"\nscore = 99\nshadow = true\n' + (
    'reason = "seen"\nreason_zh = "见"\ntypology = "seen"\n'
)


def house(tmp_path: Path) -> Path:
    (tmp_path / "house" / "risk").mkdir(parents=True)
    (tmp_path / "house" / "risk" / "rules.toml").write_text(TYPED + SHADOW)
    return tmp_path / "house"


def test_what_was_held_is_an_alert_once_with_its_typology_and_evidence(tmp_path: Path) -> None:
    """K7: the strongest acting rule's typology, the journal's record as evidence; again it is no other alert."""
    clock, directory = Now(), house(tmp_path)
    with opened(directory, clock, SETTINGS + 'rules = "rules.toml"\n') as risk:
        desks = desks_of(risk, clock)
        Book(risk.house.control).put([Subject("7", ("Arkady Voronov",), Kind.PERSON)])
        load_list(risk, clock, "Arkady Voronov")
        risk.refresh()
        moved(risk, 100, (1, 2, 5_000), (1, 2, 10), (3, 4, 2_000), (7, 8, 10), (1, 2, 6_000))
        feed = AlertFeed(risk, desks.alerts)
        assert feed.feed() == 4
        found = {(one.subject, one.typology): one for one in desks.alerts.list_("aml-1")}
        assert set(found) == {(1, "quick_out"), (3, "quick_out"), (7, "screening")}
        assert (found[1, "quick_out"].seen, found[1, "quick_out"].amount) == (2, 11_000)
        assert found[3, "quick_out"].score == 60
        _, hits = desks.alerts.alert(found[3, "quick_out"].id, "aml-1")
        assert hits[0].evidence == (hashlib.sha256(risk.journal.read(0)).hexdigest(),)
        assert feed.feed() == 0
        (directory / "risk" / MARK_FILE).unlink()
        assert feed.feed() == 4, "handed over again, and known"
        assert len(desks.alerts.list_("aml-1", everything=True)) == 3
        assert desks.audit()["alerts"] == 4


def test_the_feed_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K7: a crash between handing over and the mark raises nothing twice; a bounded round goes on in the next."""
    clock, directory = Now(), house(tmp_path)
    with opened(directory, clock, SETTINGS + 'rules = "rules.toml"\n') as risk:
        desks = desks_of(risk, clock)
        for number in range(5):
            moved(risk, 100 + number, (1 + number, 9, 5_000))
        feed = AlertFeed(risk, desks.alerts)
        assert [feed.feed(2), feed.feed(2), feed.feed(2), feed.feed(2)] == [2, 2, 1, 0]

        def cut(*_: object) -> None:
            raise OSError("cut")

        moved(risk, 200, (8, 9, 5_000))
        monkeypatch.setattr("jinku.bootstrap.risk_feed.replace_durably", cut)
        with pytest.raises(OSError, match="cut"):
            feed.feed()
        monkeypatch.undo()
    with opened(directory, clock) as risk:
        alerts = _again(risk, clock)
        assert AlertFeed(risk, alerts).feed() == 1
        assert sorted(one.seen for one in alerts.list_("aml-1")) == [1] * 6


def _again(risk: Risk, clock: Now) -> AlertDesk:
    return open_desks(risk.house, clock).alerts


def test_what_has_no_currency_and_more_than_an_alert_holds_stops_no_feed(tmp_path: Path) -> None:
    """K7: a unit that is no currency, an amount of 128 bits: each is an alert all the same."""
    clock, directory = Now(), house(tmp_path)
    with opened(directory, clock, SETTINGS + 'rules = "rules.toml"\n') as risk:
        desks = desks_of(risk, clock)
        accounts = np.zeros(2, ACCOUNT)
        set_u128(accounts, "id", [901, 902])
        accounts["ledger"], accounts["code"] = 4_242, 1
        risk.house.ledger.create_accounts_array(accounts)
        rows = movements(100, (901, 902, 5_000), (1, 2, 1 << 100))
        rows["ledger"][0] = 4_242
        risk.gate.create_transfers_array(rows)
        assert AlertFeed(risk, desks.alerts).feed() == 2
        found = {one.subject: one for one in desks.alerts.list_("aml-1")}
        assert (found[901].amount, found[901].currency) == (0, "")
        assert (found[1].amount, found[1].currency) == ((1 << 62) - 1, "CNY")
