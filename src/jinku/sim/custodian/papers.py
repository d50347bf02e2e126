"""What the simulated bank writes: pain.002, camt.054 and camt.053, by its own hand.

The statement goes through the package's camt.053 writer; the others are written here, so that the readers meet other
hands than our own.
"""

from collections.abc import Sequence
from datetime import date

from jinku.base.clock import end_of_day, start_of_day, to_rfc3339
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.channel.custodian.table import Status
from jinku.custody.statements.formats.camt import write
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.sim.custodian.books import POOL, Asked, Books

_REASONS = {"refused": "AM04", "account_closed": "AC04"}
POOL_ACCOUNT, POOL_OWNER = "CUSTODY-1", "Platform client pool"
_PAIN = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
_CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"


def status_report(message: str, original: str, rows: Sequence[tuple[Asked, str]]) -> bytes:
    """A pain.002 about transactions and their status codes."""
    about = original or "VARIOUS"
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_PAIN}"><CstmrPmtStsRpt>',
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-01-01T00:00:00Z</CreDtTm></GrpHdr>",
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{about}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>",
        f"</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{about}</OrgnlPmtInfId>\n",
    ]
    for asked, status in rows:
        code = _REASONS.get(asked.reason, "NARR")
        reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if status == "RJCT" else ""
        amount = format_minor(asked.amount, currency(asked.currency).exponent)
        parts.append(
            f"<TxInfAndSts><OrgnlInstrId>{asked.number}</OrgnlInstrId><OrgnlEndToEndId>{asked.number}</OrgnlEndToEndId>"
            f"<TxSts>{status}</TxSts>{reason}<AcctSvcrRef>{asked.bank_no}</AcctSvcrRef><OrgnlTxRef><Amt>"
            f'<InstdAmt Ccy="{asked.currency}">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>\n'
        )
    parts.append("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n")
    return "".join(parts).encode()


def notification(message: str, day: date, booked: Sequence[Asked]) -> bytes:
    """A camt.054 of single bookings of the pool account."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{_CAMT}"><BkToCstmrDbtCdtNtfctn>',
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{to_rfc3339(start_of_day(day))}</CreDtTm></GrpHdr>",
        f"<Ntfctn><Id>{message}</Id><CreDtTm>{to_rfc3339(start_of_day(day))}</CreDtTm>",
        f"<Acct><Id><Othr><Id>{POOL_ACCOUNT}</Id></Othr></Id><Ccy>{booked[0].currency}</Ccy></Acct>\n",
    ]
    for one in booked:
        back = one.status == Status.RETURNED
        amount = format_minor(one.amount, currency(one.currency).exponent)
        reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if back else ""
        parts.append(
            f'<Ntry><Amt Ccy="{one.currency}">{amount}</Amt><CdtDbtInd>{"CRDT" if back else "DBIT"}</CdtDbtInd>'
            f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day.isoformat()}</Dt></BookgDt>"
            f"<AcctSvcrRef>{one.bank_no}{'R' if back else ''}</AcctSvcrRef><BkTxCd/>"
            f"<NtryDtls><TxDtls><Refs><EndToEndId>{one.number}</EndToEndId></Refs>{reason}</TxDtls></NtryDtls></Ntry>\n"
        )
    parts.append("</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n")
    return "".join(parts).encode()


def statement_file(books: Books, day: str, moved: Sequence[tuple[Asked, int]], mark: str) -> bytes:
    """The camt.053 of the pool account for `day`; `mark` tells a corrected one."""
    at, serial = date.fromisoformat(day), int(books.meta(f"statement/{day}") or 0)
    if not serial:
        serial = int(books.meta("statements") or 0) + 1
        books.set_meta("statements", str(serial))
        books.set_meta(f"statement/{day}", str(serial))
    code = moved[0][0].currency if moved else "CNY"
    # money held for files that came meanwhile is still in the account
    held = books.rows("SELECT coalesce(sum(balance), 0) FROM account WHERE name LIKE 'HELD:%'")[0][0]
    closing = books.balance(POOL) + int(held)
    entries = tuple(
        StatementEntry(
            reference=f"{day.replace('-', '')}-{number}",
            amount=abs(amount),
            direction=Direction.DEBIT if amount > 0 else Direction.CREDIT,
            booked=at,
            value_date=at,
            end_to_end_id=asked.number,
            servicer_reference=asked.bank_no,
            return_reason="AC04" if amount < 0 else "",
        )
        for number, (asked, amount) in enumerate(moved, 1)
    )
    statement = Statement(
        account=POOL_ACCOUNT,
        currency=currency(code),
        sequence=serial,
        message_id=f"ST{serial}{mark}",
        opening=closing + sum(amount for _, amount in moved),
        closing=closing,
        entries=entries,
        from_date=at,
        to_date=at,
        statement_id=f"ST{serial}{mark}",
        created=end_of_day(at),
        owner=POOL_OWNER,
    )
    return write([statement])
