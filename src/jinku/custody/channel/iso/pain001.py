"""Write customer credit transfers as pain.001.001.09 (ISO 20022 CustomerCreditTransferInitiation, version 9).

Rules:

1. One message is one batch: its id is the batch's. One payment block with one debtor account; one transaction an
   instruction, whose ``InstrId`` and ``EndToEndId`` are the request number. Number and sum of transactions stand in the
   header and in the block.
2. The same instructions make the same bytes, whenever they are written: the time of making is that of the batch.
3. A text that the schema has no room for, or that XML cannot carry, is refused and never cut.

Example::

    write(Batch("iso-18c…", made_at, day), debtor, [(instruction, payee)])
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jinku.base.clock import to_rfc3339
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.base.errors import InputError
from jinku.custody.channel.model import Instruction
from jinku.custody.channel.port import Payee

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
ID_CHARS_MAX = 35
NAME_CHARS_MAX = 140
ACCOUNT_CHARS_MAX = 34
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_ILLEGAL = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Batch:
    """Which message: its id, when it was made (UTC ns), and the day to execute it."""

    id: str
    made_at: int
    day: date


def write(batch: Batch, debtor: Payee, payments: Sequence[tuple[Instruction, Payee]]) -> bytes:
    """The message. All payments are in one currency. Raises InputError."""
    if not payments:
        raise InputError("a message needs at least one payment", field="CdtTrfTxInf")
    codes = {one.currency for one, _ in payments}
    if len(codes) > 1:
        raise InputError(
            "payments of one message are in one currency", field="Ccy", value=" ".join(sorted(codes))
        )
    exponent = currency(payments[0][0].currency).exponent
    total = format_minor(sum(one.amount for one, _ in payments), exponent)
    sums = f"<NbOfTxs>{len(payments)}</NbOfTxs><CtrlSum>{total}</CtrlSum>"
    party = f"<Nm>{_text('Nm', debtor.name, NAME_CHARS_MAX)}</Nm>"
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<Document xmlns="{NAMESPACE}">\n<CstmrCdtTrfInitn>\n',
        f"<GrpHdr><MsgId>{_text('MsgId', batch.id)}</MsgId><CreDtTm>{to_rfc3339(batch.made_at)}</CreDtTm>",
        f"{sums}<InitgPty>{party}</InitgPty></GrpHdr>\n",
        f"<PmtInf><PmtInfId>{_text('PmtInfId', batch.id)}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>",
        f"{sums}<ReqdExctnDt><Dt>{batch.day.isoformat()}</Dt></ReqdExctnDt><Dbtr>{party}</Dbtr>",
        f"<DbtrAcct>{_account(debtor)}</DbtrAcct><DbtrAgt>{_agent(debtor)}</DbtrAgt>\n",
    ]
    parts += [_payment(one, payee, exponent) for one, payee in payments]
    parts.append("</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n")
    return "".join(parts).encode()


def _payment(one: Instruction, payee: Payee, exponent: int) -> str:
    number = str(one.request_no)
    agent = f"<CdtrAgt>{_agent(payee)}</CdtrAgt>" if payee.bank else ""
    return (
        f"<CdtTrfTxInf><PmtId><InstrId>{number}</InstrId><EndToEndId>{number}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="{one.currency}">{format_minor(one.amount, exponent)}</InstdAmt></Amt>{agent}'
        f"<Cdtr><Nm>{_text('Nm', payee.name, NAME_CHARS_MAX)}</Nm></Cdtr>"
        f"<CdtrAcct>{_account(payee)}</CdtrAcct></CdtTrfTxInf>\n"
    )


def _account(payee: Payee) -> str:
    if _IBAN.fullmatch(payee.account):
        return f"<Id><IBAN>{payee.account}</IBAN></Id>"
    return f"<Id><Othr><Id>{_text('Id', payee.account, ACCOUNT_CHARS_MAX)}</Id></Othr></Id>"


def _agent(payee: Payee) -> str:
    if not BIC.fullmatch(payee.bank):
        raise InputError("is no BIC", field="BICFI", remedy="write 8 or 11 characters")
    return f"<FinInstnId><BICFI>{payee.bank}</BICFI></FinInstnId>"


def _text(element: str, text: str, chars_max: int = ID_CHARS_MAX) -> str:
    if not 0 < len(text) <= chars_max:
        raise InputError(
            f"has {len(text)} characters, not 1 to {chars_max}", field=element, remedy="correct it"
        )
    if _ILLEGAL.search(text):
        raise InputError("has a character that XML cannot carry", field=element, remedy="remove it")
    return text.translate(_ESCAPES)
