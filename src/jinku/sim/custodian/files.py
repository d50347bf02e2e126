"""The simulated bank's file interface: payment files in, status reports, notifications and statements out.

Rules:

1. A payment file is read when a known platform signed it. A message id counts once, and so does each transaction's
   number, whatever file it comes in.
2. What a transaction becomes is told by a status report, a booking by a notification, a day by a statement of the pool
   account. By plan, transactions are overlooked, reports and notifications are lost or come twice, a statement is wrong
   and a right one follows. At the end of each day a status report says again what ended that day.
3. A payment file is put aside only when all of it is in the books and its report is written; after a crash it is
   read again.

Example::

    desk.beat()  # reads in/*.xml, writes out/*.xml
"""

import xml.etree.ElementTree as ElementTree  # only for its types; reading goes through defusedxml
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from defusedxml.ElementTree import fromstring

from jinku.base.currency import currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import InputError
from jinku.custody.channel.custodian.table import Status
from jinku.custody.channel.errors import MessageRefused
from jinku.custody.channel.iso.folder import Folder
from jinku.sim.custodian.bank import FILE_SERVICE, Bank
from jinku.sim.custodian.books import Asked
from jinku.sim.custodian.errors import BankSays
from jinku.sim.custodian.faults import Mishap, Noise
from jinku.sim.custodian.keys import PLATFORMS, BankKeys
from jinku.sim.custodian.papers import notification, statement_file, status_report
from jinku.sim.custodian.web import Crash

_PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
_ENDED = (Status.SETTLED, Status.FAILED, Status.RETURNED)
TOLD_PER_BEAT = 2_000
_ISO_STATUS = {
    Status.ACCEPTED: "ACTC",
    Status.SETTLED: "ACSC",
    Status.FAILED: "RJCT",
    Status.RETURNED: "ACSC",
}


