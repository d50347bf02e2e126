"""The breaks desk on both databases: who may do what, what ends a break, and that nothing is ever lost."""

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, text, update
from tests.custody.breaks.parts import (
    CUSTOMER,
    DAY,
    FEES,
    LATER,
    MIRROR,
    SUSPENSE,
    a_break,
    desk_on,
    give,
    house,
    order,
)

from jinku.base.database import Database
from jinku.custody.breaks.correction import Against
from jinku.custody.breaks.desk import BreakDesk
from jinku.custody.breaks.errors import (
    BadBreak,
    BreakRefused,
    BreakTampered,
    BreakUnknown,
    NotSenior,
    SecondPerson,
)
from jinku.custody.breaks.model import Act, State
from jinku.custody.breaks.seals import SEAL_TOPIC_BREAKS
from jinku.custody.breaks.store import CASE, EVENT, SEALED, erase_words
from jinku.custody.breaks.table import CAUSES, CLASSES, Cause, Materiality, rule_for
from jinku.custody.orders import model as o
from jinku.custody.reconciliation.breaks import Break, BreakClass
from jinku.ledger.layout import SEAL, Array, EntryKind
from jinku.ledger.service import Ledger

BOOKS = (1, 156)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    where: Path | str = tmp_path / "control.db"
    if request.param == "postgres":
        new: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        where = new()
    with Database.open(where) as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with house(tmp_path / "ledger") as opened:
        yield opened


def balance(ledger: Ledger, account: int) -> int:
    [one] = ledger.lookup_accounts([account])
    return one.credits_posted - one.debits_posted


def ready(desk: BreakDesk, number: int) -> None:
    """A break that somebody works on."""
    desk.assign(number, "clerk", by="lead")
    desk.investigate(number, "clerk")


def test_a_break_from_its_finding_to_its_end(database: Database, ledger: Ledger) -> None:
    """R10: class, amount, age, owner, cause, action, two-person close, history; sealed in the log (topic 8)."""
    desk = desk_on(database, ledger)
    one = a_break("R-1")
    taken = desk.take_up(DAY, [one], BOOKS)
    assert taken.new == (one.break_id,)
    assert desk.take_up(DAY, [one], BOOKS) == type(taken)((), (), (), ())  # the same again changes nothing
    number = one.break_id
    with pytest.raises(BreakRefused, match="is open: cannot propose"):
        desk.propose_close(number, "clerk", Cause.BANK_ERROR, "the bank will correct it")
    ready(desk, number)
    desk.act(number, "clerk", "call the bank", "clerk", date(2026, 11, 20))
    desk.comment(number, "clerk", "银行已确认")
    desk.link(number, "clerk", "file", "ab" * 32)
    desk.done(number, "clerk", 1)
    with pytest.raises(BadBreak):
        desk.done(number, "clerk", 1)
    case = desk.propose_close(number, "clerk", Cause.BANK_ERROR, "the bank will correct it")
    assert case.state is State.PROPOSED
    with pytest.raises(SecondPerson):
        desk.approve(number, "clerk", DAY)
    case = desk.approve(number, "lead", DAY)
    assert (case.state, case.cause, case.owner) == (State.CLOSED, "bank_error", "clerk")
    assert [one.act for one in desk.history(number)] == [
        Act.FOUND, Act.ASSIGN, Act.INVESTIGATE, Act.ACTION, Act.COMMENT, Act.LINK, Act.DONE, Act.PROPOSE, Act.APPROVE,
    ]  # fmt: skip
    desk.seals.verify(number)
    assert desk.seals.audit() == 9
    entries = ledger.entries(0, ledger.size())
    seals = np.ascontiguousarray(entries["event"][entries["kind"] == EntryKind.SEAL]).view(SEAL)
    assert (seals["topic"] == SEAL_TOPIC_BREAKS).sum() == 9  # one for each command that said something


