"""Text from outside, such as a bank's references, made harmless where a person opens it.

Rules:

1. A CSV cell that a spreadsheet would take for a formula is prefixed with an apostrophe; a plain number stays.
2. In Markdown such text makes no cell, link, image, markup or HTML of its own.
3. Characters that steer a terminal or the direction of writing are replaced: nothing can hide or repaint a line.

Example::

    csv_text(("reference", "amount"), [("=1+1", "-5.00")])  # the first cell becomes '=1+1
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARKUP = re.compile(r"([\\`*_\[\]|!~#])")


def visible(text: str) -> str:
    """`text` with U+FFFD in place of control, direction and line-separating characters; newline and tab are blanks."""
    flat = text.replace("\n", " ").replace("\t", " ")
    return "".join("\ufffd" if unicodedata.category(one) in _STEERING else one for one in flat)


def spreadsheet_cell(text: str) -> str:
    """`text` so that no spreadsheet runs it."""
    risky = text.lstrip()[:1] in _FORMULA if text.strip() else False
    return f"'{text}" if risky and not _NUMBER.fullmatch(text) else text


def markdown_cell(text: str) -> str:
    """`text` so that it stays plain text inside one Markdown table cell."""
    return _MARKUP.sub(r"\\\1", visible(text)).replace("&", "&amp;").replace("<", "&lt;")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file: `columns`, then `rows`, each cell harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([spreadsheet_cell(visible(str(cell))) for cell in row] for row in rows)
    return out.getvalue()
