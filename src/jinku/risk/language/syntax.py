"""From text to a syntax tree by sqlglot, within limits that keep any text harmless to read.

Rules:

1. One expression of the dialect `RuleSql`, which is sqlglot's neutral SQL and nobody else's; comments are skipped.
2. A text has at most `LENGTH_MAX` characters, `TOKENS_MAX` words and signs, `NESTING_MAX` levels.

Example::

    read("amount > 100", "big")  # Source(root=GT(...))
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from jinku.risk.language.errors import BadExpression

LENGTH_MAX = 8_000
TOKENS_MAX = 1_500
NESTING_MAX = 24
_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END)
_PREFIX = (TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE)


class RuleSql(Dialect):
    """The dialect of rules: neutral SQL, pinned here so that no default elsewhere can change it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text with the tree that was read from it."""

    text: str
    rule: str
    root: exp.Expr

    def error(
        self, problem: str, at: exp.Expr, *, value: str = "", nearest: str = "", remedy: str = ""
    ) -> BadExpression:
        """What to raise about the node `at`."""
        places = [one.meta["start"] for one in at.walk() if "start" in one.meta]
        line, column = place(self.text, min(places)) if places else (1, 1)
        return BadExpression(
            problem, rule=self.rule, line=line, column=column, value=value, nearest=nearest, remedy=remedy
        )


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def read(text: str, rule: str) -> Source:
    """The syntax tree of `text`. Raises BadExpression."""

    def refused(problem: str, offset: int = 0, value: str = "", remedy: str = "") -> BadExpression:
        line, column = place(text, offset)
        return BadExpression(problem, rule=rule, line=line, column=column, value=value, remedy=remedy)

    if len(text) > LENGTH_MAX:
        raise refused(
            f"has {len(text)} characters, more than {LENGTH_MAX}", remedy="split it into several rules"
        )
    if "\0" in text:
        raise refused("has a zero character", text.index("\0"), remedy="remove it")
    try:
        tokens = RuleSql().tokenize(text)
    except TokenError as error:
        raise refused("has a text or name that is not closed", len(text), remedy="close the quote") from error
    if not tokens:
        raise refused("is empty", remedy="write a condition")
    _check_tokens(tokens, refused)
    try:
        found = RuleSql().parser().parse(tokens, text)
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        word = str(first.get("highlight") or "")
        start = tokens[-1].end
        for token in tokens:
            if (token.line, token.col) == (first.get("line"), first.get("col")):
                start = token.start
        raise refused(
            f"is not SQL near {word!r}" if word else "is not complete",
            start,
            word,
            "check the words before it",
        ) from error
    except RecursionError as error:
        raise refused("is nested too deeply", remedy="split it into several rules") from error
    if len(found) != 1 or found[0] is None:
        second = next((one.end + 1 for one in tokens if one.token_type is TokenType.SEMICOLON), 0)
        raise refused("is more than one expression", second, remedy="write one condition, without ;")
    return Source(text, rule, found[0])


def _check_tokens(tokens: list[Token], refused: Callable[..., BadExpression]) -> None:
    if len(tokens) > TOKENS_MAX:
        raise refused(
            f"has {len(tokens)} words and signs, more than {TOKENS_MAX}",
            tokens[TOKENS_MAX].start,
            remedy="split it into several rules",
        )
    level = run = 0
    for token in tokens:
        kind = token.token_type
        level += (kind in _OPENING) - (kind in _CLOSING)
        run = run + 1 if kind in _PREFIX else 0
        if level > NESTING_MAX or run > NESTING_MAX:
            raise refused(
                f"is nested deeper than {NESTING_MAX} levels",
                token.start,
                remedy="split it into several rules",
            )
