"""Order files: one JSON object a line, each a request to the corridor; and an order back as JSON.

Rules:

1. `type` is an order type's name in lower case; the other fields are those of the order. Ids and amounts are strings of
   digits, days ``YYYY-MM-DD``, moments RFC 3339.
2. An account is its id in digits, or the key of its kind with the party: ``investor:42``, ``fee_income``.
3. `mandate` is a mandate's number; `word` a one-time authorisation: method, evidence, given_at, digest (hex).
   `second_mandate` and `second_word` are the seller's. `maker` may be left out where the caller names one.
4. A file is taken whole or refused whole: the error names file, line, field and value.

Example::

    {"type": "bid", "id": "…", "day": "2026-11-20", "subject": "77", "investor": "investor:1",
     "borrower": "borrower:3", "amount": "100000", "mandate": "7"}
"""

import json
from collections.abc import Mapping
from dataclasses import fields as fields_of
from datetime import date
from pathlib import Path
from typing import Any

from jinku.base.clock import from_rfc3339
from jinku.base.errors import InputError
from jinku.custody.errors import BadOrder
from jinku.custody.orders.catalogue import CATALOGUE, OrderKind, OrderType, type_of
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.exceptional import Booked
from jinku.custody.orders.mandates import Method
from jinku.custody.orders.model import Hold, Mode, Order, Paid, Share
from jinku.custody.orders.policy import is_channel
from jinku.custody.orders.requests import OneTime, Request
from jinku.custody.structure.chart import Chart

LINES_MAX = 1_000_000
LINE_CHARACTERS_MAX = 1_000_000
_DIGITS_MAX = 39
_DAY_CHARACTERS = 10
_REQUEST_FIELDS = frozenset({"type", "maker", "mandate", "word", "second_mandate", "second_word"})
_PARTS: Mapping[type, tuple[str, ...]] = {
    Hold: ("transfer", "amount"),
    Share: ("account", "principal"),
    Booked: ("transfer", "amount"),
    Paid: ("transfer", "payer", "payee", "refundable"),
}
_ACCOUNTS = frozenset({"account", "payer", "payee"})
_SINGLE = frozenset({"hold", "paid"})
_PART_OF = {"hold": Hold, "holds": Hold, "shares": Share, "legs": Booked, "paid": Paid}


class _Bad(Exception):
    """A field of a line is not what it must be."""

    def __init__(self, field: str, value: object, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.field, self.value, self.problem, self.remedy = field, value, problem, remedy


def read_requests(path: Path, chart: Chart, maker: str = "") -> list[Request]:
    """The requests in the file at `path`; `maker` gives those that name none. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {type(error).__name__}", file=path.name) from None
    if len(lines) > LINES_MAX:
        raise InputError(f"more than {LINES_MAX} lines", file=path.name, remedy="split the file")
    numbered = [(number, text) for number, text in enumerate(lines, 1) if text.strip()]
    if not numbered:
        raise InputError("has no order", file=path.name, remedy="write one JSON object a line")
    return [_looked_at(text, chart, maker, path.name, number) for number, text in numbered]


def request_told(told: Mapping[str, Any], chart: Chart, maker: str, number: int) -> Request:
    """The request that one JSON object tells, `number` being its place among others. Raises InputError."""
    return _looked_at(told, chart, maker, "orders", number)


def _looked_at(told: str | Mapping[str, Any], chart: Chart, maker: str, file: str, line: int) -> Request:
    try:
        request = _request(_told(told) if isinstance(told, str) else told, chart, maker)
        OrderColumns.of(chart, [request.order])  # what can be said of an order by looking at it alone
    except _Bad as bad:
        shown = str(bad.value)[:80]
        raise InputError(
            bad.problem, file=file, line=line, field=bad.field, value=shown, remedy=bad.remedy
        ) from None
    except BadOrder as bad:
        raise InputError(
            bad.message.partition(": ")[2],
            file=file,
            line=line,
            field=bad.field,
            value=str(bad.value)[:80],
            remedy=bad.remedy,
        ) from None
    return request


def order_schemas() -> list[dict[str, Any]]:
    """The JSON Schema of each type of order as it stands in a file or a request; the module's rules as a document."""
    return [_schema(kind) for kind in CATALOGUE.values()]


def order_document(order: Order) -> dict[str, Any]:
    """An order as JSON values, in the form that files have it."""
    kind = type_of(order)
    if kind is None:
        raise BadOrder("no such order", field="order", value=type(order).__name__)
    found: dict[str, Any] = {"type": kind.name.lower()}
    for field in fields_of(order):
        value = getattr(order, field.name)
        if isinstance(value, date):
            found[field.name] = value.isoformat()
        elif isinstance(value, Mode):
            found[field.name] = value.name.lower()
        elif isinstance(value, int):
            found[field.name] = str(value)
        elif isinstance(value, tuple):
            found[field.name] = [_part_document(one) for one in value]
        else:
            found[field.name] = _part_document(value)
    return found


def _part_document(part: Any) -> dict[str, str]:
    return {name: str(getattr(part, name)) for name in _PARTS[type(part)]}


def _told(text: str) -> dict[str, Any]:
    if len(text) > LINE_CHARACTERS_MAX:
        raise _Bad("line", len(text), f"longer than {LINE_CHARACTERS_MAX} characters")
    try:
        told = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise _Bad(
            "line", text[:40], "is not JSON", "write one JSON object a line, each field once"
        ) from None
    if not isinstance(told, dict):
        raise _Bad("line", text[:40], "is not a JSON object")
    return told


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; one that gives a field twice would be read one way and booked another. Raises ValueError."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field comes twice")
    return made


