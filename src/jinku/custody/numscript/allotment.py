"""How an amount is divided by portions, exactly.

Rules:

1. Portions are from 0 to 1 and sum to 1; one of them may be left open and is then what remains (0 or more).
2. Each part is its exact share rounded down. The units left over by rounding, fewer than there are parts, go one each
   to the parts in the order in which they are written.
3. The parts sum to the amount, to the last unit.

Example::

    [part.amount for part in divide(100, [Fraction(1, 3), Fraction(1, 3), None], place)]  # [34, 33, 33]
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from jinku.custody.numscript.errors import BadAllotment
from jinku.custody.numscript.place import Place

_DENOMINATOR_SHOWN_MAX = 10**40


@dataclass(frozen=True, slots=True)
class Share:
    """One part: its `amount`, the exact `portion` it stands for, and whether it got a unit left over."""

    amount: int
    portion: Fraction
    extra: bool
    remaining: bool

    def note(self, whole: int) -> str:
        """The arithmetic, for a person."""
        exact = f"{fraction_text(self.portion)} of {whole} is {self.amount - self.extra}"
        exact += ", rounded down" if (self.portion * whole).denominator != 1 else ""
        return exact + (", and 1 unit left over by rounding" if self.extra else "")


def fraction_text(fraction: Fraction) -> str:
    """``1/3``, or a few words where the digits would fill a page."""
    if fraction.denominator > _DENOMINATOR_SHOWN_MAX or abs(fraction) > _DENOMINATOR_SHOWN_MAX:
        return "a fraction of many digits"
    return f"{fraction.numerator}/{fraction.denominator}"


def divide(amount: int, portions: Sequence[Fraction | None], place: Place) -> list[Share]:
    """`amount` (0 or more) divided by `portions`, None for ``remaining``. Raises BadAllotment."""
    given = [portion for portion in portions if portion is not None]
    total = sum(given, Fraction(0))
    for portion in given:
        if not 0 <= portion <= 1:
            raise BadAllotment(f"{fraction_text(portion)} is no portion of a whole", portion, place=place)
    if total > 1 or (total != 1 and len(given) == len(portions)):
        raise BadAllotment(f"the portions sum to {fraction_text(total)}", total, place=place)
    exact = [1 - total if portion is None else portion for portion in portions]
    floors = [amount * portion.numerator // portion.denominator for portion in exact]
    left = amount - sum(floors)
    return [
        Share(floor + (index < left), portion, index < left, portions[index] is None)
        for index, (floor, portion) in enumerate(zip(floors, exact, strict=True))
    ]
