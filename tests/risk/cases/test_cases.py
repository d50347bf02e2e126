"""Cases: investigated by one, approved by another, with clocks, notes, evidence and links that nobody can change."""

import hashlib
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from tests.risk.cases.kit import PAYER, Kit, alert, raised

from jinku.risk.acts.errors import ActTampered, BadAct
from jinku.risk.acts.seals import SEAL_TOPIC_CASES
from jinku.risk.cases.errors import NothingThere, NotNow, NotYourPart, SecondPersonNeeded
from jinku.risk.cases.model import Outcome, State
from jinku.risk.cases.table import Clockwork


def test_a_case_goes_from_open_to_closed_by_two_persons(kit: Kit) -> None:
    """K7: investigator ≠ approver, every step an act, sealed under topic 15."""
    one, two = raised(kit, alert("a"), alert("b", subject=78))
    case = kit.cases.open([one], "aml-1", "three deposits")
    assert (case.state, case.subject, case.alerts) == (State.OPEN, PAYER, (one,))
    with pytest.raises(NotNow):
        kit.cases.investigate(case.key, "head-1")
    kit.cases.assign(case.key, "aml-1", "aml-1")
    kit.cases.join(case.key, [two], "aml-1")
    with pytest.raises(NotYourPart):
        kit.cases.investigate(case.key, "head-1")
    kit.cases.investigate(case.key, "aml-1")
    kit.cases.note(case.key, "aml-1", "客户说是工资\nsecond line")
    kit.cases.propose(case.key, "aml-1", Outcome.DISMISS, "wages of a market stall")
    with pytest.raises(NotYourPart):
        kit.cases.approve(case.key, "aml-2")
    kit.cases.reject(case.key, "head-1", "say more")
    kit.cases.propose(case.key, "aml-1", Outcome.DISMISS, "wages, seen on the contracts")
    closed = kit.cases.approve(case.key, "head-1")
    assert (closed.state, closed.approved_by, closed.alerts) == (State.CLOSED, "head-1", (one, two))
    assert kit.cases.cases("aml-1") == []
    assert [one.key for one in kit.cases.cases("aml-1", living=False)] == [case.key]
    told = [act.what for act in kit.cases.history(case.key, "aml-1")]
    assert told == [
        "open", "assign", "join", "investigate", "note", "propose", "reject", "propose", "approve",
    ]  # fmt: skip
    assert kit.audit() == len(told) + 7, "with six admissions and one batch of alerts"
    assert SEAL_TOPIC_CASES == 15


def test_who_has_a_hand_in_a_case_does_not_approve_it_in_any_spelling(kit: Kit) -> None:
    """K7: owners, investigators, writers of notes, givers of evidence, openers."""
    for act in ("open", "own", "note", "evidence"):
        [number] = raised(kit, alert(act, subject=1000 + len(act), typology=f"case_{act}"))
        case = kit.cases.open([number], "head-1" if act == "open" else "aml-1", "seen")
        if act == "own":
            kit.cases.assign(case.key, "head-1", "head-1")
        kit.cases.assign(case.key, "aml-1", "head-3")
        kit.cases.investigate(case.key, "aml-1")
        if act == "note":
            kit.cases.note(case.key, "head-1", "looked at it")
        if act == "evidence":
            kit.cases.add_evidence(case.key, "head-1", "record", "decision/81", "cd" * 32)
        kit.cases.propose(case.key, "aml-1", Outcome.DISMISS, "nothing")
        for name in ("head-1", "HEAD-1"):
            with pytest.raises(SecondPersonNeeded):
                kit.cases.approve(case.key, name)
        with pytest.raises(SecondPersonNeeded):
            kit.cases.reject(case.key, "head-1", "no")
        assert kit.cases.approve(case.key, "head-2").state is State.CLOSED


def test_a_case_with_a_measure_closes_only_with_one_in_force(kit: Kit) -> None:
    """K7, K8."""
    from jinku.risk.cases.ladder import Rung
    from jinku.risk.cases.measure_desk import Wish

    case = kit.approved(Outcome.MEASURE, *raised(kit, alert("a")))
    assert case.state is State.APPROVED
    with pytest.raises(BadAct):
        kit.cases.close(case.key, "aml-1", [])
    with pytest.raises(NotNow):
        kit.cases.close(case.key, "aml-1", ["000009"])
    measure = kit.measures.propose(Wish(PAYER, Rung.DILIGENCE, "look closer", case=case.key), "aml-1")
    with pytest.raises(NotNow):
        kit.cases.close(case.key, "aml-1", [measure.key])
    kit.measures.approve(measure.key, "head-2")
    closed = kit.cases.close(case.key, "aml-1", [measure.key])
    assert (closed.state, closed.made) == (State.CLOSED, (f"measure {measure.key}",))
    again = kit.cases.reopen(case.key, "head-2", "new facts")
    assert (again.state, again.reopened, again.proposal) == (State.ASSIGNED, 1, None)