def _request(told: Mapping[str, Any], chart: Chart, maker: str) -> Request:
    name = told.get("type")
    if not isinstance(name, str) or not name.isascii() or name.upper() not in OrderType.__members__:
        raise _Bad("type", name, "no such type of order", "see docs/orders.md")
    kind = CATALOGUE[OrderType[name.upper()]]
    order = _order(kind, told, chart)
    who = told.get("maker", maker)
    if not isinstance(who, str) or not who:
        raise _Bad("maker", who, "nobody gives it", "name who gives it in the line, or with --by")
    if is_channel(who):
        raise _Bad(
            "maker", who, "is the bank channel, in whose name nobody else gives orders", "give it in your own"
        )
    return Request(
        order,
        who,
        _number(told, "mandate", 0),
        _word(told, "word"),
        _number(told, "second_mandate", 0),
        _word(told, "second_word"),
    )


def _order(kind: OrderKind, told: Mapping[str, Any], chart: Chart) -> Order:
    declared = {field.name: field for field in fields_of(kind.order)}
    for name in told:
        if name not in declared and name not in _REQUEST_FIELDS:
            raise _Bad(name, told[name], f"a {kind.type.name.lower()} has no such field")
    columns = kind.fields
    accounts = {columns.first, columns.second, columns.third}
    values: dict[str, Any] = {}
    for name in declared:
        if name not in told:
            if name in _OPTIONAL:
                continue
            raise _Bad(name, "", "is missing")
        if name == "day":
            values[name] = _day(told[name])
        elif name == "mode":
            values[name] = _mode(told[name])
        elif name in _PART_OF:
            values[name] = _parts(name, told[name], chart)
        elif name in accounts:
            values[name] = _account(name, told[name], chart)
        else:
            values[name] = _number(told, name)
    return kind.order(**values)


_OPTIONAL = frozenset({"subject", "reference", "timeout", "fee", "merchant", "mode"})


_DIGITS_SCHEMA = {"type": "string", "pattern": f"^[0-9]{{1,{_DIGITS_MAX}}}$"}
_ACCOUNT_SCHEMA = {
    "type": "string",
    "pattern": f"^([0-9]{{1,{_DIGITS_MAX}}}|[A-Za-z_]{{1,40}}(:[0-9]{{1,20}})?)$",
    "description": "An account's id, or KIND:PARTY such as investor:42.",
}
_WORD_SCHEMA = {
    "type": "object",
    "description": "The customer's authorisation of exactly this order, used once.",
    "required": ["method", "evidence", "given_at", "digest"],
    "additionalProperties": False,
    "properties": {
        "method": {"type": "string", "enum": [one.name.lower() for one in Method]},
        "evidence": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,40}$"},
        "given_at": {
            "type": "string",
            "pattern": r"^20[0-9]{2}-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z$",
        },
        "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    },
}
_REQUEST_SCHEMA = {
    "maker": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    "mandate": _DIGITS_SCHEMA,
    "word": _WORD_SCHEMA,
    "second_mandate": _DIGITS_SCHEMA,
    "second_word": _WORD_SCHEMA,
}


