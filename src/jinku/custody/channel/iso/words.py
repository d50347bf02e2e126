"""What ISO 20022 files say about requests, as answers.

Rules:

1. A status of pain.002 is news by the table `STATUSES`; any other code is no news. Statuses that only say that a
   payment is on its way are acknowledgements, only "settlement completed" is settled.
2. A booked debit with our end-to-end id is settled; a booked credit with it, marked as reversal or with a return
   reason, is returned. Pending and informational entries are no news. Only a number of ours in digits is one.
3. A debit that is marked as a reversal takes back a return that the bank booked by mistake: a person looks at it (the
   reconciliation shows it); it is no news here.

Example::

    answers_of_statement(statement, at, digest)  # [Answer(request_no=17, news=News.SETTLED, …)]
"""

from collections.abc import Mapping
from types import MappingProxyType

from jinku.custody.channel.iso.pain002 import StatusFile
from jinku.custody.channel.model import REQUEST_BITS, Answer, News, Source
from jinku.custody.statements.model import Direction, EntryStatus, Statement, StatementEntry

STATUSES: Mapping[str, News] = MappingProxyType(
    {
        "RCVD": News.ACKNOWLEDGED,
        "ACTC": News.ACKNOWLEDGED,
        "ACCP": News.ACKNOWLEDGED,
        "ACFC": News.ACKNOWLEDGED,
        "ACSP": News.ACKNOWLEDGED,
        "ACWC": News.ACKNOWLEDGED,
        "PDNG": News.ACKNOWLEDGED,
        "ACSC": News.SETTLED,
        "ACCC": News.SETTLED,
        "RJCT": News.FAILED,
        "CANC": News.FAILED,
    }
)
"""ExternalPaymentTransactionStatus1Code and what it is to us."""


def number_of(text: str) -> int | None:
    """A request number of ours in `text`, None where it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and str(int(text)) == text):
        return None
    return int(text) if 0 < int(text) < 1 << REQUEST_BITS else None


def answers_of_status(file: StatusFile, sent: list[int], at: int, digest: bytes) -> list[Answer]:
    """What a pain.002 says. `sent` are the numbers of the message that it is about, for a rejection as a whole."""
    found = []
    for one in file.reports:
        number, news = number_of(one.end_to_end_id), STATUSES.get(one.status or file.whole)
        if number is None or news is None:
            continue
        found.append(
            Answer(
                request_no=number,
                news=news,
                source=Source.FILE,
                at=at,
                amount=one.amount,
                currency=one.currency,
                bank_no=one.bank_no,
                reason=one.reason,
                digest=digest,
            )
        )
    if STATUSES.get(file.whole) is News.FAILED:
        named = {one.request_no for one in found}
        for number in sent:
            if number not in named:
                found.append(
                    Answer(
                        request_no=number,
                        news=News.FAILED,
                        source=Source.FILE,
                        at=at,
                        reason=file.reason,
                        digest=digest,
                    )
                )
    return found


def answers_of_statement(statement: Statement, at: int, digest: bytes) -> list[Answer]:
    """What the booked entries of a camt file say."""
    found = []
    for entry in statement.entries:
        number, news = number_of(entry.end_to_end_id), _news(entry)
        if number is None or news is None:
            continue
        found.append(
            Answer(
                request_no=number,
                news=news,
                source=Source.FILE,
                at=at,
                amount=entry.amount,
                currency=statement.currency.code,
                bank_no=entry.servicer_reference or entry.reference,
                reason=entry.return_reason,
                day=entry.booked,
                digest=digest,
            )
        )
    return found


def _news(entry: StatementEntry) -> News | None:
    if entry.status is not EntryStatus.BOOKED:
        return None
    if entry.direction is Direction.DEBIT:
        return None if entry.reversal else News.SETTLED
    return News.RETURNED if entry.reversal or entry.return_reason else None