def test_the_same_break_tomorrow_is_the_same_case_and_grows_older(database: Database, ledger: Ledger) -> None:
    """R10: same id, continuing age in business days; matched later it ends by itself; found once more it is open."""
    desk = desk_on(database, ledger)
    one, other = a_break("R-1"), a_break("R-2", -500, kind=BreakClass.LATE)
    number = one.break_id
    desk.take_up(DAY, [one, other], BOOKS)
    worse = a_break("R-2", -500, kind=BreakClass.MISSING_AT_BANK)
    taken = desk.take_up(LATER[0], [one, worse], BOOKS)
    assert taken.new == ()
    assert set(taken.again) == {number, other.break_id}
    assert desk.case(other.break_id).kind == "missing_at_bank"
    assert [desk.clockwork(desk.case(number), day).age_days for day in (DAY, *LATER, date(2026, 11, 23))] == [
        0, 1, 2, 3,
    ]  # fmt: skip
    taken = desk.take_up(LATER[1], [worse], BOOKS)
    assert taken.matched == (number,)
    case = desk.case(number)
    assert (case.state, case.cause, case.ended) == (State.CLOSED, "matched_later", LATER[1])
    assert desk.clockwork(case, date(2026, 12, 30)).age_days == 2  # it grows no older
    assert [one.id for one in desk.cases(living=True)] == [other.break_id]
    assert len(desk.cases()) == 2  # still to be seen
    taken = desk.take_up(date(2026, 11, 23), [one, worse], BOOKS)
    assert taken.reopened == (number,)
    assert desk.case(number).state is State.OPEN
    assert desk.case(number).reopened == 1
    desk.seals.audit()


def test_other_books_end_nothing(database: Database, ledger: Ledger) -> None:
    desk = desk_on(database, ledger)
    one = a_break("R-1")
    desk.take_up(DAY, [one], BOOKS)
    assert desk.take_up(LATER[0], [], (2, 156)).matched == ()
    assert desk.take_up(LATER[0], [], (1, 978)).matched == ()
    with pytest.raises(BadBreak):
        desk.take_up(LATER[0], [one], (1, 978))
    assert desk.take_up(LATER[0], [], BOOKS).matched == (one.break_id,)


def test_a_material_break_needs_a_second_approval_of_a_higher_level(
    database: Database, ledger: Ledger
) -> None:
    """R10, R18: dated thresholds; two further persons, one of them senior; nobody twice."""
    rows = [
        Materiality(date(2026, 1, 1), "CNY", "", 50_000, 100_000),
        Materiality(date(2026, 11, 20), "CNY", "", 900, 950),
        Materiality(date(2026, 1, 1), "CNY", "late", 7, 8),
    ]
    assert rule_for(rows, "CNY", "late", DAY).material_from == 7
    assert rule_for(rows, "CNY", "unknown_at_bank", DAY).material_from == 50_000
    assert rule_for(rows, "CNY", "unknown_at_bank", LATER[1]).material_from == 900
    assert rule_for(rows, "JPY", "late", DAY).material_from == 10_000
    desk = desk_on(database, ledger, materiality=rows)
    one = a_break("R-1", 1_000)
    desk.take_up(DAY, [one], BOOKS)
    number = one.break_id
    ready(desk, number)
    desk.propose_close(number, "clerk", Cause.OTHER, "explained")
    assert desk.approve(number, "lead", LATER[1]).state is State.PROPOSED  # material by then
    with pytest.raises(SecondPerson):
        desk.approve(number, "lead", LATER[1])
    with pytest.raises(NotSenior):
        desk.approve(number, "other", LATER[1])
    assert desk.approve(number, "head", LATER[1]).state is State.CLOSED
    desk.reopen(number, "lead", "closed too early")
    ready(desk, number)
    with pytest.raises(BreakRefused, match="950"):
        desk.propose_write_off(
            number,
            "clerk",
            Against.SUSPENSE,
            LATER[1],
            cause=Cause.OTHER,
            text="above what may be written off",
        )


