"""What the language of predicates refuses."""

from typing import ClassVar

from jinku.base.errors import InputError, JinkuError


class BadExpression(InputError):
    """A text that is no expression of the language, with the place where it goes wrong.

    `rule` is the name of the rule or feature that has the text; `line` and `column` count from 1 inside the text;
    `value` is the name or word in question and `nearest` the known name closest to it, both empty where none is.
    """

    code: ClassVar[str] = "bad_expression"

    def __init__(
        self,
        problem: str,
        *,
        rule: str = "",
        line: int = 0,
        column: int = 0,
        value: str = "",
        nearest: str = "",
        remedy: str = "",
    ) -> None:
        if nearest:
            remedy = f"did you mean {nearest}?"
        place = [f"{rule}" if rule else "", f"line {line}, column {column}" if line else ""]
        where = ", ".join(part for part in place if part)
        super().__init__(f"{where}: {problem}" if where else problem, remedy=remedy)
        self.problem, self.rule, self.nearest = problem, rule, nearest
        self.line, self.column, self.value = line, column, value


class ColumnsDiffer(JinkuError):
    """Columns that an expression is evaluated over are not those it was checked against."""

    code: ClassVar[str] = "columns_differ"
    http_status: ClassVar[int] = 422


class TooManyWords(JinkuError):
    """A column of small vocabulary has too many different words."""

    code: ClassVar[str] = "too_many_words"
    http_status: ClassVar[int] = 422
