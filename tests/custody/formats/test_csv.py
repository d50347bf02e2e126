"""CSV by mapping: what a mapping describes is read, and a file that does not fit or was cut is refused."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.formats.writers import DAY, amounts, refs, texts

from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.base.errors import InputError
from jinku.custody.statements.formats import ReadOptions, read_statement
from jinku.custody.statements.formats.csv import CsvMapping, Sign, mapping_of
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementKind

TOML = """
name = "bank-x"
delimiter = ";"
encodings = ["gb18030"]
decimal_mark = ","
group_mark = "."
date_format = "%d.%m.%Y"
sign = "mark"
credit_words = ["收"]
debit_words = ["付"]
[columns]
booked = "交易日"
amount = "金额"
mark = "借贷"
balance = "余额"
servicer_reference = "流水号"
remittance = "摘要"
[labels]
account = "账号"
from_date = "开始"
to_date = "结束"
opening = "期初余额"
closing = "期末余额"
count = "笔数"
[constants]
currency = "CNY"
"""
MAPPING = mapping_of(TOML.encode(), "bank-x.toml")
CNY = currency("CNY")


def _grouped(amount: int) -> str:
    whole, _, decimals = format_minor(amount, 2).partition(".")
    digits = whole.lstrip("-")
    first = len(digits) % 3 or 3
    parts = [digits[:first], *(digits[at : at + 3] for at in range(first, len(digits), 3))]
    return ("-" if whole.startswith("-") else "") + ".".join(parts) + "," + decimals


def _file(rows: list[tuple[Direction, int, str, str]], opening: int) -> str:
    balance = opening
    lines = []
    for way, amount, reference, text in rows:
        balance += way.signed(amount)
        mark = "收" if way is Direction.CREDIT else "付"
        cells = (f"{DAY:%d.%m.%Y}", mark, _grouped(amount), _grouped(balance), reference, f'"{text}"')
        lines.append(";".join(cells))
    head = [
        "账号：;6222-01",
        "开始;20.11.2026",
        "结束;20.11.2026",
        f"期初余额;{_grouped(opening)}",
        "交易日;借贷;金额;余额;流水号;摘要",
    ]
    return "\n".join([*head, *lines, f"期末余额;{_grouped(balance)}", f"笔数;{len(rows)}"]) + "\n"


def _read(text: str, mapping: CsvMapping = MAPPING, encoding: str = "gb18030") -> Statement:
    [made] = read_statement(text.encode(encoding), "day.csv", ReadOptions().with_mappings([mapping]))
    return made


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(Direction), amounts, refs, texts), max_size=5),
    st.integers(-(10**12), 10**12),
)
def test_any_table_reads_back(rows: list[tuple[Direction, int, str, str]], opening: int) -> None:
    made = _read(_file(rows, opening))
    assert [
        (one.direction, one.amount, one.servicer_reference, one.remittance) for one in made.entries
    ] == rows
    assert (made.opening, made.opening_given, made.closing_given) == (opening, True, True)
    assert made.closing == opening + sum(way.signed(amount) for way, amount, _, _ in rows)
    assert (made.account, made.currency, made.from_date, made.to_date) == ("6222-01", CNY, DAY, DAY)


GOOD = _file([(Direction.CREDIT, 1_234_567, "R1", "存;入"), (Direction.DEBIT, 5, "R2", "提现")], 1_000)

BAD: dict[str, tuple[Callable[[str], str], str, str]] = {
    "no line end": (lambda s: s.rstrip("\n"), "ends in the middle of a line", "row"),
    "cut in a row": (lambda s: s[: s.index(";R2")] + "\n", "has 4 cells where the header has 6", "row"),
    "cut in a quote": (lambda s: s[: s.index("提现") + 1] + "\n", "middle of a quote", "row"),
    "a row lost": (
        lambda s: s[: s.index("20.11.2026;付")] + s[s.index("期末") :],
        "but the file has 1 lines",
        "笔数",
    ),
    "balance": (
        lambda s: s.replace("12.355,67", "12.355,68"),
        "but the balance before",
        "余额",
    ),
    "sums": (
        lambda s: s.replace("期末余额;12.355,62", "期末余额;12.355,63"),
        "sums do not add up",
        "statement",
    ),
    "opening": (lambda s: s.replace("期初余额;10,00", "期初余额;11,00"), "sums do not add up", "statement"),
    "mark": (lambda s: s.replace("付", "支"), "none of 收, 付", "借贷"),
    "groups": (lambda s: s.replace(";12.345,67", ";1.2345,67"), "not an amount", "金额"),
    "decimals": (lambda s: s.replace(";12.345,67", ";12.345,678"), "3 decimals", "金额"),
    "negative": (lambda s: s.replace(";12.345,67", ";-12.345,67"), "is negative", "金额"),
    "date": (lambda s: s.replace("20.11.2026;收", "31.11.2026;收"), "date of the form", "交易日"),
    "label twice": (lambda s: s + "笔数;2\n", "comes twice", "笔数"),
    "no account": (lambda s: s.replace("账号：;6222-01\n", ""), "is missing", "account"),
    "another header": (lambda s: s.replace("摘要", "说明"), "no header of a known mapping", "header"),
    "quote": (lambda s: s.replace('"提现"', '"提"现'), "is not CSV", "row"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_named(case: str) -> None:
    change, problem, field = BAD[case]
    changed = change(GOOD)
    assert changed != GOOD
    with pytest.raises(InputError, match=problem) as refused:
        _read(changed)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"day.csv:{refused.value.line}: ")


SIMPLE = CsvMapping(
    name="simple",
    columns={"booked": "d", "amount": "a"},
    constants={"account": "X", "currency": "EUR", "bank_transaction_code": "CARD"},
    date_format="%Y%m%d",
)


def test_signs() -> None:
    text = "d,a\n20261120,-5.00\n20261120,7.00\n"
    for sign, signed in ((Sign.AMOUNT, [-500, 700]), (Sign.REVERSED, [500, -700])):
        made = _read(text, replace(SIMPLE, sign=sign))
        assert [one.signed for one in made.entries] == signed
        assert (made.opening_given, made.closing_given, made.closing) == (False, False, sum(signed))
    for sign, signed in ((Sign.CREDIT, [500]), (Sign.DEBIT, [-500])):
        assert [
            one.signed for one in _read("d,a\n20261120,5\n", replace(SIMPLE, sign=sign)).entries
        ] == signed
    two = replace(SIMPLE, sign=Sign.COLUMNS, columns={"booked": "d", "credit": "in", "debit": "out"})
    made = _read("d,in,out\n20261120,5.00,\n20261120,,7.00\n20261120,0.00,-1.00\n", two)
    assert [one.signed for one in made.entries] == [500, -700, -100]
    with pytest.raises(InputError, match="no single direction"):
        _read("d,in,out\n20261120,5.00,1.00\n", two)


def test_dates_without_separators_need_all_their_digits() -> None:
    assert _read("d,a\n20261101,1\n", SIMPLE).from_date == date(2026, 11, 1)
    for text in ("2026111", "202611 1", "20261131", "2026-11-01"):
        with pytest.raises(InputError, match="is not a date of the form"):
            _read(f"d,a\n{text},1\n", SIMPLE)
    assert _read("d,a\n1/2/2026,1\n", replace(SIMPLE, date_format="%d/%m/%Y")).from_date == date(2026, 2, 1)


def test_newest_first_and_status_and_several_accounts() -> None:
    mapping = replace(
        SIMPLE,
        columns={"booked": "d", "amount": "a", "balance": "b", "status": "s", "account": "n"},
        statuses={"ok": "BOOK", "wait": "PDNG"},
        newest_first=True,
    )
    text = "n,d,a,b,s\nB,20261121,1,1,ok\nA,20261121,2,9,ok\nA,20261120,5,7,wait\nA,20261120,-3,7,ok\n"
    options = ReadOptions().with_mappings([mapping])
    made = read_statement(text.encode(), "x", options)
    assert [(one.account, one.opening, one.closing) for one in made] == [("A", 1_000, 900), ("B", 0, 100)]
    assert [one.status for one in made[0].entries][1] is EntryStatus.PENDING
    with pytest.raises(InputError, match="none of ok, wait"):
        read_statement(text.replace("wait", "?").encode(), "x", options)
    with pytest.raises(InputError, match="the balance before"):
        read_statement(text.replace("7,ok", "8,ok").encode(), "x", options)


def test_two_mappings_that_fit_are_a_fault() -> None:
    options = ReadOptions().with_mappings([SIMPLE, replace(SIMPLE, name="other")])
    with pytest.raises(InputError, match="fits several mappings"):
        read_statement(b"d,a\n20261120,1\n", "x", options)


def test_the_plain_table_needs_no_mapping() -> None:
    text = (
        "account,currency,booked,value_date,amount,balance,reference,end_to_end_id,text\n"
        'X,JPY,2026-11-20,2026-11-21,500,1500,R1,E1,"a, b"\n'
        "X,JPY,2026-11-20,,-200,1300,R2,,\n"
    )
    [made] = read_statement(text.encode(), "x")
    assert (made.opening, made.closing, made.kind) == (1_000, 1_300, StatementKind.STATEMENT)
    assert (made.entries[0].end_to_end_id, made.entries[0].value_date) == ("E1", date(2026, 11, 21))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("name = ", "nome = "), "is no part of a mapping"),
        (('name = "bank-x"', ""), "name=''.*is missing"),
        (('booked = "交易日"', 'booking = "交易日"'), "is none of account"),
        (('amount = "金额"', ""), "is missing"),
        (('currency = "CNY"', ""), "neither column nor label nor constant"),
        (('credit_words = ["收"]', ""), "needs credit_words"),
        (('delimiter = ";"', 'delimiter = ";;"'), "not one character"),
        (('group_mark = "."', 'group_mark = ","'), "other than the group mark"),
        (('"gb18030"', '"no-such"'), "is no encoding"),
        (('"gb18030"', '"base64"'), "no encoding of text"),
        (('sign = "mark"', 'sign = "guess"'), "guess"),
        (('delimiter = ";"', "delimiter = 1"), "value of another kind"),
        (("[columns]", "[columns"), "is not TOML"),
        (("[constants]", '[statuses]\nS = "X"\n[constants]'), "none of BOOK"),
    ],
)
def test_a_bad_mapping_is_named(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        mapping_of(TOML.replace(*change).encode(), "bank-x.toml")
