"""From the lines of a file to SWIFT messages, each a list of fields; rules in the package.

Around the text block everything but the message type in block 2 is passed over, and so are up to ``HEADING_LINES_MAX``
lines before a bare message, which some banks put there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jinku.base.errors import InputError
from jinku.custody.statements.formats.source import FETCH_AGAIN, Source, Text

HEADING_LINES_MAX = 3
HEADINGS = (":940:", ":942:")
HEADER_CHARS_MAX = 1_000
FIELD_LINES_MAX = 60

_TAG = re.compile(r":([0-9]{2}[A-Z]?|NS):(.*)", re.ASCII | re.DOTALL)
_TYPE = re.compile(r"\{2:[IO]([0-9]{3})", re.ASCII)
_AFTER = re.compile(r"-\}(\{.*\})?\$?", re.ASCII)
_HEADER_END = "{4:"
_TYPES = ("940", "942")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its tag without colons and its lines."""

    tag: str
    line: int
    texts: tuple[str, ...]

    @property
    def value(self) -> Text:
        """The first line, for fields that have no more."""
        return Text(self.texts[0], self.line)


@dataclass(slots=True)
class Message:
    """One message: its type by block 2 (empty where bare), where it starts, its fields, whether its end was marked."""

    type: str
    line: int
    fields: list[Field] = field(default_factory=list)
    ended: bool = False


def messages(source: Source) -> Iterator[Message]:
    """The messages of `source` in order. Raises InputError."""
    return _Splitter(source).split()


class _Splitter:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._lines = source.lines
        self._at = 0
        self._dashed = False
        self._bare_ended = False
        self._last: Message | None = None

    def split(self) -> Iterator[Message]:
        enveloped: bool | None = None
        while self._skip_blank():
            in_blocks = self._lines[self._at].startswith("{")
            if enveloped not in (None, in_blocks):
                raise self._bad("stands among messages of another form", self._lines[self._at])
            enveloped = in_blocks
            yield self._enveloped() if in_blocks else self._bare()
        if enveloped is False:
            self._check_end()

    def _skip_blank(self) -> bool:
        while self._at < len(self._lines) and self._lines[self._at].strip() in ("", "$"):
            self._at += 1
        return self._at < len(self._lines)

    def _enveloped(self) -> Message:
        first = self._at
        header = ""
        while _HEADER_END not in header:
            if self._at >= len(self._lines):
                raise self._cut("before the text block")
            header += self._lines[self._at]
            self._at += 1
            if len(header) > HEADER_CHARS_MAX:
                raise self._bad("is no SWIFT header with a text block", header, "block 1")
        head, _, rest = header.partition(_HEADER_END)
        kind = _TYPE.search(head)
        if kind is None or kind.group(1) not in _TYPES:
            named = kind.group(1) if kind else head
            raise self._bad("is not an MT940 or MT942", named, "block 2", first + 1)
        message = Message(kind.group(1), first + 1)
        if rest.strip():
            raise self._bad("stands after the start of the text block", rest, "block 4")
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("-}"):
                if not _AFTER.fullmatch(line.strip()):
                    raise self._bad("is no end of a message", line, "block 4", self._at + 1)
                self._at += 1
                message.ended = True
                return message
            self._take(message, line)
        raise self._cut("in the text block")

    def _bare(self) -> Message:
        message = Message("", self._at + 1)
        heading = 0
        while not self._lines[self._at].startswith(":20:"):
            heading += 1
            line = self._lines[self._at]
            if heading > HEADING_LINES_MAX or (line.startswith((":", "-")) and line.strip() not in HEADINGS):
                raise self._bad("stands before the message's first field, 20", line)
            self._at += 1
            if self._at >= len(self._lines):
                raise self._cut("before a message")
        message.line = self._at + 1
        self._bare_ended = False
        self._last = message
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.rstrip() == "-":
                self._at += 1
                self._dashed = self._bare_ended = message.ended = True
                break
            if message.fields and (line.startswith(":20:") or line.strip() in HEADINGS):
                break
            self._take(message, line)
        return message

    def _take(self, message: Message, line: str) -> None:
        """Put the line where the reader stands into `message`."""
        number = self._at + 1
        tag = _TAG.fullmatch(line)
        if tag is not None:
            message.fields.append(Field(tag.group(1), number, (tag.group(2).rstrip(),)))
        elif line.startswith(":"):
            raise self._bad("is no field of a statement", line, "tag", number)
        elif message.fields and line.strip():
            last = message.fields[-1]
            if len(last.texts) >= FIELD_LINES_MAX:
                raise self._bad(f"has more than {FIELD_LINES_MAX} lines", line, last.tag, number)
            message.fields[-1] = Field(last.tag, last.line, (*last.texts, line))
        elif line.strip():  # no field yet
            raise self._bad("stands before the message's first field", line, "tag", number)
        self._at += 1

    def _check_end(self) -> None:
        """A bare file shows that it is whole by its last ``-``, or where it has none by the end of its last line; a
        final balance needs neither, since the sums would tell."""
        final = self._last is not None and self._last.fields[-1].tag == "62F"
        ended = self._bare_ended if self._dashed else final or self._source.ends_with_line_end
        if not ended:
            raise self._cut("in its last message")

    def _cut(self, where: str) -> InputError:
        line = len(self._lines)
        return self._source.bad(f"the file ends in the middle, {where}", line, "file", "", FETCH_AGAIN)

    def _bad(self, problem: str, value: str, field: str = "message", line: int = 0) -> InputError:
        return self._source.bad(problem, line or self._at + 1, field, value)
