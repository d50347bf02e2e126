"""Read payment status reports, pain.002.001.03 to .14: what the bank did with each transaction of a pain.001.

Rules:

1. Parsing is safe: no DTD, no entity, nothing fetched, at most ``FILE_BYTES_MAX`` bytes and ``REPORTS_MAX``
   transactions.
2. A transaction is known by its end-to-end id. Its own status counts; a group or payment block that is rejected as a
   whole rejects the transactions that it does not name: `whole` says so.
3. Amounts are read where the report repeats them; a report without them changes nothing about the amount.

Example::

    read(data, "status.xml").reports[0]  # StatusReport("17", "ACSC", 10000, "CNY", reason="", bank_no="B1")
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from jinku.base.currency import currency
from jinku.base.decimals import parse_minor
from jinku.base.errors import InputError

FILE_BYTES_MAX = 64 << 20
REPORTS_MAX = 100_000
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(?:0[3-9]|1[0-4])", re.ASCII)
_CODE = re.compile(r"[A-Z]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One transaction's status; `amount` in minor units, None where it is not said."""

    end_to_end_id: str
    status: str
    amount: int | None = None
    currency: str = ""
    reason: str = ""
    bank_no: str = ""


@dataclass(frozen=True, slots=True)
class StatusFile:
    """One message: about which, the status of the whole (empty where only parts have one), and its transactions."""

    message_id: str
    original_id: str
    whole: str
    reason: str
    reports: tuple[StatusReport, ...]


def read(data: bytes, name: str = "") -> StatusFile:
    """The report in `data`. Raises InputError."""
    if len(data) > FILE_BYTES_MAX:
        raise _bad(name, f"is larger than {FILE_BYTES_MAX} bytes", "Document")
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise _bad(name, "is not well-formed XML without a DTD", "Document") from None
    namespace, _, tag = root.tag.removeprefix("{").rpartition("}")
    if tag != "Document" or not _NAMESPACE.fullmatch(namespace):
        raise _bad(name, "is not a pain.002 document of version 03 to 14", "Document", namespace)
    body = root.find(f"{{{namespace}}}CstmrPmtStsRpt")
    if body is None:
        raise _bad(name, "is missing", "CstmrPmtStsRpt")
    return _Reading(namespace, name).file(body)


class _Reading:
    """One file's elements by their paths."""

    def __init__(self, namespace: str, name: str) -> None:
        self._prefix, self._name = f"{{{namespace}}}", name

    def file(self, body: Element) -> StatusFile:
        """The message."""
        group = self._one(body, "OrgnlGrpInfAndSts")
        if group is None:
            raise _bad(self._name, "is missing", "OrgnlGrpInfAndSts")
        whole = self._status(group, "GrpSts")
        reports: list[StatusReport] = []
        for block in self._all(body, "OrgnlPmtInfAndSts"):
            whole = whole or self._status(block, "PmtInfSts")
            reports += [self._report(one) for one in self._all(block, "TxInfAndSts")]
            if len(reports) > REPORTS_MAX:
                raise _bad(self._name, f"has more than {REPORTS_MAX} transactions", "TxInfAndSts")
        return StatusFile(
            message_id=self._text(body, "GrpHdr/MsgId"),
            original_id=self._text(group, "OrgnlMsgId"),
            whole=whole,
            reason=self._text(group, "StsRsnInf/Rsn/Cd"),
            reports=tuple(reports),
        )

    def _report(self, one: Element) -> StatusReport:
        code, amount, unit = "", None, self._one(one, "OrgnlTxRef/Amt/InstdAmt")
        if unit is not None:
            code = unit.get("Ccy", "")
            amount = parse_minor((unit.text or "").strip(), currency(code).exponent)
        return StatusReport(
            end_to_end_id=self._text(one, "OrgnlEndToEndId") or self._text(one, "OrgnlInstrId"),
            status=self._status(one, "TxSts"),
            amount=amount,
            currency=code,
            reason=self._text(one, "StsRsnInf/Rsn/Cd"),
            bank_no=self._text(one, "AcctSvcrRef"),
        )

    def _status(self, inside: Element, tag: str) -> str:
        text = self._text(inside, tag)
        if text and not _CODE.fullmatch(text):
            raise _bad(self._name, "is no status code", tag, text)
        return text

    def _path(self, path: str) -> str:
        return "/".join(self._prefix + tag for tag in path.split("/"))

    def _one(self, inside: Element, path: str) -> Element | None:
        return inside.find(self._path(path))

    def _all(self, inside: Element, path: str) -> Iterator[Element]:
        return inside.iterfind(self._path(path))

    def _text(self, inside: Element, path: str) -> str:
        found = self._one(inside, path)
        return (found.text or "").strip() if found is not None else ""


def _bad(name: str, problem: str, field: str, value: str = "") -> InputError:
    return InputError(
        problem, file=name, field=field, value=value[:80], remedy="ask the bank for a correct file"
    )
