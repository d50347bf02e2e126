"""camt.052 and camt.054 beside camt.053: what they give is read, what they leave out is computed and marked."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.formats.writers import camt_of, entries, units
from tests.custody.statements import IN, OUT, entry, full_statement
from tests.custody.statements import statement as made_of

from jinku.base.currency import Currency
from jinku.base.errors import InputError
from jinku.custody.statements.formats import camt, read_statement
from jinku.custody.statements.model import EntryStatus, Statement, StatementEntry, StatementKind

KINDS = {"camt.052": StatementKind.REPORT, "camt.054": StatementKind.NOTIFICATION}


def _without(made: Statement, kind: StatementKind) -> Statement:
    """`made` as it reads without balances."""
    moved = sum(one.signed for one in made.booked)
    return replace(made, kind=kind, opening=0, closing=moved, opening_given=False, closing_given=False)


@settings(max_examples=30, deadline=None)
@given(st.lists(entries(["PMNT/RCDT/ESCT", "NTRF"]), max_size=3), units, st.sampled_from(sorted(KINDS)))
def test_any_message_without_balances_reads_back(
    rows: list[StatementEntry], unit: Currency, name: str
) -> None:
    made = _without(replace(made_of(*rows), currency=unit), KINDS[name])
    assert read_statement(camt_of(made, name), "a.xml") == [made]


@pytest.mark.parametrize("name", sorted(KINDS))
@pytest.mark.parametrize("version", ["02", "06", "08", "13"])
def test_every_field_is_read_in_every_version(name: str, version: str) -> None:
    made = replace(full_statement(), kind=KINDS[name], information="All is well", message_id="M1")
    text = camt_of(made, name).decode().replace(f"{name}.001.08", f"{name}.001.{version}")
    if version < "08":
        text = text.replace("<Sts><Cd>", "<Sts>").replace("</Cd></Sts>", "</Sts>")
    assert camt.read(text.encode()) == [made]


def test_a_report_may_hold_only_what_is_new() -> None:
    made = made_of(entry("A", 5), entry("B", 3, OUT), opening=1_000)
    report = replace(made, kind=StatementKind.REPORT)
    whole = camt_of(report, "camt.052").decode()
    assert camt.read(whole.replace("CLBD", "ITBD").encode()) == [report]
    [later] = camt.read(whole.replace("CLBD", "ITBD").replace(">10.02<", ">90.00<").encode())
    assert (later.opening, later.closing, later.opening_given, later.closing_given) == (
        8_998,
        9_000,
        False,
        True,
    )
    [opened] = camt.read(camt_of(replace(report, closing_given=False), "camt.052"))
    assert (opened.opening, opened.closing, opened.opening_given, opened.closing_given) == (
        1_000,
        1_002,
        True,
        False,
    )


def test_the_last_of_several_interim_balances_counts() -> None:
    report = replace(made_of(entry("A", 5)), kind=StatementKind.REPORT, opening_given=False)
    text = camt_of(report, "camt.052").decode().replace("CLBD", "ITBD")
    balance = text[text.index("<Bal>") : text.index("</Bal>") + 6]
    [made] = camt.read(text.replace(balance, balance.replace("10.05", "1.00") + balance).encode())
    assert made.closing == 1_005
    with pytest.raises(InputError, match="this balance comes twice"):
        camt.read(
            text.replace("ITBD", "CLBD")
            .replace(balance.replace("ITBD", "CLBD"), 2 * balance.replace("ITBD", "CLBD"))
            .encode()
        )


def test_days_and_currency_come_from_where_they_are() -> None:
    made = made_of(entry("A", 5, day=date(2026, 11, 18)), entry("B", 5, IN), opening=0)
    text = camt_of(_without(made, StatementKind.NOTIFICATION), "camt.054").decode()
    period = text[text.index("<FrToDt>") : text.index("</FrToDt>") + 9]
    [bare] = camt.read(text.replace(period, "").replace("<Ccy>CNY</Ccy>", "").encode())
    assert (bare.from_date, bare.to_date, bare.currency.code) == (
        date(2026, 11, 18),
        date(2026, 11, 20),
        "CNY",
    )
    empty = text[: text.index("<Ntry>")] + text[text.rindex("</Ntry>") + 7 :]
    empty = empty.replace(period, "").replace("<NbOfNtries>2<", "<NbOfNtries>0<", 1)
    [none] = camt.read(empty.encode())
    assert none.from_date == none.to_date == date(2026, 11, 18)


def test_what_is_still_to_come_is_pending() -> None:
    made = _without(made_of(entry("A", 5)), StatementKind.REPORT)
    [read] = camt.read(camt_of(made, "camt.052").replace(b"<Cd>BOOK<", b"<Cd>FUTR<"))
    assert read.entries[0].status is EntryStatus.PENDING


def test_a_report_is_refused_where_a_statement_is() -> None:
    made = _without(made_of(entry("A", 5)), StatementKind.REPORT)
    good = camt_of(made, "camt.052").decode()
    for change, problem in (
        ((">0.05<", ">0.055<"), "3 decimals"),
        (("<NbOfNtries>1<", "<NbOfNtries>2<"), "but the statement has 1 entries"),
        (("BkToCstmrAcctRpt", "BkToCstmrStmt"), "holds no statement"),
        (("</Rpt>", ""), "not well-formed"),
    ):
        with pytest.raises(InputError, match=problem) as refused:
            camt.read(good.replace(*change).encode(), "bank.xml")
        assert refused.value.line >= 1
    with pytest.raises(InputError, match="comes twice in the file"):
        camt.read(
            (
                good[: good.index("<Rpt>")]
                + 2 * good[good.index("<Rpt>") : good.index("</BkTo")]
                + good[good.index("</BkTo") :]
            ).encode()
        )
    with pytest.raises(InputError, match="no balances that the bank gave"):
        camt.write([made])
