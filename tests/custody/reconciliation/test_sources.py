"""Records from the journal, from statements and from a platform's export; the table of rules; the files written."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from tests.custody.reconciliation.rows import DAY, compare, row
from tests.custody.statements import IN, OUT, entry, full_statement, statement

from jinku.base.calendar import CHINA
from jinku.base.errors import InputError
from jinku.custody.reconciliation.carried import Carried
from jinku.custody.reconciliation.errors import AmountTooLarge, BadRules, MissingDay
from jinku.custody.reconciliation.files import three_way_markdown, write_files
from jinku.custody.reconciliation.platform import PlatformMapping, platform_mapping, read_platform
from jinku.custody.reconciliation.records import Side
from jinku.custody.reconciliation.rules import load_rules
from jinku.custody.reconciliation.sources import Period, ledger_records, statement_balances, statement_records
from jinku.ledger import Account, AccountFilter, AccountFilterFlags, Transfer, TransferFlags, open_journal
from jinku.ledger.service import Ledger

MAPPING = PlatformMapping(account="A", currency="CNY")
HEADER = b"id,reference,amount,direction,date\n"


def test_the_journal_in_columns_is_what_the_account_says_record_by_record(tmp_path: Path) -> None:
    with open_journal(tmp_path / "ledger") as ledger:
        ledger.create_accounts([Account(id=n, ledger=156, code=1) for n in (1, 2, 3)])
        made = [
            Transfer(id=10 + n, debit_account_id=1 + n % 3, credit_account_id=1 + (n + 1) % 3, amount=n + 1,
                     ledger=156, code=20, user_data_64=n, user_data_32=20261120 - n % 2)
            for n in range(50)
        ]  # fmt: skip
        hold = Transfer(id=90, debit_account_id=1, credit_account_id=2, amount=5, ledger=156, code=20,
                        flags=TransferFlags.PENDING, user_data_32=20261120)  # fmt: skip
        ledger.create_transfers([*made, hold])
        flags = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
        rows = ledger.get_account_transfers(AccountFilter(1, 0, 0, 0, 0, 0, 0, 8_000, flags))
        wanted = {
            (str(one.id), one.amount, 1 if one.debit_account_id == 1 else -1) for one in rows if one.id != 90
        }
        ours = ledger_records(ledger, 1, "A", "CNY")
        assert set(zip(ours.id, ours.amount, ours.direction, strict=True)) == wanted
        friday = ledger_records(ledger, 1, "A", "CNY", Period(first_day=date(2026, 11, 20), last_day=DAY))
        assert 0 < len(friday) < len(ours)
        middle = rows[10].timestamp
        early = ledger_records(ledger, 1, "A", "CNY", Period(until=middle))
        late = ledger_records(ledger, 1, "A", "CNY", Period(since=middle + 1))
        assert (len(early), len(early) + len(late)) == (11, len(ours))
        _refused(ledger)


def _refused(ledger: Ledger) -> None:
    wide = Transfer(id=200, debit_account_id=1, credit_account_id=2, amount=1 << 63, ledger=156, code=20)
    ledger.create_transfers([replace(wide, user_data_32=20261120)])
    with pytest.raises(AmountTooLarge, match="transfer 200"):
        ledger_records(ledger, 1, "A", "CNY")
    ledger.create_transfers([replace(wide, id=201, debit_account_id=3, amount=1, user_data_32=20261131)])
    with pytest.raises(MissingDay, match="transfer 201 names no business day"):
        ledger_records(ledger, 3, "A", "CNY", Period(since=1))


def test_a_statement_keeps_what_it_says() -> None:
    records = statement_records([full_statement()])
    place = records.id.tolist().index("S1/1")
    assert (records.reference[place], records.signed[place], records.day(place)) == ("N1", -12_345, DAY)
    assert (records.end_to_end_id[place], records.return_reason[place]) == ("E2E-1", "AC04")
    assert bool(records.reversal[place])
    assert records.pending.sum() == 1
    several = [statement(entry("a", 5, IN)), statement(entry("b", 7, OUT), opening=1_005, sequence=2)]
    [balance] = statement_balances(several)
    assert (balance.opening, balance.closing) == (1_000, 998)
    with pytest.raises(InputError, match="stands twice"):
        statement_records([several[0], several[0]])


def test_a_platforms_export_is_read_by_its_mapping() -> None:
    data = "号,参考,元,收付,日\n1,R1,12.50,收,2026/11/20\n\n2,R2,3,付,2026/11/21\n".encode("gb18030")
    layout = platform_mapping(
        "date_format = '%Y/%m/%d'\nencoding = 'gb18030'\naccount = 'A'\ncurrency = 'CNY'\n"
        "[columns]\nid = '号'\nreference = '参考'\namount = '元'\ndirection = '收付'\ndate = '日'\n".encode(),
        "m.toml",
    )
    records = read_platform(data, "orders.csv", layout)
    assert records.side is Side.PLATFORM
    assert list(zip(records.id, records.signed, records.reference, records.line, strict=True)) == [
        ("1", 1_250, "R1", 2),
        ("2", -300, "R2", 4),
    ]
    signed = read_platform(b"id,amount,date\n1,-5.00,2026-11-20\n", "x.csv", MAPPING)
    assert signed.signed.tolist() == [-500]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (HEADER + b"1,R,1.234,in,2026-11-20\n", "o.csv:2: amount='1.234'"),
        (HEADER + b"1,R,1.00,up,2026-11-20\n", "o.csv:2: direction='up'"),
        (HEADER + b"1,R,-1.00,in,2026-11-20\n", "is negative, though a column gives the direction"),
        (HEADER + b"1,R,1.00,in,20.11.2026\n", "o.csv:2: date='20.11.2026'"),
        (HEADER + b"1,R,1.00,in\n", "has 4 cells where the header has 5"),
        (HEADER + b'1,"R,1.00,in,2026-11-20\n', "is no CSV"),
        (HEADER + b"1,R,1,in,2026-11-20\n1,R,1,in,2026-11-20\n", "stands twice on its side"),
        (b"\xff\xfe", "is not utf-8"),
        (b"id,amount\n1,1\n", "must be mapped to a column"),
        (b"id,id,amount,date\n", "stands twice"),
    ],
)
def test_a_bad_export_is_refused_by_line_and_field(data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read_platform(data, "o.csv", MAPPING)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has no rules"),
        ("=", "is not TOML"),
        ("speed = 1\n[[rules]]\nname='a'\nkind='pair'\nkeys=['currency','reference']", "is unknown"),
        ("[[rules]]\nname='a'\nkind='pair'\nkeys=['reference']", "no rule matches across currencies"),
        ("[[rules]]\nname='a'\nkind='pair'\nkeys=['currency','amount']", "need must be distinct"),
        ("[[rules]]\nname='a'\nkind='magic'\nkeys=['currency']", "magic"),
        ("[[rules]]\nkind='pair'\nkeys=['currency']", "is missing"),
        ("[[rules]]\nname='a'\nkind='pair'\nkeys=['currency','mood']", "unknown key"),
    ],
)
def test_a_table_that_could_guess_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadRules) as refused:
        load_rules(file)
    assert problem in str(refused.value)


def test_a_table_is_data_with_a_digest(tmp_path: Path) -> None:
    own = load_rules()
    assert own.digest == load_rules().digest != load_rules(calendar=CHINA).digest
    assert all(rule.english and rule.chinese for rule in own.rows)
    file = tmp_path / "own.toml"
    file.write_text(
        "calendar = 'CN'\ntolerance_bps = 10\nfees = [{fixed = 100, bps = 5}]\n"
        "[[rules]]\nname = 'only'\nkind = 'pair'\nkeys = ['account', 'currency', 'reference', 'direction']\n"
        "window = [0, 1]\nverdict = 'amount_differs'\n",
        encoding="utf-8",
    )
    rules = load_rules(file)
    assert (rules.calendar.name, rules.fees[0].of(10_000)) == ("CN", 105)
    [one] = compare(None, [row("R1", 10_000)], [row("R1", 10_009)], rules).breaks
    assert one.kind.value == "amount_tolerated"
    late = row("R1", 10_000, booked=DAY - timedelta(days=10))
    assert compare(None, [late], [row("R1", 10_000)], rules).match_count == 0


def test_files_for_people_and_programs(tmp_path: Path) -> None:
    ours = [row("R1", 500), row("=cmd|x", 7), row("JK|`1`", 9)]
    result = compare(ours, ours, [row("R1", 500), row("JK|`1`", 8)])
    write_files(tmp_path, result)
    assert (tmp_path / "evidence.jsonl").read_bytes() == result.to_bytes()
    assert (
        Carried.from_bytes((tmp_path / "carried.json").read_bytes()).to_bytes() == result.carried.to_bytes()
    )
    rows = list(csv.DictReader((tmp_path / "breaks.csv").read_text(encoding="utf-8").splitlines()))
    assert [(one["class"], one["reference"], one["effect"]) for one in rows] == [
        ("missing_at_bank", "'=cmd|x", "-7"),
        ("amount_differs", "JK|`1`", "-1"),
    ]
    with duckdb.connect() as connection:
        typed = connection.execute(
            f"SELECT sum(effect), count(*) FROM '{tmp_path}/breaks.parquet'"
        ).fetchall()
        pairs = connection.execute(f"SELECT rule, amount FROM '{tmp_path}/matches.parquet'").fetchall()
    assert typed == [(-8, 2)]
    assert pairs == [("reference-day", 500)]
    text = three_way_markdown(result)
    assert "| amount differs | bank | JK\\|\\`1\\` | 0.01 CNY | 0 |" in text
    assert "ledger 5.16 CNY + breaks at the bank -0.08 CNY = bank 5.08 CNY" in text
    assert "No breaks" in three_way_markdown(compare(None, [], []))
