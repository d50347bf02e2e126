"""What regulation asks of a position and of whoever finds a shortfall: dated rows with their source, never constants.

Rules:

1. A row holds from its day on, until a later row of the same regime takes its place. Of several sources the newest row
   in force counts.
2. (s) marks wording known from secondary sources: have it checked against the official text before you print it as law.
3. A row of a proposal says so; it binds nobody and is what a careful institution does meanwhile.

Example::

    rule_in_force("UK", date(2026, 11, 20)).transit_days  # 1
"""

from dataclasses import dataclass
from datetime import date

from jinku.base.errors import InputError


@dataclass(frozen=True, slots=True)
class SafeguardingRule:
    """One regime from one day on."""

    regime: str
    since: date
    transit_days: int
    """Business days after receipt within which money from a channel need not lie in the client account yet."""
    prudent: bool
    """Whether own money that stays in the client account on purpose (a risk reserve) counts as required there."""
    top_up_days: int
    """Business days after the day of finding a shortfall by whose end it must be paid in; 0 is the same day."""
    top_up_by: str
    """The local time of that day."""
    withdraw_days: int | None
    """The same for taking an excess out; None where the rules set no time."""
    notify_hours: int | None
    """Hours within which the regulator must be told of a shortfall that was not made good in time; 0: at once.
    None where the rules do not ask for it."""
    notify_english: str
    notify_chinese: str
    """Who is told."""
    source: str
    proposal: bool = False


RULES = (
    SafeguardingRule(
        "CN", date(2017, 2, 22), 0, True, 0, "24:00", None, None,
        "the custodian bank and the local financial regulator", "存管银行、地方金融监管部门",
        "网络借贷资金存管业务指引 (银监办发〔2017〕21号): daily comparison of accounts and money "
        "(账账、账实) (s); no time is set for"
        " paying in, so the same day is kept",
    ),
    SafeguardingRule(
        "CN", date(2021, 3, 1), 0, True, 0, "24:00", None, 0,
        "the custodian bank and the branch of the People's Bank of China", "存管银行、中国人民银行分支机构",
        "非银行支付机构客户备付金存管办法 (中国人民银行令〔2021〕第1号), in force 2021-03-01: "
        "reserves are held in full and compared daily (s);"
        " differences are found, made good and reported at once",
    ),
    SafeguardingRule(
        "UK", date(2018, 1, 13), 1, False, 0, "24:00", 0, 0,
        "the Financial Conduct Authority", "英国金融行为监管局 (FCA)",
        "Payment Services Regulations 2017, reg. 23; FCA Approach Document, chapter 10: "
        "reconciliation at least each business day,"
        " differences corrected the same day (s)",
    ),
    SafeguardingRule(
        "UK", date(2026, 5, 7), 1, True, 0, "24:00", 0, 0,
        "the Financial Conduct Authority", "英国金融行为监管局 (FCA)",
        "FCA CASS 15.8, in force 2026-05-07 (PS25/12): individual safeguarding balances, D+1 "
        "segregation; a shortfall is paid in and"
        " an excess withdrawn by the end of the reconciliation day; the FCA is told without delay "
        "of failures (s)",
    ),
    SafeguardingRule(
        "EU", date(2018, 1, 13), 1, False, 0, "24:00", 0, 0,
        "the competent authority of the home Member State", "母国成员国主管机关",
        "Directive (EU) 2015/2366, art. 10 (1) (a): kept apart by the end of the business day "
        "after receipt (s); no time is set for"
        " a shortfall, so the same day is kept",
    ),
    SafeguardingRule(
        "US", date(2024, 10, 2), 0, False, 0, "24:00", None, None,
        "the insured depository institution that holds the account", "持有账户的受保存款机构",
        "Proposed 12 CFR part 375 (89 FR 80135): balances of each beneficial owner, reconciled no "
        "less often than at the close of"
        " business daily (s); no time is set for a shortfall, so the same day is kept",
        proposal=True,
    ),
)  # fmt: skip
"""In order of regime and day."""

NO_RULE = SafeguardingRule(
    "", date.min, 0, False, 0, "24:00", None, None, "whoever supervises the institution", "机构的监管部门",
    "no regime is set for these books: nothing is allowed in transit, and a shortfall is made "
    "good the same day",
)  # fmt: skip


def rule_in_force(regime: str, day: date) -> SafeguardingRule:
    """The row of `regime` that holds on `day`; `NO_RULE` for the empty regime or before its first row.

    Raises InputError for a regime that has no rows at all.
    """
    if not regime:
        return NO_RULE
    rows = [row for row in RULES if row.regime == regime]
    if not rows:
        raise InputError("is not a regime", field="regime", value=regime[:16], remedy="use CN, UK, EU or US")
    return max((row for row in rows if row.since <= day), key=lambda row: row.since, default=NO_RULE)
