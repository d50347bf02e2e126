"""What makes a customer risky, which grade that is, and when to look again: dated tables to be read.

Rules:

1. A factor's row gives points for a value, or for each value from `at_least` on. Of the rows of one factor that fit,
   the one with most points counts. A value without a row is a finding of its own: it takes the factor's highest points.
2. Grades by sum of points. Some values set a floor under the grade, whatever the sum.
3. The rows are a starting point of the house, no regulation; reviews follow the grade. An institution gives its own.

Example::

    review_row(REVIEWS, 4, date(2026, 11, 22)).months  # 6
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from jinku.base.errors import InputError

HOUSE = "policy of the house, shipped with Jinku; replace it by your own"
START = date(2025, 1, 1)


class Factor(StrEnum):
    """What is looked at."""

    GEOGRAPHY = "geography"
    PRODUCT = "product"
    CHANNEL = "channel"
    KIND = "kind"
    BEHAVIOUR = "behaviour"
    LIST = "list"
    PEP = "pep"


FACTORS: Mapping[Factor, tuple[str, str]] = MappingProxyType(
    {
        Factor.GEOGRAPHY: ("where the customer is", "地域"),
        Factor.PRODUCT: ("what it uses", "业务、产品"),
        Factor.CHANNEL: ("how it came", "渠道"),
        Factor.KIND: ("what it is", "客户类型"),
        Factor.BEHAVIOUR: ("how it acts (0 to 100)", "行为评分"),
        Factor.LIST: ("a hit on a list", "名单命中"),
        Factor.PEP: ("a politically exposed person", "政治公众人物"),
    }
)
"""English and Chinese."""


@dataclass(frozen=True, slots=True)
class Points:
    """One row: points of a value."""

    from_day: date
    factor: Factor
    value: str
    """The value, or a decimal number from which it holds where the factor is `Factor.BEHAVIOUR`."""
    points: int
    english: str
    chinese: str
    floor: int = 1
    """No grade below this one."""
    source: str = HOUSE


POINTS: tuple[Points, ...] = (
    Points(START, Factor.GEOGRAPHY, "home", 0, "at home", "境内"),
    Points(START, Factor.GEOGRAPHY, "abroad", 10, "abroad", "境外"),
    Points(START, Factor.GEOGRAPHY, "offshore", 20, "an offshore centre", "离岸中心"),
    Points(START, Factor.GEOGRAPHY, "high_risk", 40, "a country of high risk", "高风险国家或地区", floor=4),
    Points(START, Factor.PRODUCT, "deposit", 0, "deposits only", "仅存款"),
    Points(START, Factor.PRODUCT, "payment", 5, "payments", "支付"),
    Points(START, Factor.PRODUCT, "lending", 5, "lending", "网贷"),
    Points(START, Factor.PRODUCT, "cross_border", 15, "cross-border payments", "跨境业务"),
    Points(START, Factor.PRODUCT, "anonymous", 25, "means that favour anonymity", "易匿名业务"),
    Points(START, Factor.CHANNEL, "counter", 0, "in person", "柜面"),
    Points(START, Factor.CHANNEL, "remote", 5, "at a distance, identity verified", "非面对面、已核验"),
    Points(START, Factor.CHANNEL, "agent", 10, "through an agent", "代理"),
    Points(START, Factor.KIND, "natural", 0, "a natural person", "自然人"),
    Points(START, Factor.KIND, "listed", 0, "a listed or public body", "上市公司或公共机构"),
    Points(START, Factor.KIND, "company", 5, "a company", "公司"),
    Points(START, Factor.KIND, "cash_business", 15, "a business with much cash", "现金密集行业"),
    Points(START, Factor.KIND, "layered", 20, "ownership in many layers", "股权结构复杂"),
    Points(START, Factor.BEHAVIOUR, "0", 0, "behaviour as expected", "行为正常"),
    Points(START, Factor.BEHAVIOUR, "40", 10, "behaviour score of 40 or more", "行为评分不低于 40"),
    Points(START, Factor.BEHAVIOUR, "70", 25, "behaviour score of 70 or more", "行为评分不低于 70"),
    Points(START, Factor.BEHAVIOUR, "90", 40, "behaviour score of 90 or more", "行为评分不低于 90", floor=4),
    Points(START, Factor.LIST, "none", 0, "on no list", "无名单命中"),
    Points(START, Factor.LIST, "watch", 30, "on a watch list", "关注名单", floor=3),
    Points(START, Factor.LIST, "sanctions", 100, "on a list of sanctions", "制裁名单", floor=5),
    Points(START, Factor.PEP, "none", 0, "no such person", "非政治公众人物"),
    Points(
        START, Factor.PEP, "domestic", 15, "at home, or close to one", "境内政治公众人物及其关系人", floor=3
    ),
    Points(
        START, Factor.PEP, "foreign", 30, "abroad, or close to one", "外国政治公众人物及其关系人", floor=4
    ),
)
GRADES: tuple[tuple[int, int, str, str], ...] = (
    (1, 0, "low", "低"),
    (2, 15, "rather low", "较低"),
    (3, 30, "medium", "中"),
    (4, 50, "rather high", "较高"),
    (5, 80, "high", "高"),
)
"""Grade, points from which it holds, English, Chinese."""
GRADE_MAX = 5


@dataclass(frozen=True, slots=True)
class Review:
    """After how many months a customer of a grade is rated again."""

    from_day: date
    grade: int
    months: int
    source: str


_BANDS = (
    "PBOC guidance on grading customers (2013): the highest grade at least every half year (s); others: "
    + HOUSE
)
REVIEWS: tuple[Review, ...] = (
    Review(START, 1, 36, _BANDS),
    Review(START, 2, 24, _BANDS),
    Review(START, 3, 12, _BANDS),
    Review(START, 4, 6, _BANDS),
    Review(START, 5, 6, _BANDS),
)
OVERRIDE_DAYS_MAX = 365
"""Longest life of a person's own grade."""
IDENTITY_GRACE_DAYS = 90
"""Days after an identity document has expired until movements are refused; before, they are limited."""


def review_row(rows: Sequence[Review], grade: int, day: date) -> Review:
    """The row in force for a grade. Raises InputError."""
    found = [one for one in rows if one.grade == grade and one.from_day <= day]
    if not found:
        raise InputError("has no review on that day", field="grade", value=str(grade), remedy="add a row")
    return max(found, key=lambda one: one.from_day)