def test_a_write_off_books_correcting_entries_and_changes_none(database: Database, ledger: Ledger) -> None:
    """R10, R12: the mirror moves by the effect, against suspense; linked to the break; booked once."""
    desk = desk_on(database, ledger)
    one = a_break("4711", 1_000)
    desk.take_up(DAY, [one], BOOKS)
    number = one.break_id
    ready(desk, number)
    before = ledger.read(0, ledger.size())
    desk.propose_write_off(
        number, "clerk", Against.SUSPENSE, DAY, cause=Cause.UNKNOWN_PAYER, text="owner unknown"
    )
    assert balance(ledger, SUSPENSE) == 0
    with pytest.raises(SecondPerson):
        desk.approve(number, "clerk", DAY)
    case = desk.approve(number, "lead", DAY)
    assert case.state is State.WRITTEN_OFF
    assert balance(ledger, SUSPENSE) == 1_000
    assert balance(ledger, MIRROR) == -61_000
    [transfer] = ledger.lookup_transfers(case.transfers)
    assert (transfer.user_data_128, transfer.user_data_64, transfer.user_data_32) == (number, 4711, 20261118)
    assert list(ledger.read(0, len(before))) == list(before)
    assert desk.recover() == []
    with pytest.raises(BreakRefused):
        desk.approve(number, "lead", DAY)
    assert desk.take_up(LATER[0], [], BOOKS).matched == ()
    assert desk.case(number).state is State.WRITTEN_OFF
    desk.seals.audit()


def test_our_own_transfer_is_taken_back_once(database: Database, ledger: Ledger) -> None:
    desk = desk_on(database, ledger)
    deposit = o.Deposit(id=order(9), day=DAY, account=CUSTOMER, amount=700, reference=9)
    give(ledger, deposit)
    one = a_break("9", -700, kind=BreakClass.MISSING_AT_BANK, transfers=(deposit.id,))
    desk.take_up(DAY, [one], BOOKS)
    number = one.break_id
    ready(desk, number)
    wrong = replace_account(a_break("8", -600, kind=BreakClass.MISSING_AT_BANK, transfers=(deposit.id,)))
    desk.take_up(DAY, [one, wrong], BOOKS)
    ready(desk, wrong.break_id)
    with pytest.raises(BadBreak, match="not by the break's"):
        write_off(desk, wrong.break_id, Against.REVERSAL)
    write_off(desk, number, Against.REVERSAL)
    case = desk.approve(number, "lead", DAY)
    assert case.state is State.WRITTEN_OFF
    assert balance(ledger, CUSTOMER) == 50_000
    [back] = ledger.lookup_transfers(case.transfers)
    assert (back.debit_account_id, back.credit_account_id) == (CUSTOMER, MIRROR)


def replace_account(one: Break) -> Break:
    return replace(one, account="9910")


def write_off(desk: BreakDesk, number: int, against: Against) -> None:
    desk.propose_write_off(number, "clerk", against, DAY, cause=Cause.OUR_ERROR, text="booked by mistake")


def test_what_the_ledger_refuses_stays_open_and_can_be_proposed_anew(
    database: Database, ledger: Ledger
) -> None:
    desk = desk_on(database, ledger)
    one = a_break("R-1", -20_000)  # more than there is of fee income
    desk.take_up(DAY, [one], BOOKS)
    number = one.break_id
    ready(desk, number)
    write_off(desk, number, Against.FEE_INCOME)
    case = desk.approve(number, "lead", DAY)
    assert case.state is State.INVESTIGATING
    assert desk.history(number)[-1].body["status"] == "exceeds_credits"
    give(ledger, o.Fee(id=order(30), day=DAY, payer=CUSTOMER, amount=10_000))
    write_off(desk, number, Against.FEE_INCOME)
    assert desk.approve(number, "lead", DAY).state is State.WRITTEN_OFF
    assert balance(ledger, FEES) == 0
    late = a_break("R-3", 0, amount=10, kind=BreakClass.LATE)
    desk.take_up(DAY, [one, late], BOOKS)
    ready(desk, late.break_id)
    with pytest.raises(BadBreak, match="nothing to correct"):
        write_off(desk, late.break_id, Against.SUSPENSE)


def test_a_crash_between_approval_and_booking_books_once(database: Database, ledger: Ledger) -> None:
    """R10, R20: approved, then the process dies, before or after the ledger had the entries."""
    for serial, dies_after in enumerate((False, True)):
        one = a_break(f"C-{serial}", 300)

        def dying(rows: Array, dies_after: bool = dies_after) -> Array:
            if dies_after:
                ledger.create_transfers_array(rows)
            raise KeyboardInterrupt

        desk = desk_on(database, ledger, book=dying)
        desk.take_up(DAY, [one], BOOKS)
        ready(desk, one.break_id)
        write_off(desk, one.break_id, Against.SUSPENSE)
        with pytest.raises(KeyboardInterrupt):
            desk.approve(one.break_id, "lead", DAY)
        assert desk.take_up(LATER[0], [], BOOKS).matched == ()  # what is being booked is not matched away
        again = desk_on(database, ledger)
        assert [one.state for one in again.recover()] == [State.WRITTEN_OFF]
        assert balance(ledger, SUSPENSE) == 300 * (serial + 1)
    again.seals.audit()


