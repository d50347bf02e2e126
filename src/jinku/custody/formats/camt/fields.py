"""The elements of camt.053 that Jinku reads, as a table, and the records that they are gathered in.

A container is an element that becomes a value of its own; a field is a path below its container. Everything
else in a file is passed over. ``Sts`` is a plain code up to version 07 and a choice with ``Cd`` from 08 on;
both are read.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

NAMESPACES = frozenset(
    f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02d}" for version in range(2, 14)
)

_MESSAGE = "BkToCstmrStmt"
GROUP = f"{_MESSAGE}/GrpHdr"
STATEMENT = f"{_MESSAGE}/Stmt"
BALANCE = f"{STATEMENT}/Bal"
ENTRY = f"{STATEMENT}/Ntry"
DETAILS = f"{ENTRY}/NtryDtls/TxDtls"
CONTAINERS = (GROUP, STATEMENT, BALANCE, ENTRY, DETAILS)

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