def test_clocks_count_working_days_and_say_what_is_late(kit: Kit) -> None:
    """K7: working-day clocks; a weekend, a holiday, and a year that the calendar does not know."""
    friday = date(2026, 9, 25)  # before the October holidays: 1 to 7 October
    kit.clock.set(friday, 17)
    case = kit.cases.open([], "aml-1", "a tip", subject=9)
    [waits] = kit.cases.clocks(case, friday)
    assert (waits.what, waits.overdue) == ("case_taken_up", False)
    assert waits.due == next(
        friday + timedelta(n) for n in range(1, 9) if Clockwork().works(friday + timedelta(n))
    )
    assert kit.cases.clocks(case, waits.due + timedelta(1))[0].overdue
    kit.clock.set(waits.due)
    case = kit.cases.assign(case.key, "aml-1", "aml-1")
    taken, runs = kit.cases.clocks(case, waits.due)
    assert (taken.done, taken.overdue) == (waits.due, False)
    assert Clockwork().age(runs.began, runs.due) == 10
    assert runs.due > runs.began + timedelta(14), "the holidays do not count"
    assert Clockwork().after(date(2026, 12, 31), 2) == date(2027, 1, 2), (
        "where no notice is known, each day counts"
    )


def test_notes_and_evidence_are_only_added_and_files_are_known_by_content(kit: Kit) -> None:
    """K7: evidence by digest, contents outside of the acts, changes found."""
    case = kit.opened(*raised(kit, alert("a")))
    data = b"%PDF statement of someone"
    kit.cases.keep_file(case.key, "aml-1", "statement/2026-11", data)
    case = kit.cases.keep_file(case.key, "aml-1", "statement/again", data)
    digest = hashlib.sha256(data).hexdigest()
    assert [one.sha256 for one in case.evidence] == [digest, digest]
    assert kit.evidence.digests() == [digest]
    assert kit.cases.missing_evidence(case) == []
    [path] = [one for one in kit.evidence._directory.rglob("*") if one.is_file()]
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"%PDF statement of nobody!!")
    assert kit.cases.missing_evidence(case) == [digest, digest]
    for reference in ("Zhang San", "张三", ""):
        with pytest.raises(BadAct) as caught:
            kit.cases.add_evidence(case.key, "aml-1", "record", reference, digest)
        assert not reference or reference not in str(caught.value)
    with kit.database.reading() as connection:
        everything = str(connection.execute(text("SELECT body FROM risk_act")).all())
        everything += str(connection.execute(text("SELECT document FROM risk_act_seal")).all())
    assert "PDF" not in everything


def test_cases_are_linked_in_both_histories(kit: Kit) -> None:
    """K7."""
    first = kit.opened(*raised(kit, alert("a")))
    second = kit.opened(*raised(kit, alert("b", subject=78)))
    kit.cases.link(first.key, "aml-1", second.key, "same_network")
    assert kit.cases.case(second.key, "aml-1").links == ((first.key, "same_network"),)
    with pytest.raises(BadAct):
        kit.cases.link(first.key, "aml-1", first.key, "same_network")


def test_an_alert_is_in_one_case_only(kit: Kit) -> None:
    [number] = raised(kit, alert("a"))
    kit.opened(number)
    with pytest.raises(NothingThere):
        kit.cases.open([number], "aml-2", "mine too")
    with pytest.raises(NothingThere):
        kit.cases.open([99], "aml-2", "no such alert")
    assert len(kit.cases.cases("head-1")) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE risk_act SET body = replace(body, 'wages', 'crime') WHERE what = 'note'",
        "UPDATE risk_act SET by = 'aml-2' WHERE what = 'propose'",
        "DELETE FROM risk_act WHERE what = 'note'",
        "UPDATE risk_history SET state = 'closed' WHERE kind = 'case'",
        "UPDATE risk_history SET owner = 'aml-2' WHERE kind = 'case'",
        "DELETE FROM risk_act_seal WHERE number = (SELECT max(number) FROM risk_act_seal)",
        "UPDATE risk_act SET at = at + 1 WHERE what = 'investigate'",
    ],
)
def test_what_was_done_cannot_be_changed_unseen(kit: Kit, change: str) -> None:
    """K7: an act, a state or a seal that is not what was written is found against the log."""
    case = kit.opened(*raised(kit, alert("a")))
    kit.cases.note(case.key, "aml-1", "says it is wages")
    kit.cases.propose(case.key, "aml-1", Outcome.DISMISS, "nothing")
    assert kit.audit() > 0
    with kit.database.writing() as connection:
        assert connection.execute(text(change)).rowcount > 0
    with pytest.raises(ActTampered):
        kit.audit()


def test_words_are_erased_after_their_term_and_everything_still_verifies(kit: Kit) -> None:
    """K9."""
    case = kit.opened(*raised(kit, alert("a")))
    kit.cases.note(case.key, "aml-1", "says it is wages")
    assert kit.book.erase_words("case", case.key) == 2
    assert kit.book.erase_words("case", case.key) == 0
    kit.audit()
    assert "wages" not in str(kit.cases.history(case.key, "aml-1"))
    with kit.database.writing() as connection:
        connection.execute(text("UPDATE risk_act SET body = '{\"text\":\"\"}' WHERE what = 'assign'"))
    with pytest.raises(ActTampered):
        kit.audit()


def test_what_a_crash_left_unsealed_is_sealed_by_the_next(one: Kit) -> None:
    """K7."""
    seal = one.ledger.seal
    one.ledger.seal = lambda digest, topic: (_ for _ in ()).throw(OSError)  # type: ignore[method-assign]
    with pytest.raises(OSError):
        one.cases.open([], "aml-1", "a tip", subject=9)
    one.ledger.seal = seal  # type: ignore[method-assign]
    one.book.seals.seal()
    with one.database.reading() as connection:
        entries = connection.execute(text("SELECT entry FROM risk_act_seal")).scalars().all()
    assert min(entries) >= 0
    assert one.audit() == 7
