"""Ownership categories as a table: the right and capacity in which somebody owns money.

Codes are those of 12 CFR part 370, Appendix A (ownership right and capacity codes); trusts became one category on
2024-04-01 (12 CFR 330.10 as amended, 87 FR 4455). An institution outside the United States uses the same words.

Example::

    CATEGORIES["JNT"].title.zh  # "联名"
"""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from jinku.custody.reports.section import Both

SOURCE = "12 CFR part 370, Appendix A"
_ALWAYS = date(2017, 4, 1)
"""When part 370 came into force."""
_TRUSTS = date(2024, 4, 1)


@dataclass(frozen=True, slots=True)
class Category:
    """One right and capacity, and from when until when its code is used."""

    code: str
    title: Both
    since: date = _ALWAYS
    until: date = date.max

    def holds_on(self, day: date) -> bool:
        """Whether the code is used on `day`."""
        return self.since <= day <= self.until


_TABLE = (
    Category("SGL", Both("Single", "个人单独")),
    Category("JNT", Both("Joint", "联名")),
    Category("REV", Both("Revocable trust", "可撤销信托"), until=date(2024, 3, 31)),
    Category("IRR", Both("Irrevocable trust", "不可撤销信托"), until=date(2024, 3, 31)),
    Category("TST", Both("Trust", "信托"), since=_TRUSTS),
    Category("CRA", Both("Certain retirement accounts", "特定退休账户")),
    Category("EBP", Both("Employee benefit plan", "雇员福利计划")),
    Category("BUS", Both("Business or organisation", "企业或组织")),
    Category("GOV1", Both("Public unit in its state, time and savings", "本州公共单位（定期与储蓄）")),
    Category("GOV2", Both("Public unit in its state, demand", "本州公共单位（活期）")),
    Category("GOV3", Both("Public unit of another state", "外州公共单位")),
    Category("MSA", Both("Mortgage servicing, principal and interest", "按揭代收本息")),
    Category("PBA", Both("Public bonds", "公共债券")),
    Category("DIT", Both("Bank as trustee of an irrevocable trust", "银行受托的不可撤销信托")),
    Category("ANC", Both("Annuity contract", "年金合同")),
    Category("BIA", Both("Custodian for American Indians", "印第安人事务托管")),
    Category("DOE", Both("Energy department's programme", "能源部计划")),
)

CATEGORIES = MappingProxyType({one.code: one for one in _TABLE})
"""Every category by its code."""

UNKNOWN = Both("not known", "未知")
"""What is printed for an owner whose category nobody has given."""