class FileDesk:
    """See the module's rules."""

    def __init__(self, directory: Path, bank: Bank, keys: BankKeys, crash: Crash) -> None:
        self._bank, self._keys, self._crash = bank, keys, crash
        self._inbox, self._outbox = Folder(directory / "in"), Folder(directory / "out")
        self._done = directory / "done"
        self._right: list[tuple[str, bytes]] = []

    def beat(self) -> None:
        """Read what came, tell what happened, put right what was wrong."""
        for name in self._inbox:
            self._read(name)
        self._tell()
        while self._right:
            name, data = self._right.pop()
            self._outbox.deliver(name, data, self._keys.signer)

    # --- in ------------------------------------------------------------------------------------------------------

    def _read(self, name: str) -> None:
        data = self._inbox.read(name)
        mishap = self._bank.plan.mishap(f"file/{name}", self._bank.books.hear(f"file/{name}"))
        if mishap is Mishap.CRASH_BEFORE:
            self._crash()
        try:
            self._believe(name, data)
            message, rows = self._pay(data)
        except (MessageRefused, ElementTree.ParseError, InputError):
            self._inbox.archive(name, b"refused", self._done)
            return
        if mishap is Mishap.CRASH_AFTER:
            self._crash()
        plan = self._bank.plan
        if rows and not plan.noise(Noise.LOST, f"report/{message}"):
            report = status_report(f"S-{message}", message, rows)
            self._put(f"status-{message}.xml", report)
            if plan.noise(Noise.DUPLICATE, f"report/{message}"):
                self._put(f"status-{message}-again.xml", status_report(f"S-{message}-2", message, rows))
        self._inbox.archive(name, b"", self._done)

    def _believe(self, name: str, data: bytes) -> None:
        for path in sorted((self._keys.directory / PLATFORMS).glob("*.vkey")):
            verifier = self._keys.platform(path.stem)
            if verifier is not None:
                try:
                    self._inbox.believe(name, data, verifier)
                except MessageRefused:
                    continue
                return
        raise MessageRefused("a payment file is not signed by a platform")

    def _pay(self, data: bytes) -> tuple[str, list[tuple[Asked, str]]]:
        """Message id, and each transaction with its status."""
        root = fromstring(data, forbid_dtd=True)
        message = root.findtext(f"{_PAIN}CstmrCdtTrfInitn/{_PAIN}GrpHdr/{_PAIN}MsgId") or ""
        rows = []
        with self._bank.books.writing():
            for one in root.iter(f"{_PAIN}CdtTrfTxInf"):
                number = one.findtext(f"{_PAIN}PmtId/{_PAIN}EndToEndId") or ""
                seen = self._bank.books.hear(f"tx/{number}")
                if self._bank.plan.noise(Noise.LOST, f"tx/{number}/{seen}"):
                    continue  # overlooked: the bank will not know this request
                rows.append(self._transaction(one, number))
        return message, rows

    def _transaction(self, one: ElementTree.Element, number: str) -> tuple[Asked, str]:
        amount = one.find(f"{_PAIN}Amt/{_PAIN}InstdAmt")
        account = one.find(f"{_PAIN}CdtrAcct/{_PAIN}Id")
        if amount is None or account is None:
            raise InputError("is missing", field="Amt", value=number)
        code = amount.get("Ccy", "")
        minor = parse_minor(amount.text or "", currency(code).exponent)
        with suppress(BankSays):  # the number stands for another content: the report says what it stands for
            self._bank.pay_from_pool(number, "".join(account.itertext()).strip(), minor, code)
        asked = self._bank.books.request(number)
        if asked is None:
            raise InputError("was not kept", field="EndToEndId", value=number)
        return asked, _ISO_STATUS[Status(asked.status)]

    # --- out -----------------------------------------------------------------------------------------------------

    def _put(self, name: str, data: bytes) -> None:
        self._outbox.deliver(name, data, self._keys.signer)

    def _tell(self) -> None:
        """One notification and one status report of what ended since the last."""
        marks = ", ".join("?" * len(_ENDED))
        ended = self._bank.books.requests(
            f"told <> status AND status IN ({marks}) AND service = ? LIMIT ?",
            *_ENDED,
            FILE_SERVICE,
            TOLD_PER_BEAT,
        )
        if not ended:
            return
        books, plan = self._bank.books, self._bank.plan
        serial = int(books.meta("papers") or 0) + 1
        heard = [one for one in ended if not plan.noise(Noise.LOST, f"{one.number}/{one.status}")]
        failed = [one for one in heard if one.status == Status.FAILED]
        if failed:
            rows = [(one, "RJCT") for one in failed]
            self._put(f"failed-{serial:06d}.xml", status_report(f"F-{serial}", "", rows))
        booked = [one for one in heard if one.status != Status.FAILED]
        if booked:
            paper = notification(f"N-{serial}", date.fromisoformat(books.day), booked)
            self._put(f"booked-{serial:06d}.xml", paper)
            if plan.noise(Noise.DUPLICATE, f"booked/{serial}"):
                self._put(f"booked-{serial:06d}-again.xml", paper + b"\n")
            if plan.noise(Noise.OUT_OF_ORDER, f"booked/{serial}"):
                older = status_report(f"O-{serial}", "", [(one, "ACTC") for one in booked])
                self._put(f"older-{serial:06d}.xml", older)
        with books.writing():
            books.set_meta("papers", str(serial))
            for one in ended:
                books.change(one.number, told=one.status)

    def end_of_day(self) -> None:
        """The day's statement and last status report."""
        self._bank.beat()
        self._tell()
        books, plan = self._bank.books, self._bank.plan
        day = books.day
        marks = ", ".join("?" * len(_ENDED))
        ended = books.requests(f"day = ? AND status IN ({marks}) AND service = ?", day, *_ENDED, FILE_SERVICE)
        rows = [(one, _ISO_STATUS[Status(one.status)]) for one in ended]
        if rows:
            self._put(f"ended-{day}.xml", status_report(f"E-{day}", "", rows))
        moved = self._moved(day)
        right = statement_file(books, day, moved, "")
        if moved and plan.noise(Noise.WRONG_FILE, f"statement/{day}"):
            self._put(f"statement-{day}.xml", statement_file(books, day, self._spoilt(day, moved), ""))
            self._right.append((f"statement-{day}-corrected.xml", statement_file(books, day, moved, "C")))
        else:
            self._put(f"statement-{day}.xml", right)

    def _moved(self, day: str) -> list[tuple[Asked, int]]:
        """What left (> 0) and came back (< 0) on a day."""
        rows = self._bank.books.rows(
            "SELECT o.number, o.amount FROM outside o JOIN request r ON r.number = o.number "
            "WHERE o.day = ? AND r.service = ? ORDER BY o.rowid",
            day,
            FILE_SERVICE,
        )
        found = [(self._bank.books.request(number), int(amount)) for number, amount in rows]
        return [(asked, amount) for asked, amount in found if asked is not None]

    def _spoilt(self, day: str, moved: Sequence[tuple[Asked, int]]) -> list[tuple[Asked, int]]:
        where = self._bank.plan.choice(f"row/{day}", len(moved))
        asked, amount = moved[where]
        how = self._bank.plan.choice(f"how/{day}", 3)
        if how == 0:
            return [*moved[:where], *moved[where + 1 :]]
        if how == 1:
            return [*moved[:where], (asked, amount + 1), *moved[where + 1 :]]
        return [*moved, (replace(asked, number=f"9{asked.number}"[:18], bank_no=f"X{asked.bank_no}"), amount)]
