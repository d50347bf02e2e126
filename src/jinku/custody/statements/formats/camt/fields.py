"""The elements of camt.052, 053 and 054 that Jinku reads, as a table, and the records that they are gathered in.

The three messages differ in the names of their two outermost elements and are otherwise alike. A container is an
element that becomes a value of its own; a field is a path below its container. Everything else in a file is passed
over. ``Sts`` is a plain code up to version 07 and a choice with ``Cd`` from 08 on; both are read.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from jinku.custody.statements.model import StatementKind

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[234])\.001\.(?:0[2-9]|1[0-3])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """One of the messages: its elements' names and what it is."""

    name: str
    root: str
    body: str
    kind: StatementKind

    def path(self, level: str) -> str:
        """The path of a container below the document."""
        below = level.removeprefix(STATEMENT)
        return f"{self.root}/{GROUP}" if level == GROUP else f"{self.root}/{self.body}{below}"


MESSAGES = {
    one.name: one
    for one in (
        Message("camt.052", "BkToCstmrAcctRpt", "Rpt", StatementKind.REPORT),
        Message("camt.053", "BkToCstmrStmt", "Stmt", StatementKind.STATEMENT),
        Message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", StatementKind.NOTIFICATION),
    )
}

GROUP = "GrpHdr"
STATEMENT = "Stmt"
BALANCE = "Stmt/Bal"
ENTRY = "Stmt/Ntry"
DETAILS = "Stmt/Ntry/NtryDtls/TxDtls"
CONTAINERS = (GROUP, STATEMENT, BALANCE, ENTRY, DETAILS)
"""Levels of a message, by the names that camt.053 has for them."""

FIELDS: tuple[tuple[str, str], ...] = (
    (GROUP, "MsgId"),
    (GROUP, "CreDtTm"),
    (STATEMENT, "Id"),
    (STATEMENT, "ElctrncSeqNb"),
    (STATEMENT, "LglSeqNb"),
    (STATEMENT, "CreDtTm"),
    (STATEMENT, "FrToDt/FrDtTm"),
    (STATEMENT, "FrToDt/ToDtTm"),
    (STATEMENT, "Acct/Id/IBAN"),
    (STATEMENT, "Acct/Id/Othr/Id"),
    (STATEMENT, "Acct/Ccy"),
    (STATEMENT, "Acct/Ownr/Nm"),
    (STATEMENT, "TxsSummry/TtlNtries/NbOfNtries"),
    (STATEMENT, "AddtlStmtInf"),
    (STATEMENT, "AddtlRptInf"),
    (STATEMENT, "AddtlNtfctnInf"),
    (BALANCE, "Tp/CdOrPrtry/Cd"),
    (BALANCE, "Amt"),
    (BALANCE, "CdtDbtInd"),
    (BALANCE, "Dt/Dt"),
    (BALANCE, "Dt/DtTm"),
    (ENTRY, "NtryRef"),
    (ENTRY, "Amt"),
    (ENTRY, "CdtDbtInd"),
    (ENTRY, "RvslInd"),
    (ENTRY, "Sts"),
    (ENTRY, "Sts/Cd"),
    (ENTRY, "BookgDt/Dt"),
    (ENTRY, "BookgDt/DtTm"),
    (ENTRY, "ValDt/Dt"),
    (ENTRY, "ValDt/DtTm"),
    (ENTRY, "AcctSvcrRef"),
    (ENTRY, "BkTxCd/Domn/Cd"),
    (ENTRY, "BkTxCd/Domn/Fmly/Cd"),
    (ENTRY, "BkTxCd/Domn/Fmly/SubFmlyCd"),
    (ENTRY, "BkTxCd/Prtry/Cd"),
    (ENTRY, "NtryDtls/Btch/NbOfTxs"),
    (DETAILS, "Refs/InstrId"),
    (DETAILS, "Refs/EndToEndId"),
    (DETAILS, "Refs/TxId"),
    (DETAILS, "RmtInf/Ustrd"),
    (DETAILS, "RtrInf/Rsn/Cd"),
)
"""Container and path of each field."""

REPEATED = frozenset({"RmtInf/Ustrd", "NtryDtls/Btch/NbOfTxs"})
"""Fields that may come again in one container."""


class Value(NamedTuple):
    """The text of one field, the line that it starts on, and its ``Ccy`` attribute where it has one."""

    text: str
    line: int
    currency: str | None


def message_of(namespace: str) -> Message | None:
    """The message of version 02 to 13 with this namespace, None where it is none of ours."""
    found = _NAMESPACE.fullmatch(namespace)
    return MESSAGES[found.group(1)] if found else None


@dataclass(frozen=True, slots=True)
class Record:
    """One container: its fields by path, and the transaction details inside an entry."""

    kind: str
    line: int
    values: dict[str, Value] = field(default_factory=dict)
    details: "list[Record]" = field(default_factory=list)

    def text(self, key: str) -> str:
        """The text of a field, empty where it is absent."""
        value = self.values.get(key)
        return value.text if value is not None else ""
