"""The layout of 12 CFR part 370, Appendix C as a table: what each field is, whether it may be empty, where it comes
from.

Appendix C (credit balance processing file structure, 84 FR 37020, in force 2019-10-01) is a pipe-delimited file without
padding. Fields 01 to 23 are below with the numbers and names of the rule; 24 is unconfirmed (s). A field that the
rule calls not applicable stays empty between its delimiters. The rule speaks of the balances of a bank's debtors;
here the same layout lists the owners of a pooled account, with the pool's account number as field 02.

| column | meaning |
|---|---|
| no, name | as in the rule |
| null | whether the rule allows it to be empty |
| applies | False where the rule says that it is not applicable |

Example::

    line(owner, "6214-0001", LAYOUT)  # "|6214-0001|7922…|…"
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from jinku.base.decimals import format_minor
from jinku.custody.inert import visible
from jinku.custody.reports.owners import Owner
from jinku.custody.reports.section import Both

SOURCE = "12 CFR part 370, Appendix C"
SINCE = date(2019, 10, 1)
DELIMITER = "|"
Value = Callable[[Owner, str], str]
"""From an owner and the pool's account number at the bank to the field's text."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the layout."""

    no: str
    name: str
    null: bool
    value: Value | None
    chinese: str

    @property
    def heading(self) -> Both:
        """The field's name in both languages."""
        return Both(self.name, self.chinese)


def _detail(name: str) -> Value:
    """The field that holds what is known of the owner under `name`."""

    def value(one: Owner, _pool: str) -> str:
        return str(getattr(one.details, name))

    return value


def _pool_account(_one: Owner, pool: str) -> str:
    return pool


def _account(one: Owner, _pool: str) -> str:
    return str(one.account)


def _name(one: Owner, _pool: str) -> str:
    return one.details.name or one.details.latin_name


def _second_name(one: Owner, _pool: str) -> str:
    known = one.details
    return known.joint_with or (known.latin_name if known.name and known.latin_name != known.name else "")


def _tax_id(one: Owner, _pool: str) -> str:
    return one.details.tax_id or one.details.identifier


def _tax_id_code(one: Owner, _pool: str) -> str:
    if one.details.tax_id_code:
        return one.details.tax_id_code
    return {"resident_id": "SSN", "credit_code": "TIN"}.get(one.details.identifier_kind, "")


def _balance(one: Owner, _pool: str) -> str:
    return format_minor(one.balance, one.currency.exponent)


# fmt: off
LAYOUT = (
    Field("01", "Broker Number", True, None, "经纪商编号（不适用）"),
    Field("02", "Account Number", False, _pool_account, "专户账号"),
    Field("03", "Customer Account Number", False, _account, "客户账号"),
    Field("04", "CUSIP", True, None, "CUSIP（不适用）"),
    Field("05", "Tax ID", False, _tax_id, "税号"),
    Field("06", "Tax ID Code", False, _tax_id_code, "税号类型"),
    Field("07", "Name", False, _name, "姓名／名称"),
    Field("08", "Name 2", True, _second_name, "姓名二"),
    Field("09", "Address 1", False, _detail("address_1"), "地址一"),
    Field("10", "Address 2", True, _detail("address_2"), "地址二"),
    Field("11", "Address 3", True, _detail("address_3"), "地址三"),
    Field("12", "City", False, _detail("city"), "城市"),
    Field("13", "State", True, _detail("state"), "州"),
    Field("14", "Zip/Postal", False, _detail("postal_code"), "邮编"),
    Field("15", "Country", False, _detail("country"), "国家"),
    Field("16", "Province", True, _detail("province"), "省"),
    Field("17", "IRA Code", True, None, "IRA 代码（不适用）"),
    Field("18", "Credit Balance", False, _balance, "余额"),
    Field("19", "Sub-broker Indicator", True, None, "子经纪商（不适用）"),
    Field("20", "Deposit Account Ownership Category", False, _detail("category"), "权属类别"),
    Field("21", "Transactional Flag", True, None, "交易标志（不适用）"),
    Field("22", "Retained Interest", True, None, "保留权益（不适用）"),
    Field("23", "Amount of Overfunding", True, None, "超额（不适用）"),
    Field("24", "Account Participant Type", True, None, "账户参与人类型（不适用）"),
)
# fmt: on


def cells(one: Owner, pool: str) -> list[str]:
    """The fields of one owner's line, in order. A delimiter within a value becomes a slash."""
    return [_plain(field.value(one, pool)) if field.value else "" for field in LAYOUT]


def lacking(found: list[str]) -> list[Field]:
    """The fields that the rule requires and that are empty."""
    return [field for field, cell in zip(LAYOUT, found, strict=True) if not field.null and not cell]


def _plain(text: str) -> str:
    return (text if text.isprintable() else visible(text)).replace(DELIMITER, "/").strip()