def test_a_changed_effect_takes_a_proposal_back(database: Database, ledger: Ledger) -> None:
    """R10: nobody approves a write-off of another amount than the break has by then."""
    desk = desk_on(database, ledger)
    one = a_break("R-1", 1_000)
    desk.take_up(DAY, [one], BOOKS)
    ready(desk, one.break_id)
    write_off(desk, one.break_id, Against.SUSPENSE)
    desk.take_up(LATER[0], [a_break("R-1", 400)], BOOKS)
    assert desk.case(one.break_id).state is State.INVESTIGATING
    with pytest.raises(BreakRefused):
        desk.approve(one.break_id, "lead", LATER[0])


def test_ageing_by_band_class_and_currency_in_both_languages(database: Database, ledger: Ledger) -> None:
    """R10: the ageing report, as table, CSV and JSON; as of any day."""
    desk = desk_on(database, ledger)
    breaks = [
        a_break("R-1", 1_000),
        a_break("R-2", -250, kind=BreakClass.LATE),
        a_break("R-3", 5, day=LATER[0]),
    ]
    desk.take_up(LATER[0], breaks, BOOKS)
    report = desk.ageing(LATER[1])
    assert [(one["age"], one["class"], one["count"], one["amount"], one["effect"]) for one in
            report.document()["rows"]] == [
        ("1 day", "unknown_at_bank", 1, "5", "5"),
        ("2-5 days", "late", 1, "250", "-250"),
        ("2-5 days", "unknown_at_bank", 1, "1000", "1000"),
    ]  # fmt: skip
    columns, rows = report.table("zh")
    assert columns[:3] == ("账龄", "类别", "币种")
    assert rows[0][:3] == ("1 日", "银行多账", "CNY")
    assert rows[-1] == ("合计", "", "CNY", "3", "12.55", "7.55")
    read = list(csv.DictReader(io.StringIO(report.csv())))
    assert read[0] == {
        "age": "1 day", "class": "unknown at bank", "currency": "CNY", "count": "1", "amount": "0.05",
        "effect": "0.05",
    }  # fmt: skip
    assert report.csv("zh").startswith("\ufeff账龄")
    desk.take_up(LATER[1], [], BOOKS)
    assert not desk.ageing(LATER[1]).rows
    assert len(desk.ageing(LATER[0]).rows) == 3  # as it stood the day before
    assert set(CLASSES) == {one.value for one in BreakClass}
    assert set(CAUSES) == set(Cause)


def test_escalation_by_age_and_the_clock(database: Database, ledger: Ledger) -> None:
    """R10: each level once, sooner for material breaks; overdue after the days that the table gives."""
    desk = desk_on(database, ledger)
    one, big = a_break("R-1"), a_break("R-2", 20_000_000)
    desk.take_up(DAY, [one, big], BOOKS)
    assert desk.escalate(DAY) == []
    assert [(case.id, case.level) for case in desk.escalate(LATER[0])] == [(big.break_id, 1)]
    assert desk.escalate(LATER[0]) == []
    levels = {case.id: case.level for case in desk.escalate(LATER[1])}
    assert levels == {one.break_id: 1, big.break_id: 2}
    assert not desk.clockwork(desk.case(one.break_id), date(2026, 11, 25)).overdue
    assert desk.clockwork(desk.case(one.break_id), date(2026, 11, 26)).overdue
    assert desk.clockwork(desk.case(big.break_id), date(2026, 11, 23)) == (3, LATER[1], True, True)


