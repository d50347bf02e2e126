"""From lines to BAI2 records: a two-digit code, fields parted by commas, a slash at the end; 88 goes on.

A field ends at a comma or at its line's end. The last field of a 16 is text: it runs on with its commas, through the 88
records that follow, joined with a blank; one slash at the end of a line ends the line and is no part of the text.
Trailers are taken without a slash too, as some banks write them: their totals and counts show that they are whole.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jinku.custody.statements.formats.source import Source, Text

CONTINUATION = "88"
CODES = frozenset({"01", "02", "03", "16", "49", "98", "99"})
LINES_OF_RECORD_MAX = 1_000
_LINE = re.compile(r"([0-9]{2})(?:,(.*))?", re.ASCII)


@dataclass(slots=True)
class Record:
    """One record with what 88 records add to it; fields are taken from its front."""

    code: str
    line: int
    pieces: list[Text] = field(default_factory=list)
    """What is left to take, line by line."""
    size: int = 1
    """Physical records."""
    line_done: bool = False
    """Whether the field taken last was the last of its line."""

    def take(self) -> Text | None:
        """The next field, None where there is none left."""
        if not self.pieces:
            return None
        piece = self.pieces[0]
        value, comma, rest = piece.text.partition(",")
        self.line_done = not comma
        if comma:
            self.pieces[0] = Text(rest, piece.line)
        else:
            self.pieces.pop(0)
        return Text(value.strip(), piece.line)

    def needed(self) -> Text:
        """The next field, empty where there is none left."""
        return self.take() or Text("", self.line)

    def starts_line(self) -> bool:
        """Whether the line that a field was just taken from is used up, and the next one begins a summary."""
        if not self.line_done:
            return False
        return not self.pieces or re.match(r"[0-9]{3},", self.pieces[0].text, re.ASCII) is not None

    def rest(self) -> Text:
        """All that is left, as text."""
        pieces, self.pieces = self.pieces, []
        line = pieces[0].line if pieces else self.line
        return Text(" ".join(piece.text.strip() for piece in pieces if piece.text.strip()), line)


def records(source: Source) -> Iterator[Record]:
    """The records of `source` in order. Raises InputError: a line that is no record, or cut off."""
    current: Record | None = None
    for number, raw in enumerate(source.lines, 1):
        line = raw.strip()
        if not line:
            continue
        found = _LINE.fullmatch(line.removesuffix("/"))
        if found is None or (found.group(1) not in CODES and found.group(1) != CONTINUATION):
            raise source.bad("is no record of BAI2", number, "record", line)
        code, text = found.group(1), Text(found.group(2) or "", number)
        if code != CONTINUATION:
            if current is not None:
                yield current
            current = Record(code, number, [text])
        elif current is None or current.code not in ("01", "02", "03", "16"):
            raise source.bad("goes on with nothing", number, "88", line)
        else:
            current.pieces.append(text)
            current.size += 1
            if current.size > LINES_OF_RECORD_MAX:
                raise source.bad(f"goes on for more than {LINES_OF_RECORD_MAX} lines", number, "88", line)
        if current.code in ("01", "02", "03") and not line.endswith("/"):
            raise source.bad("does not end with a slash", number, code, line)
    if current is not None:
        yield current
