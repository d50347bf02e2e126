"""From a program's text to its syntax tree, or to an error that names line, column and what was expected.

Rules:

1. Size and depth are bounded before the text is looked into deeply (`jinku.custody.numscript.limits`).
2. What turns the direction of writing is refused, in comments too: a person must read what will run.
3. Reading never runs anything: unknown names, types and flags are found when the program runs.

Example::

    parse("send [CNY/2 100] ( source = @world destination = @investor:7 )").statements  # (Send(…),)
"""

import re

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from jinku.custody.numscript.comments import without_comments
from jinku.custody.numscript.errors import LimitExceeded, SyntaxRefused
from jinku.custody.numscript.grammar import grammar, word_of
from jinku.custody.numscript.limits import PROGRAM_BYTES_MAX, PROGRAM_DEPTH_MAX
from jinku.custody.numscript.place import NOWHERE, Place
from jinku.custody.numscript.syntax import Program
from jinku.custody.numscript.tree import program_of

_EXPECTED_WORDS_MAX = 8
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")


def parse(text: str) -> Program:
    """The program that `text` is. Raises SyntaxRefused, LimitExceeded."""
    size = len(text.encode(errors="surrogatepass"))
    if size > PROGRAM_BYTES_MAX:
        raise LimitExceeded(
            f"the program has {size} bytes, at most {PROGRAM_BYTES_MAX} are read", remedy="split it"
        )
    _check_readable(text)
    try:
        tree = grammar().parse(without_comments(text))
    except UnexpectedInput as error:
        raise _refused(error, text) from None
    _check_depth(tree)
    return program_of(tree, text)


def _check_readable(text: str) -> None:
    """A program must run as it reads: in a comment or a text these would show its words in another order."""
    found = _TURNING.search(text)
    if found is not None:
        at = found.start()
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        raise SyntaxRefused(
            f"the character U+{ord(found.group()):04X} turns the direction of writing",
            place=Place(line, column, at, at + 1),
        )


def _check_depth(tree: Tree[Token]) -> None:
    """Walk the tree without recursion, so that no program can exhaust the stack."""
    waiting: list[tuple[Tree[Token], int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > PROGRAM_DEPTH_MAX:
            meta = node.meta
            place = NOWHERE if meta.empty else Place(meta.line, meta.column, meta.start_pos, meta.end_pos)
            raise LimitExceeded(
                f"this is nested deeper than {PROGRAM_DEPTH_MAX}",
                place=place,
                remedy="use fewer levels or terms",
            )
        waiting += [(child, depth + 1) for child in node.children if isinstance(child, Tree)]


def _refused(error: UnexpectedInput, text: str) -> SyntaxRefused:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        token = error.token
        place = Place(token.line or 1, token.column or 1, token.start_pos or 0, token.end_pos or 0)
        return SyntaxRefused(f"unexpected {str(token)[:40]!r}", place=place, expected=_words(error.accepts))
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        place = Place(error.line, error.column, at, at + 1)
        return SyntaxRefused(f"no word of the language starts with {text[at : at + 1]!r}", place=place)
    accepts = error.accepts if isinstance(error, UnexpectedToken) else set()
    if isinstance(error, UnexpectedEOF):
        accepts = set(error.expected)
    end = text.rstrip()
    place = Place(end.count("\n") + 1, len(end) - (end.rfind("\n") + 1) + 1, len(end), len(end))
    return SyntaxRefused("the program ends too early", place=place, expected=_words(accepts))


def _words(tokens: set[str]) -> list[str]:
    words = sorted((word_of(token) for token in tokens), key=lambda word: (word.startswith("`"), word))
    return words if len(words) <= _EXPECTED_WORDS_MAX else [*words[:_EXPECTED_WORDS_MAX], "…"]
