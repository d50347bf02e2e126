"""Read camt.052, 053 and 054 files into statements; see `jinku.custody.statements.formats.camt` for the rules.

The parser is expat as defusedxml sets it up (DTD, entities and external references refused). One pass keeps
only the elements of ``fields.FIELDS``; each goes into its container's record as text with its line,
and the record becomes a value when its container ends.
"""

import re
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError, errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from jinku.base.errors import InputError
from jinku.custody.statements.formats.camt.fields import (
    CONTAINERS,
    FIELDS,
    MESSAGES,
    REPEATED,
    Message,
    Record,
    Value,
    message_of,
)
from jinku.custody.statements.formats.camt.values import Place, entry_of, statement_of
from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.source import identities
from jinku.custody.statements.model import Statement, StatementEntry

_TRUNCATED = frozenset(
    errors.codes[message]
    for message in (
        errors.XML_ERROR_NO_ELEMENTS,
        errors.XML_ERROR_UNCLOSED_TOKEN,
        errors.XML_ERROR_PARTIAL_CHAR,
        errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
BLANK_CHARS_MAX = 10_000
"""Blanks around a field's text that layout may add; they are stripped."""
REPEATED_CHARS_MAX = 20_000
"""A field that may come again, all its texts together."""
_ENCODING = re.compile(
    r"utf-8|utf-16(le|be)?|(us-)?ascii|iso-8859-([1-9]|1[013-6])|(windows-|cp)125[0-8]", re.IGNORECASE
)
"""What a file may declare: what the standard asks for (UTF-8), and encodings of one byte a character that banks use."""
_DEFAULT_LIMITS = ReadLimits()


def read(source: Path | bytes, name: str = "", *, limits: ReadLimits = _DEFAULT_LIMITS) -> list[Statement]:
    """The statements of one file, checked (rule 4), in the file's order.

    `name` is what errors call the file; a path's own name where it is empty. Raises InputError.
    """
    name = name or (source.name if isinstance(source, Path) else "")
    data = _bytes(source, name, limits)
    reader = _Reader(name, limits)
    try:
        reader.expat.Parse(data, True)
    except ExpatError as error:
        cut = error.code in _TRUNCATED
        problem = "the file ends in the middle" if cut else "is not well-formed XML"
        raise InputError(
            f"{problem}: {errors.messages[error.code]}",
            file=name,
            line=error.lineno,
            field="Document",
            remedy="fetch the file again" if cut else "ask the bank for a correct file",
        ) from None
    except DefusedXmlException:
        raise reader.bad("has a DTD or an entity, which a statement never needs", "Document") from None
    if not reader.statements:
        raise reader.bad("holds no statement", reader.message.body)
    return reader.statements


def _bytes(source: Path | bytes, name: str, limits: ReadLimits) -> bytes:
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                source = file.read(limits.file_bytes_max + 1)
        except OSError as error:
            raise InputError(
                f"cannot be read: {error.strerror}", file=name, remedy="check the path"
            ) from None
    if len(source) > limits.file_bytes_max:
        raise InputError(
            f"is larger than {limits.file_bytes_max} bytes",
            file=name,
            remedy="split the file or raise the limit",
        )
    return source


class _State:
    """One known element: what may follow, and what it fills."""

    __slots__ = ("children", "container", "key")

    def __init__(self) -> None:
        self.children: dict[str, _State] = {}
        self.key = ""
        self.container = ""


def _states(namespace: str, message: Message) -> _State:
    root = _State()
    for level, path in [*((one, "") for one in CONTAINERS), *FIELDS]:
        state = root
        container = message.path(level)
        for tag in (f"{container}/{path}" if path else container).split("/"):
            state = state.children.setdefault(f"{namespace}}}{tag}", _State())
        if path:
            state.key = path
        else:
            state.container = container
    return root


class _Reader:
    """The handlers of one parse and what they have gathered so far."""

    def __init__(self, name: str, limits: ReadLimits) -> None:
        self.name = name
        self.limits = limits
        self.statements: list[Statement] = []
        self._known: set[tuple[str, ...]] = set()
        self.message = MESSAGES["camt.053"]
        self.expat: Any = DefusedXMLParser(forbid_dtd=True).parser
        self.expat.ordered_attributes = False
        self.expat.StartElementHandler = self._root
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._data
        self.expat.XmlDeclHandler = self._declared
        self._depth_max = limits.depth_max
        self._text_chars_max = limits.field_chars_max + BLANK_CHARS_MAX
        self._skip = _State()
        self._stack: list[_State] = []
        self._state = self._skip
        self._text = ""
        self._opened = 0
        self._currency: str | None = None
        self._record = Record("", 0)
        self._records = [self._record]
        self._group = Record("", 0)
        self._balances: list[Record] = []
        self._entries: list[StatementEntry] = []
        self._entry_count = 0

    def bad(self, problem: str, field: str, value: str = "", line: int = 0) -> InputError:
        """The error for this file, at `line` or where the parser stands."""
        at = line or self.expat.CurrentLineNumber
        return InputError(
            problem,
            file=self.name,
            line=at,
            field=field,
            value=value[:80],
            remedy="ask the bank for a correct file",
        )

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """The XML declaration, before expat looks for the encoding."""
        if encoding and not _ENCODING.fullmatch(encoding):
            raise self.bad("is an encoding that is not read here", "encoding", encoding)

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition("}")
        message = message_of(namespace)
        if tag != "Document" or message is None:
            problem = "is not a camt.052, camt.053 or camt.054 document of version 02 to 13"
            raise self.bad(problem, "Document", namespace or tag)
        self.message = message
        self._stack.append(self._skip)
        self._state = _states(namespace, message)
        self.expat.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        stack, before = self._stack, self._state
        if len(stack) >= self._depth_max:
            raise self.bad(f"is nested deeper than {self._depth_max}", name.rpartition("}")[2])
        stack.append(before)
        self._state = state = before.children.get(name, self._skip)
        if state.key:
            self._text = ""
            self._opened = self.expat.CurrentLineNumber
            self._currency = attributes.get("Ccy")
        elif state.container:
            self._record = Record(state.container, self.expat.CurrentLineNumber)
            self._records.append(self._record)

    def _data(self, text: str) -> None:
        if self._state.key:
            self._text += text
            if len(self._text) > self._text_chars_max:
                raise self._too_long(self._state.key, self._text, self._opened)

    def _end(self, _: str) -> None:
        state = self._state
        self._state = self._stack.pop()
        if state.key:
            self._keep(state.key)
        elif state.container:
            self._record = self._records[-2]
            self._close(self._records.pop())

    def _keep(self, key: str) -> None:
        text = self._text.strip()
        record = self._record
        if len(text) > self.limits.field_chars_max:
            raise self._too_long(key, text, self._opened)
        if key in record.values:
            if key not in REPEATED:
                raise self.bad("comes twice", f"{record.kind}/{key}", text, self._opened)
            text = f"{record.values[key].text} {text}"
            if len(text) > REPEATED_CHARS_MAX:
                raise self.bad(
                    f"repeats to more than {REPEATED_CHARS_MAX} characters", key, text, self._opened
                )
        record.values[key] = Value(text, self._opened, self._currency)

    def _too_long(self, key: str, text: str, line: int) -> InputError:
        return self.bad(f"has more than {self.limits.field_chars_max} characters", key, text, line)

    def _close(self, record: Record) -> None:
        kind = record.kind.rpartition("/")[2]
        if kind == "TxDtls":
            self._records[-1].details.append(record)
        elif kind == "Bal":
            self._infer_currency(record)
            self._balances.append(record)
        elif kind == "Ntry":
            self._entry_count += 1
            if self._entry_count > self.limits.entries_max:
                raise self.bad(f"has more than {self.limits.entries_max} entries", "Ntry")
            self._infer_currency(record)
            self._entries.append(entry_of(record, self._records[-1], self.name))
        elif kind == "GrpHdr":
            self._group = record
        else:
            self._add(record)

    def _infer_currency(self, record: Record) -> None:
        """Where the account does not name its currency, the first balance or entry does."""
        amount = record.values.get("Amt")
        if amount is not None and amount.currency:
            self._records[-1].values.setdefault("Acct/Ccy", Value(amount.currency, amount.line, None))

    def _add(self, record: Record) -> None:
        if len(self.statements) >= self.limits.statements_max:
            problem = f"has more than {self.limits.statements_max} statements"
            raise self.bad(problem, self.message.body)
        made = statement_of(
            self._group, record, self._balances, self._entries, Place(self.name, self.message.kind)
        )
        names = identities(made)
        if names & self._known:
            problem = "this statement comes twice in the file"
            raise self.bad(problem, f"{self.message.body}/Id", made.statement_id, record.line)
        self._known |= names
        self.statements.append(made)
        self._balances, self._entries = [], []