def test_whoever_changes_the_history_is_found(database: Database, ledger: Ledger) -> None:
    """R10: an auditor's look at every event, state and seal; a thief's at all of them."""
    desk = desk_on(database, ledger)
    one, other = a_break("R-1"), a_break("R-2")
    desk.take_up(DAY, [one, other], BOOKS)
    ready(desk, one.break_id)
    desk.comment(one.break_id, "clerk", "the customer called")
    desk.seals.audit()
    key = f"{one.break_id:032x}"

    def found_out(*statements: object) -> None:
        for statement in statements:
            undo(statement)
        with pytest.raises(BreakTampered):
            desk.seals.audit()

    def undo(statement: object) -> None:
        with database.writing() as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    here = EVENT.c.break_id == key
    with database.reading() as connection:
        events = [dict(row) for row in connection.execute(EVENT.select().where(here)).mappings()]
    changed = json.loads(events[0]["body"]) | {"effect": "1"}
    attacks = [
        (update(EVENT).where(here, EVENT.c.number == 1).values(body=json.dumps(changed)), {"number": 1}),
        (update(EVENT).where(here, EVENT.c.number == 2).values(by="nobody"), {"number": 2}),
        (
            update(EVENT).where(here, EVENT.c.number == 4).values(body=json.dumps({"text": "nobody called"})),
            {"number": 4},
        ),
    ]
    for attack, where in attacks:
        found_out(attack)
        row = events[where["number"] - 1]
        undo(
            update(EVENT)
            .where(here, EVENT.c.number == where["number"])
            .values(body=row["body"], by=row["by"])
        )
        desk.seals.audit()
    found_out(update(CASE).where(CASE.c.id == key).values(state="closed"))
    undo(update(CASE).where(CASE.c.id == key).values(state="investigating"))
    found_out(delete(EVENT).where(here, EVENT.c.number == 4))  # the newest words gone, and with them…
    with database.writing() as connection:
        connection.execute(EVENT.insert(), [events[3]])
    desk.seals.audit()
    found_out(delete(SEALED).where(SEALED.c.number == 4))  # …their seal: the log still has it


def test_words_can_be_erased_and_the_proof_stands(database: Database, ledger: Ledger) -> None:
    """R17, R10: what persons wrote goes, every digest still verifies, and no fact can hide behind it."""
    desk = desk_on(database, ledger)
    one = a_break("R-1")
    desk.take_up(DAY, [one], BOOKS)
    ready(desk, one.break_id)
    desk.comment(one.break_id, "clerk", "Mrs Zhang called from 138…")
    with database.writing() as connection:
        assert erase_words(connection, one.break_id) == 1
    assert "Zhang" not in str(desk.history(one.break_id))
    desk.seals.audit()


def test_persons_texts_and_ids_are_checked(database: Database, ledger: Ledger) -> None:
    desk = desk_on(database, ledger)
    one = a_break("R-1")
    desk.take_up(DAY, [one], BOOKS)
    number = one.break_id
    with pytest.raises(BreakUnknown):
        desk.case(7)
    with pytest.raises(BreakUnknown):
        desk.comment(7, "clerk", "x")
    for bad in ("", "Zhang San", "x" * 65, "张三"):
        with pytest.raises(BadBreak):
            desk.assign(number, bad, by="lead")
        with pytest.raises(BadBreak):
            desk.comment(number, bad, "text")
    for words in ("", " ", "a\nb", "x" * 2001, "\x1b[31m"):
        with pytest.raises(BadBreak):
            desk.comment(number, "clerk", words)
    with pytest.raises(BadBreak):
        desk.link(number, "clerk", "rumour", "x")
    ready(desk, number)
    with pytest.raises(BadBreak):
        desk.propose_close(number, "clerk", Cause.MATCHED_LATER, "it was not")


def test_two_at_once_one_is_refused(database: Database, ledger: Ledger) -> None:
    """R18: two approvers of one end at the same moment."""
    desk = desk_on(database, ledger)
    one = a_break("R-1", 1_000)
    desk.take_up(DAY, [one], BOOKS)
    ready(desk, one.break_id)
    write_off(desk, one.break_id, Against.SUSPENSE)
    outcomes: list[str] = []

    def approve(person: str) -> None:
        try:
            outcomes.append(desk.approve(one.break_id, person, DAY).state.value)
        except (BreakRefused, SecondPerson) as refused:
            outcomes.append(type(refused).__name__)

    threads = [threading.Thread(target=approve, args=(f"lead-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["BreakRefused"] * 3 + ["written_off"]
    assert balance(ledger, SUSPENSE) == 1_000
    desk.seals.audit()
    with database.reading() as connection:
        assert (
            connection.execute(text("select count(*) from break_event where seal is null")).scalar_one() == 0
        )
