"""Money: an exact count of minor units of one currency.

Rules:

1. Amounts are integers; nothing here makes or takes a float.
2. Amounts of different currencies do not add and do not compare: CurrencyMismatch.
3. Every result stays within ±``MINOR_MAX``: MoneyOverflow otherwise.
4. Sharing out (:func:`allot`) loses and makes nothing: the parts sum to the total, to the last minor unit.

Example::

    Money.parse("10.00", "CNY") + Money(5, currency("CNY"))  # 10.05 CNY
    allot(100, [1, 1, 1])                                     # [34, 33, 33]
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jinku.base.currency import Currency, currency
from jinku.base.decimals import format_minor, parse_minor
from jinku.base.errors import BadAllotment, CurrencyMismatch, MoneyOverflow

MINOR_MAX = (1 << 127) - 1
ALLOTMENT_PARTS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` minor units of `currency`; may be negative. Raises MoneyOverflow outside ±``MINOR_MAX``."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if not -MINOR_MAX <= self.minor <= MINOR_MAX:
            raise MoneyOverflow(
                f"{self.minor} minor units of {self.currency.code} are out of range",
                remedy="stay within ±(2^127 - 1)",
            )

    @classmethod
    def parse(cls, text: str, code: str) -> "Money":
        """Money from a decimal text such as ``"12.50"``. Raises BadAmount, UnknownCurrency."""
        unit = currency(code)
        return cls(parse_minor(text, unit.exponent), unit)

    @classmethod
    def zero(cls, unit: Currency) -> "Money":
        """Nothing, in `unit`."""
        return cls(0, unit)

    @classmethod
    def total(cls, amounts: Iterable["Money"], unit: Currency) -> "Money":
        """The sum of `amounts`, all of them in `unit` (zero for none). Raises CurrencyMismatch."""
        sum_minor = 0
        for amount in amounts:
            if amount.currency != unit:
                raise _mismatch(unit, amount.currency)
            sum_minor += amount.minor
        return cls(sum_minor, unit)

    def decimal(self) -> str:
        """The amount as decimal text, without its currency: ``"12.50"``."""
        return format_minor(self.minor, self.currency.exponent)

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency.code}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        if not isinstance(count, int):
            return NotImplemented
        return Money(self.minor * count, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency is not self.currency and other.currency != self.currency:
            raise _mismatch(self.currency, other.currency)
        return other.minor

    def allot(self, weights: Sequence[int]) -> "list[Money]":
        """This amount shared out by `weights`; see :func:`allot`."""
        return [Money(part, self.currency) for part in allot(self.minor, weights)]


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` out in proportion to `weights`, exactly, by the largest remainder.

    Each part is its true share rounded down or up; the units left over after rounding down go to the largest
    remainders, the earlier part first among equals. A negative total is the mirror image of the positive one.
    Raises BadAllotment: no weights, too many, a negative one, or all zero.
    """
    if not 0 < len(weights) <= ALLOTMENT_PARTS_MAX:
        raise BadAllotment(f"{len(weights)} weights", remedy=f"give 1 to {ALLOTMENT_PARTS_MAX} weights")
    if min(weights) < 0:
        raise BadAllotment(f"weight {min(weights)} is negative", remedy="give weights of zero or more")
    whole = sum(weights)
    if whole == 0:
        raise BadAllotment("all weights are zero", remedy="give at least one positive weight")
    size = abs(total)
    parts = [size * weight // whole for weight in weights]
    left = size - sum(parts)
    if left:
        order = sorted(range(len(weights)), key=lambda i: (-(size * weights[i] % whole), i))
        for index in order[:left]:
            parts[index] += 1
    return [-part for part in parts] if total < 0 else parts


def _mismatch(left: Currency, right: Currency) -> CurrencyMismatch:
    return CurrencyMismatch(f"{left.code} met {right.code}", remedy="convert by an explicit rate first")
