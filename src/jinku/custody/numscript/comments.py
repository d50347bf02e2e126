"""Comments blanked out, so that every other character keeps its place.

Rules:

1. ``//`` runs to the end of its line; ``/* … */`` may be nested and must end.
2. What stands in a text in quotes is no comment.

Example::

    without_comments("send /* all */ x")  # "send           x"
"""

import re

from jinku.custody.numscript.errors import SyntaxRefused
from jinku.custody.numscript.place import Place

_TEXT_OR_COMMENT = re.compile(r'"(?:\\"|[^\r\n"])*"|//[^\r\n]*|/\*')
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_VISIBLE = re.compile(r"[^\r\n]")


def without_comments(text: str) -> str:
    """`text` with each comment turned to blanks. Raises SyntaxRefused for one that does not end."""
    pieces: list[str] = []
    kept_to = at = 0
    while mark := _TEXT_OR_COMMENT.search(text, at):
        at = mark.end()
        if mark.group().startswith('"'):
            continue
        if mark.group() == "/*":
            at = _block_end(text, mark.start())
        pieces += (text[kept_to : mark.start()], _VISIBLE.sub(" ", text[mark.start() : at]))
        kept_to = at
    return "".join(pieces) + text[kept_to:]


def _block_end(text: str, start: int) -> int:
    depth = 0
    for edge in _BLOCK_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    line_start = text.rfind("\n", 0, start) + 1
    place = Place(text.count("\n", 0, start) + 1, start - line_start + 1, start, start + 2)
    raise SyntaxRefused("the comment does not end", place=place, expected=("`*/`",))
