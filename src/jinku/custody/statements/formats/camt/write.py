"""Write statements as camt.053.001.08; see `jinku.custody.statements.formats.camt` for the rules.

A text that the schema has no room for (too long, or with a character that XML cannot carry) is refused, not
cut: a cut reference would match nothing.
"""

import re
from collections.abc import Sequence
from datetime import date

from jinku.base.clock import to_rfc3339
from jinku.base.decimals import AMOUNT_DIGITS_MAX, format_minor
from jinku.base.errors import InputError
from jinku.custody.statements.model import Direction, Statement, StatementEntry, StatementKind

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
TEXT_CHARS_MAX = 35
ACCOUNT_CHARS_MAX = 34
REMITTANCE_CHARS_MAX = 140
NAME_CHARS_MAX = 140
INFORMATION_CHARS_MAX = 500

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)


def write(statements: Sequence[Statement]) -> bytes:
    """One camt.053 message with `statements`; message id and time of making are those of the first.

    Raises InputError: no statement, statements of different messages, or a text or amount that does not fit.
    """
    if not statements:
        raise InputError("a message needs at least one statement", field="Stmt", remedy="pass a statement")
    head = statements[0]
    for one in statements:
        if one.message_id != head.message_id:
            raise InputError(
                "is of another message", field="MsgId", value=one.message_id, remedy="write it apart"
            )
        if one.kind is not StatementKind.STATEMENT or not (one.opening_given and one.closing_given):
            raise InputError(
                "has no balances that the bank gave",
                field="kind",
                value=one.kind.value,
                remedy="write statements of closed days only",
            )
    made = to_rfc3339(head.created)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<Document xmlns="{NAMESPACE}">\n<BkToCstmrStmt>\n',
        f"<GrpHdr>{_text('MsgId', head.message_id)}<CreDtTm>{made}</CreDtTm></GrpHdr>\n",
    ]
    for statement in statements:
        _write_statement(parts, statement)
    parts.append("</BkToCstmrStmt>\n</Document>\n")
    document = "".join(parts)
    illegal = _ILLEGAL.search(document)
    if illegal is not None:
        raise InputError(
            "cannot be written in XML",
            field="text",
            value=illegal.group(),
            remedy="remove the control character",
        )
    return document.encode()


def _write_statement(parts: list[str], statement: Statement) -> None:
    entries = statement.entries
    parts.append(f"<Stmt>\n{_text('Id', statement.statement_id or str(statement.sequence))}")
    if statement.sequence:
        parts.append(f"<ElctrncSeqNb>{statement.sequence}</ElctrncSeqNb>")
    parts.append(f"<CreDtTm>{to_rfc3339(statement.created)}</CreDtTm>")
    first, last = statement.from_date.isoformat(), statement.to_date.isoformat()
    parts.append(f"<FrToDt><FrDtTm>{first}T00:00:00Z</FrDtTm><ToDtTm>{last}T23:59:59Z</ToDtTm></FrToDt>\n")
    parts.append(_account(statement))
    balances = (
        ("OPBD", statement.opening, statement.from_date),
        ("CLBD", statement.closing, statement.to_date),
        ("OPAV", statement.opening_available, statement.from_date),
        ("CLAV", statement.closing_available, statement.to_date),
    )
    parts += [_balance(statement, kind, amount, day) for kind, amount, day in balances if amount is not None]
    parts.append(f"<TxsSummry><TtlNtries><NbOfNtries>{len(entries)}</NbOfNtries></TtlNtries>")
    for element, direction in (("TtlCdtNtries", Direction.CREDIT), ("TtlDbtNtries", Direction.DEBIT)):
        amounts = [entry.amount for entry in entries if entry.direction is direction]
        total = _decimal(sum(amounts), statement.currency.exponent)
        parts.append(f"<{element}><NbOfNtries>{len(amounts)}</NbOfNtries><Sum>{total}</Sum></{element}>")
    parts.append("</TxsSummry>\n")
    code, exponent = statement.currency.code, statement.currency.exponent
    parts += [_entry(entry, code, exponent) for entry in entries]
    parts.append(_text("AddtlStmtInf", statement.information, INFORMATION_CHARS_MAX))
    parts.append("</Stmt>\n")


