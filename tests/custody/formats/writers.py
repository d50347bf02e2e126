"""Writers of each format for tests: a statement as a bank would send it, and statements that a format can carry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from jinku.base.currency import TABLE, Currency, currency
from jinku.base.decimals import format_minor
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import (
    Direction,
    EntryStatus,
    Statement,
    StatementEntry,
    StatementKind,
)

DAY = date(2026, 11, 20)
EUR, USD = currency("EUR"), currency("USD")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

NO_REFERENCE = ("NONREF", "NOTPROVIDED")
"""What banks write for nothing."""
refs = st.text(_LETTERS, min_size=1, max_size=16).filter(lambda one: one not in NO_REFERENCE)
texts = st.text(f"{_LETTERS}abc äß还,.()", max_size=50).map(
    lambda one: "" if one in NO_REFERENCE else " ".join(one.split())
)
amounts = st.integers(0, 10**12)
days = st.dates(date(1980, 6, 1), date(2079, 6, 1))


@st.composite
def entries(draw: st.DrawFn, codes: Sequence[str], shift: int = 100) -> StatementEntry:
    """A booked entry with ids, on a day at most `shift` days from its value date."""
    day = draw(days)
    return StatementEntry(
        reference="",
        amount=draw(amounts),
        direction=draw(st.sampled_from(Direction)),
        booked=day + timedelta(days=draw(st.integers(-shift, shift))),
        value_date=day,
        bank_transaction_code=draw(st.sampled_from(codes)),
        end_to_end_id=draw(st.just("") | refs),
        instruction_id=draw(st.just("") | refs),
        servicer_reference=draw(st.just("") | refs),
        reversal=draw(st.booleans()),
        remittance=draw(texts),
    )


def statement(rows: Sequence[StatementEntry], opening: int, unit: Currency) -> Statement:
    """A statement over `rows` whose sums are right, with what no format leaves out."""
    moved = sum(row.signed for row in rows if row.status is EntryStatus.BOOKED)
    return Statement("10020030/1234567", unit, 7, "M", opening, opening + moved, tuple(rows), DAY, DAY)


units = st.sampled_from(TABLE)


def mt_amount(amount: int, unit: Currency) -> str:
    """As SWIFT writes it: a comma always."""
    text = format_minor(amount, unit.exponent)
    return text.replace(".", ",") if "." in text else f"{text},"


def mt_balance(tag: str, amount: int, unit: Currency, day: date = DAY) -> str:
    """A balance field."""
    return f":{tag}:{'D' if amount < 0 else 'C'}{day:%y%m%d}{unit.code}{mt_amount(abs(amount), unit)}"


def mt_line(entry: StatementEntry, unit: Currency) -> list[str]:
    """Fields 61 and 86 of an entry."""
    way = entry.direction.opposite() if entry.reversal else entry.direction
    mark = ("R" if entry.reversal else "") + way.value[0]
    mark = f"E{mark}" if entry.status is EntryStatus.PENDING else mark
    value = entry.value_date or entry.booked
    kind, _, numbered = entry.bank_transaction_code.partition("+")
    bank = f"//{entry.servicer_reference}" if entry.servicer_reference else ""
    owner = entry.instruction_id or "NONREF"
    amount = mt_amount(entry.amount, unit)
    head = f":61:{value:%y%m%d}{entry.booked:%m%d}{mark}{unit.code[2]}{amount}{kind}{owner}{bank}"
    if numbered:
        parts = (
            f"EREF+{entry.end_to_end_id}SVWZ+{entry.remittance}" if entry.end_to_end_id else entry.remittance
        )
        pieces = [parts[at : at + 27] for at in range(0, len(parts), 27)]
        text = f"{numbered}?00BOOKING" + "".join(f"?{20 + n}{piece}" for n, piece in enumerate(pieces))
    elif entry.end_to_end_id:
        text = f"/EREF/{entry.end_to_end_id}/REMI/{entry.remittance}"
    else:
        text = entry.remittance
    lines = [text[at : at + 65] for at in range(0, len(text), 65)] or [""]
    return [head, f":86:{lines[0]}", *lines[1:]] if text else [head]


def mt940(made: Statement, pages: int = 1, reference: str = "REF") -> str:
    """Bare MT940 messages, the entries spread over `pages`."""
    unit, balance, out = made.currency, made.opening, []
    size = -(-len(made.entries) // pages) or 1
    for page in range(pages):
        rows = made.entries[page * size : (page + 1) * size]
        out += [f":20:{reference}", f":25:{made.account}", f":28C:{made.sequence:05d}/{page + 1:03d}"]
        out.append(mt_balance("60M" if page else "60F", balance, unit, made.from_date))
        for row in rows:
            out += mt_line(row, unit)
        balance += sum(row.signed for row in rows)
        last = page == pages - 1
        out.append(mt_balance("62F" if last else "62M", balance, unit, made.to_date))
        if last and made.closing_available is not None:
            out.append(mt_balance("64", made.closing_available, unit, made.to_date))
        if last and made.information:
            out.append(f":86:{made.information}")
        out.append("-")
    return "\r\n".join(out) + "\r\n"


def swift(bare: str, kind: str = "940") -> str:
    """Bare messages in SWIFT blocks."""
    head = f"{{1:F01BANKDEFFAXXX0000000000}}{{2:O{kind}1200261120BANKDEFFAXXX00000000002611201200N}}{{4:\r\n"
    messages = [one for one in bare.split("\r\n-\r\n") if one]
    return "".join(f"{head}{one}\r\n-}}{{5:{{CHK:123456789ABC}}}}\r\n" for one in messages)


def mt942(made: Statement) -> str:
    """A bare MT942 with the totals of its lines."""
    unit = made.currency
    out = [":20:REF", f":25:{made.account}", f":28C:{made.sequence:05d}/001", f":34F:{unit.code}0,"]
    out.append(f":13D:{made.to_date:%y%m%d}1130+0100")
    for row in made.entries:
        out += mt_line(row, unit)
    for way in (Direction.DEBIT, Direction.CREDIT):
        rows = [row.amount for row in made.entries if row.direction is way]
        out.append(f":90{way.value[0]}:{len(rows)}{unit.code}{mt_amount(sum(rows), unit)}")
    return "\r\n".join([*out, "-"]) + "\r\n"


def bai2_account(made: Statement, wrap: bool = False) -> tuple[list[str], int]:
    """The records of an account with its trailer, and its control total. `wrap` cuts records with 88."""
    balances = [f"010,{made.opening},,", f"015,{made.closing},,"]
    total = made.opening + made.closing
    for code, amount in (("040", made.opening_available), ("045", made.closing_available)):
        if amount is not None:
            balances.append(f"{code},{amount},,")
            total += amount
    head = f"03,{made.account},{made.currency.code}"
    out = [f"{head},{balances[0]}/", *(f"88,{one}/" for one in balances[1:])]
    if not wrap:
        out = [f"{head},{','.join(balances)}/"]
    for row in made.entries:
        total += row.amount
        value = f"V,{row.value_date:%y%m%d}," if row.value_date else "Z"
        ids = f"{row.servicer_reference},{row.instruction_id}"
        start = f"16,{row.bank_transaction_code},{row.amount},{value}"
        if wrap:
            first, _, rest = row.remittance.partition(" ")
            out += [f"{start}/", f"88,{ids},{first}", *([f"88,{rest}"] if rest else [])]
        else:
            out.append(f"{start},{ids},{row.remittance}" + ("" if row.remittance else "/"))
    return [*out, f"49,{total},{len(out) + 1}/"], total


def bai2_file(
    accounts: Sequence[Statement], day: date = DAY, *, modifier: str = "2", wrap: bool = False
) -> str:
    """One group with `accounts`."""
    records, total = [], 0
    for one in accounts:
        rows, amount = bai2_account(one, wrap)
        records += rows
        total += amount
    group = [f"02,US,BANK,1,{day:%y%m%d},0600,USD,{modifier}/", *records]
    group.append(f"98,{total},{len(accounts)},{len(group) + 1}/")
    return "\n".join(["01,BANK,US,261121,0600,1,80,1,2/", *group, f"99,{total},1,{len(group) + 2}/"]) + "\n"


def camt_of(made: Statement, name: str) -> bytes:
    """`made` as the message `name`: the statement's document with the other's element names; balances only where
    they are given."""
    full = replace(made, kind=StatementKind.STATEMENT, opening_given=True, closing_given=True)
    text = camt.write([full]).decode().replace("camt.053", name)
    root, body = {
        "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
        "camt.053": ("BkToCstmrStmt", "Stmt"),
        "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }[name]
    text = text.replace("BkToCstmrStmt", root).replace("<Stmt>", f"<{body}>").replace("</Stmt>", f"</{body}>")
    lines = text.split("\n")
    for given, kind in ((made.opening_given, "OPBD"), (made.closing_given, "CLBD")):
        lines = [line for line in lines if given or f"<Cd>{kind}</Cd>" not in line]
    return "\n".join(lines).encode()
