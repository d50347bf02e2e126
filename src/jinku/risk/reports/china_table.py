"""The data elements of reports in China, as a table to be read.

Rules:

1. (s): the codes of elements and features are as secondary sources give them for the interface of the China
   Anti-Money Laundering Monitoring and Analysis Centre. The centre hands its specification to institutions: compare
   before the first file, and replace a code by ``element_KEY`` or ``feature_RULE`` in the institution's codes.
2. A pattern is what a value must look like; an element that is not required may be empty.

Example::

    LARGE_VALUE[0].code, LARGE_VALUE[0].chinese
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jinku.risk.reports.large_table import Rule


@dataclass(frozen=True, slots=True)
class Element:
    """One data element of an item."""

    key: str
    code: str
    english: str
    chinese: str
    pattern: str = r"[\s\S]+"
    required: bool = True


_DAY, _MONEY, _COUNTRY = r"\d{8}", r"\d{1,18}\.\d{2,3}|\d{1,18}", r"[A-Z]{2}"
_CUSTOMER = (
    Element("customer", "CSNM", "number of the customer", "客户号"),
    Element("name", "CTNM", "name of the customer", "客户名称/姓名"),
    Element("id_kind", "CITP", "kind of identity document", "证件类型"),
    Element("id_number", "CTID", "number of the document", "证件号码"),
    Element("country", "CTNT", "nationality", "客户国籍", _COUNTRY),
    Element("occupation", "CTVC", "occupation or business", "职业/行业", required=False),
    Element("phone", "CCTL", "telephone", "联系电话", required=False),
)
LARGE_VALUE: tuple[Element, ...] = (
    *_CUSTOMER,
    Element("day", "HTDT", "day of the large value", "大额交易发生日期", _DAY),
    Element("feature", "CRCD", "feature of the large value", "大额交易特征代码", r"\d{4}"),
    Element("direction", "TSDR", "money in or out", "资金收付标志", "01|02"),
    Element("currency", "CRTP", "currency", "交易币种", r"[A-Z]{3}"),
    Element("amount", "CRAT", "amount", "交易金额", _MONEY),
    Element("movements", "TSNM", "number of movements", "交易笔数", r"[1-9]\d*"),
    Element("references", "TICD", "references of the movements", "业务标识号"),
)
SUSPICIOUS: tuple[Element, ...] = (
    *_CUSTOMER,
    Element("indicators", "STCR", "features of what is suspected", "可疑交易特征", required=False),
    Element("narrative", "SSDS", "what is suspected, and why", "可疑行为描述"),
    Element("action", "TKMS", "measures taken", "采取措施", required=False),
    Element("reference", "TICD", "reference of the movement", "业务标识号", required=False),
    Element("day", "TSTM", "day of the movement", "交易日期", _DAY, required=False),
    Element("direction", "TSDR", "money in or out", "资金收付标志", "01|02", required=False),
    Element("currency", "CRTP", "currency", "交易币种", r"[A-Z]{3}", required=False),
    Element("amount", "CRAT", "amount", "交易金额", _MONEY, required=False),
    Element("other_name", "TCNM", "name of the other side", "交易对手姓名/名称", required=False),
    Element("other_account", "TCAT", "account of the other side", "交易对手账号", required=False),
)
FEATURES: Mapping[str, str] = MappingProxyType(
    {
        Rule.CASH.value: "0501",
        Rule.LEGAL.value: "0502",
        Rule.NATURAL_DOMESTIC.value: "0503",
        Rule.NATURAL_CROSS_BORDER.value: "0504",
    }
)
"""Rule → feature code (s)."""
DIRECTIONS: Mapping[str, str] = MappingProxyType({"in": "01", "out": "02"})
"""收 01、付 02."""
ELEMENTS: Mapping[str, tuple[Element, ...]] = MappingProxyType(
    {"large_value": LARGE_VALUE, "suspicious": SUSPICIOUS}
)
"""The elements of each kind of report."""