def _account(statement: Statement) -> str:
    number = statement.account
    if _IBAN.fullmatch(number):
        identity = f"<IBAN>{number}</IBAN>"
    else:
        identity = f"<Othr>{_text('Id', number, ACCOUNT_CHARS_MAX)}</Othr>"
    owner = f"<Ownr>{_text('Nm', statement.owner, NAME_CHARS_MAX)}</Ownr>" if statement.owner else ""
    return f"<Acct><Id>{identity}</Id><Ccy>{statement.currency.code}</Ccy>{owner}</Acct>\n"


def _balance(statement: Statement, kind: str, amount: int, day: date) -> str:
    direction = Direction.DEBIT if amount < 0 else Direction.CREDIT
    text = _decimal(abs(amount), statement.currency.exponent)
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{statement.currency.code}">{text}</Amt><CdtDbtInd>{direction.value}</CdtDbtInd>'
        f"<Dt><Dt>{day.isoformat()}</Dt></Dt></Bal>\n"
    )


def _entry(entry: StatementEntry, code: str, exponent: int) -> str:
    amount = f'<Amt Ccy="{code}">{_decimal(entry.amount, exponent)}</Amt>'
    amount += f"<CdtDbtInd>{entry.direction.value}</CdtDbtInd>"
    value = f"<ValDt><Dt>{entry.value_date.isoformat()}</Dt></ValDt>" if entry.value_date else ""
    return "".join(
        (
            "<Ntry>",
            _text("NtryRef", entry.reference),
            amount,
            "<RvslInd>true</RvslInd>" if entry.reversal else "",
            f"<Sts><Cd>{entry.status.value}</Cd></Sts><BookgDt><Dt>{entry.booked.isoformat()}</Dt></BookgDt>",
            value,
            _text("AcctSvcrRef", entry.servicer_reference),
            _bank_transaction_code(entry.bank_transaction_code),
            _details(entry),
            "</Ntry>\n",
        )
    )


def _bank_transaction_code(code: str) -> str:
    levels = code.split("/")
    if len(levels) == 3 and all(0 < len(level) <= 4 for level in levels):
        domain, family, sub = (level.translate(_ESCAPES) for level in levels)
        inner = f"<Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly>"
        return f"<BkTxCd><Domn>{inner}</Domn></BkTxCd>"
    return f"<BkTxCd><Prtry>{_text('Cd', code)}</Prtry></BkTxCd>" if code else "<BkTxCd/>"


def _details(entry: StatementEntry) -> str:
    batch = f"<Btch><NbOfTxs>{entry.batch_count}</NbOfTxs></Btch>" if entry.batch_count else ""
    references = (
        _text("InstrId", entry.instruction_id)
        + _text("EndToEndId", entry.end_to_end_id)
        + _text("TxId", entry.transaction_id)
    )
    note = _text("Ustrd", entry.remittance, REMITTANCE_CHARS_MAX)
    reason = _text("Cd", entry.return_reason, 4)
    if not (references or note or reason):
        return f"<NtryDtls>{batch}</NtryDtls>" if batch else ""
    return "".join(
        (
            f"<NtryDtls>{batch}<TxDtls>",
            f"<Refs>{references}</Refs>" if references else "",
            f"<RmtInf>{note}</RmtInf>" if note else "",
            f"<RtrInf><Rsn>{reason}</Rsn></RtrInf>" if reason else "",
            "</TxDtls></NtryDtls>",
        )
    )


def _text(element: str, text: str, chars_max: int = TEXT_CHARS_MAX) -> str:
    """`text` in `element`, or nothing where it is empty. Raises InputError where it is too long."""
    if not text:
        return ""
    if len(text) > chars_max:
        raise InputError(
            f"has {len(text)} characters; the schema has room for {chars_max}",
            field=element,
            value=text[:40],
            remedy="use a shorter text",
        )
    return f"<{element}>{text.translate(_ESCAPES)}</{element}>"


def _decimal(amount: int, exponent: int) -> str:
    if not 0 <= amount < 10**AMOUNT_DIGITS_MAX:
        raise InputError(
            f"is not between 0 and {AMOUNT_DIGITS_MAX} digits of minor units",
            field="Amt",
            value=str(amount),
            remedy="an entry is never negative; its direction says which way",
        )
    return format_minor(amount, exponent)
