"""Random expressions of the language, as text, and random rows for them: extremes, NULLs, empty texts."""

from collections.abc import Callable
from functools import partial
from random import Random

from hypothesis import strategies as st

NAMESPACE = {
    "b1": "BIGINT",
    "b2": "BIGINT",
    "d1": "DOUBLE",
    "d2": "DOUBLE",
    "f1": "BOOLEAN",
    "f2": "BOOLEAN",
    "w1": "VARCHAR",
    "w2": "VARCHAR",
    "k1": "KEY",
    "k2": "KEY",
}
BIGINT_MIN, BIGINT_MAX = -(1 << 63), (1 << 63) - 1
DOUBLE_MAX, TINY = 1.7976931348623157e308, 5e-324
WORDS = ["", "pay", "payout", "PAY", "%", "_", "a'b", "存管", "x y", "\n"]

WHOLES = [BIGINT_MIN, BIGINT_MAX, BIGINT_MIN + 1, 2**53, 2**53 + 1, -(2**53) - 1, 10_000, 123_456_789]
DOUBLES = [0.0, 1.0, -1.0, 0.5, 0.1, 1 / 3, 1e154, -1e155, 1e300, DOUBLE_MAX, -DOUBLE_MAX, TINY, -TINY]

integers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from(WHOLES),
    st.integers(BIGINT_MIN, BIGINT_MAX),
)
doubles = st.one_of(
    st.sampled_from(DOUBLES),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-5, 5).map(float),
).map(lambda value: value + 0.0)
words = st.sampled_from(WORDS)
VALUES = {
    "BIGINT": integers,
    "DOUBLE": doubles,
    "BOOLEAN": st.booleans(),
    "VARCHAR": words,
    "KEY": st.integers(0, 3),
}
rows = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in NAMESPACE.items()})


class Writer:
    """Writes random texts, at most `depth` operators deep."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def any(self, depth: int) -> str:
        """Of any type."""
        return self._random.choice([self.number, self.whole, self.truth, self.word, self.key])(depth)

    def _one(self, found: list[Callable[[], str]]) -> str:
        """What one of `found` writes."""
        return self._random.choice(found)()

    def _pick(self, *found: str) -> str:
        return self._random.choice(found)

    def number(self, depth: int) -> str:
        """A BIGINT or DOUBLE."""
        if depth == 0:
            return self._pick("b1", "b2", "d1", "d2", self._whole(), self._double())
        below = partial(self.number, depth - 1)
        return self._one(
            [
                lambda: f"({below()} {self._pick(*'+-*/')} {below()})",
                lambda: f"({below()} {self._pick(*'*/')} {below()})",
                lambda: f"{self._pick('abs', 'floor', 'ceil', 'sqrt')}({below()})",
                lambda: f"(-{below()})",
                lambda: f"least({below()}, {below()})",
                lambda: f"greatest({below()}, {below()}, {below()})",
                lambda: self.whole(depth),
                lambda: self._choice(self.number, depth),
            ]
        )

    def whole(self, depth: int) -> str:
        """A BIGINT."""
        if depth == 0:
            return self._pick("b1", "b2", self._whole())
        below = partial(self.whole, depth - 1)
        return self._one(
            [
                lambda: f"({below()} % {self._pick('1', '2', '7', '10000', str(BIGINT_MAX))})",
                lambda: f"least({below()}, {below()})",
                lambda: self._choice(self.whole, depth),
            ]
        )

    def truth(self, depth: int) -> str:
        """A BOOLEAN."""
        if depth == 0:
            return self._pick("f1", "f2")
        below, number = partial(self.truth, depth - 1), partial(self.number, depth - 1)
        word, key = partial(self.word, depth - 1), partial(self.key, depth - 1)
        sign = partial(self._pick, "=", "<>", "<", "<=", ">", ">=")
        same, maybe = partial(self._pick, "=", "<>"), partial(self._pick, "", "NOT ")
        asked = partial(self._pick, "TRUE", "NOT TRUE", "FALSE", "NOT FALSE")
        return self._one(
            [
                lambda: f"({number()} {sign()} {number()})",
                lambda: f"({number()} {sign()} {self.number(0)})",
                lambda: f"({word()} {same()} {word()})",
                lambda: f"({key()} {same()} {key()})",
                lambda: f"({below()} {same()} {below()})",
                lambda: f"({number()} IS {maybe()}DISTINCT FROM {number()})",
                lambda: f"({word()} IS {maybe()}DISTINCT FROM {word()})",
                lambda: f"({below()} AND {below()} AND {below()})",
                lambda: f"({below()} OR {below()} OR {below()})",
                lambda: f"(NOT {below()})",
                lambda: f"({below()} IS {asked()})",
                lambda: f"({self._one([number, word, below, key])} IS {maybe()}NULL)",
                lambda: f"({number()} {maybe()}IN ({self._numbers()}))",
                lambda: f"({word()} {maybe()}IN ({_text(self._pick(*WORDS))}, {_text(self._pick(*WORDS))}))",
                lambda: f"({word()} {maybe()}LIKE {self._pattern()})",
                lambda: f"({number()} {maybe()}BETWEEN {number()} AND {number()})",
                lambda: self._choice(self.truth, depth),
            ]
        )

    def word(self, depth: int) -> str:
        """A VARCHAR."""
        if depth == 0:
            return self._pick("w1", "w2", _text(self._pick(*WORDS)))
        return self._choice(self.word, depth)

    def key(self, depth: int) -> str:
        """A KEY."""
        return self._pick("k1", "k2") if depth == 0 else self._choice(self.key, depth)

    def _choice(self, kind: Callable[[int], str], depth: int) -> str:
        one, condition, number = (partial(each, depth - 1) for each in (kind, self.truth, self.number))
        end = self._pick("", " ELSE NULL", f" ELSE {one()}")
        return self._one(
            [
                one,
                lambda: f"CASE WHEN {condition()} THEN {one()}{end} END",
                lambda: f"CASE WHEN {condition()} THEN {one()} WHEN {condition()} THEN NULL{end} END",
                lambda: f"CASE {number()} WHEN {self.number(0)} THEN {one()}{end} END",
                lambda: f"coalesce({one()}, {one()})",
                lambda: f"nullif({one()}, {one()})",
            ]
        )

    def _pattern(self) -> str:
        return _text("".join(self._pick(*"pay%_PAO存") for _ in range(self._random.randint(0, 4))))

    def _numbers(self) -> str:
        count = self._random.randint(1, 7)
        return ", ".join(self._pick(self._whole(), self._double()) for _ in range(count))

    def _whole(self) -> str:
        return _signed(self._random.choice([*WHOLES, self._random.randint(-5, 5)]))

    def _double(self) -> str:
        return _signed(self._random.choice(DOUBLES))


def _signed(value: float) -> str:
    return repr(value) if value >= 0 else f"({value!r})"


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