def _schema(kind: OrderKind) -> dict[str, Any]:
    columns = kind.fields
    accounts = {columns.first, columns.second, columns.third}
    properties: dict[str, Any] = {"type": {"const": kind.type.name.lower()}}
    for name in (field.name for field in fields_of(kind.order)):
        if name == "day":
            properties[name] = {
                "type": "string",
                "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
            }
        elif name == "mode":
            properties[name] = {"type": "string", "enum": [one.name.lower() for one in Mode]}
        elif name in _PART_OF:
            part = _part_schema(_PARTS[_PART_OF[name]])
            properties[name] = part if name in _SINGLE else {"type": "array", "items": part}
        else:
            properties[name] = _ACCOUNT_SCHEMA if name in accounts else _DIGITS_SCHEMA
    return {
        "title": kind.english,
        "description": f"{kind.english} ({kind.chinese}), on the word of the {kind.word.value}.",
        "type": "object",
        "required": [name for name in properties if name not in _OPTIONAL],
        "additionalProperties": False,
        "properties": {**properties, **_REQUEST_SCHEMA},
    }


def _part_schema(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(names),
        "additionalProperties": False,
        "properties": {name: _ACCOUNT_SCHEMA if name in _ACCOUNTS else _DIGITS_SCHEMA for name in names},
    }


def _parts(name: str, value: Any, chart: Chart) -> Any:
    many = value if isinstance(value, list) else [value]
    maker = _PART_OF[name]
    found = []
    for place, one in enumerate(many):
        where = f"{name}[{place}]"
        if not isinstance(one, dict) or set(one) != set(_PARTS[maker]):
            raise _Bad(where, one, f"is not {', '.join(_PARTS[maker])}")
        numbers = [
            _account(f"{where}.{key}", one[key], chart)
            if key in _ACCOUNTS
            else _digits(f"{where}.{key}", one[key])
            for key in _PARTS[maker]
        ]
        found.append(maker(*numbers))
    if name in _SINGLE:
        if len(found) != 1 or isinstance(value, list):
            raise _Bad(name, value, "is not one")
        return found[0]
    return tuple(found)


def _number(told: Mapping[str, Any], name: str, otherwise: int | None = None) -> int:
    if name not in told and otherwise is not None:
        return otherwise
    return _digits(name, told.get(name))


def _digits(name: str, value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > _DIGITS_MAX:
        raise _Bad(name, value, "is not a string of digits", 'write whole minor units, as "12500"')
    return int(value)


def _account(name: str, value: Any, chart: Chart) -> int:
    if isinstance(value, str) and value and not value.isdigit():
        key, _, party = value.partition(":")
        if not party or (party.isascii() and party.isdigit() and len(party) <= _DIGITS_MAX):
            for code, kind in chart.structure.kinds.items():
                if kind.key.lower() == key.lower():
                    try:
                        return chart.account(code, int(party or 0))
                    except BadOrder:
                        break
        raise _Bad(name, value, "names no account", "write its id, or KIND:PARTY such as investor:42")
    return _digits(name, value)


def _day(value: Any) -> date:
    if not isinstance(value, str) or len(value) != _DAY_CHARACTERS or value[4] != "-" or value[7] != "-":
        raise _Bad("day", value, "is not a day", "write YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _Bad("day", value, "is not a day", "write YYYY-MM-DD") from None


def _mode(value: Any) -> Mode:
    try:
        return Mode[value.upper()]
    except (AttributeError, KeyError):
        raise _Bad("mode", value, "no such mode", "write normal, immediate or confirmed") from None


def _word(told: Mapping[str, Any], name: str) -> OneTime | None:
    value = told.get(name)
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"method", "evidence", "given_at", "digest"}:
        raise _Bad(name, value, "is not method, evidence, given_at and digest")
    try:
        method, evidence = Method[value["method"].upper()], value["evidence"]
        digest = bytes.fromhex(value["digest"])
        given_at = from_rfc3339(value["given_at"])
        return OneTime(method, evidence, given_at, digest)
    except (AttributeError, KeyError, TypeError, ValueError, InputError):
        raise _Bad(name, value, "is not an authorisation", "see docs/orders.md for its form") from None
