"""Accounts or transfers from a JSON or CSV file into the ledger.

Rules:

1. JSON is what the API takes: ``{"accounts": […]}`` or ``{"transfers": […]}``. CSV has the same field names
   in its first line; flags are separated by blanks.
2. The whole file is read and checked before the first event is sent; a bad field names file, line and value.
3. Events are sent in order, in batches of at most 8,189; a chain of linked events is never cut in two.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from jinku.api.wire import accounts as accounts_wire
from jinku.api.wire import transfers as transfers_wire
from jinku.api.wire.accounts import AccountIn
from jinku.api.wire.results import Results
from jinku.api.wire.transfers import TransferIn
from jinku.base.errors import InputError
from jinku.ledger.layout import Array
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.ledger.model import AccountFlags, CreateAccountStatus, CreateTransferStatus, TransferFlags
from jinku.ledger.service import Ledger

FILE_BYTES_MAX = 512 * 1024 * 1024
_SMALL_NUMBERS = frozenset({"ledger", "code", "timeout", "user_data_32"})
Event = TypeVar("Event", AccountIn, TransferIn)
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_HEADS = "begin with the names of the fields, as docs/cli.md shows"
_GOOD = frozenset({"created", "exists"})
Send = Callable[[Array], Array]
"""``TRANSFER`` rows in, ``RESULT`` rows out."""
Records = list[tuple["_Place", dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record stands: its line in a CSV file, or its name within a JSON document."""

    line: int = 0
    name: str = ""


def create_from(ledger: Ledger, file: Path, send: Send | None = None) -> dict[str, Any]:
    """Create what `file` holds; transfers by `send`, straight to the ledger where there is none. Returns kind, counts
    and the events refused. Raises InputError."""
    if file.stat().st_size > FILE_BYTES_MAX:
        raise InputError("is too large", file=file.name, remedy=f"split it below {FILE_BYTES_MAX} bytes")
    kind, records = _read(file)
    if kind == "accounts":
        accounts = [_checked(AccountIn, record, file, place) for place, record in records]
        return _send_accounts(ledger, accounts)
    transfers = [_checked(TransferIn, record, file, place) for place, record in records]
    return _send_transfers(send or ledger.create_transfers_array, transfers)


def _send_accounts(ledger: Ledger, events: list[AccountIn]) -> dict[str, Any]:
    rendered: list[dict[str, Any]] = []
    results = Results(CreateAccountStatus)
    for first, last in list(_batches([bool(event.flags & AccountFlags.LINKED) for event in events])):
        rows = ledger.create_accounts_array(accounts_wire.rows_of(events[first:last]))
        rendered += _rendered(results, [event.id for event in events[first:last]], rows)
    return _answer("accounts", rendered)


def _send_transfers(send: Send, events: list[TransferIn]) -> dict[str, Any]:
    rendered: list[dict[str, Any]] = []
    results = Results(CreateTransferStatus)
    for first, last in list(_batches([bool(event.flags & TransferFlags.LINKED) for event in events])):
        rows = send(transfers_wire.rows_of(events[first:last]))
        rendered += _rendered(results, [event.id for event in events[first:last]], rows)
    return _answer("transfers", rendered)


def _rendered(results: Results, ids: list[int], rows: Array) -> list[dict[str, Any]]:
    timestamps, statuses = rows["timestamp"].tolist(), rows["status"].tolist()
    return [results.one(*row) for row in zip(ids, timestamps, statuses, strict=True)]


def _answer(kind: str, rendered: list[dict[str, Any]]) -> dict[str, Any]:
    refused = [
        {
            "event": number,
            "id": one["id"],
            "status": one["status"],
            "meaning": one.get("meaning", ""),
            "remedy": one.get("remedy", ""),
        }
        for number, one in enumerate(rendered, 1)
        if one["status"] not in _GOOD
    ]
    created = sum(one["status"] == "created" for one in rendered)
    return {"kind": kind, "events": len(rendered), "created": created, "refused": refused}


def _batches(linked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last + 1 of each batch; the cut comes after an event that is not linked to the next."""
    first = 0
    while first < len(linked):
        last = min(first + BATCH_EVENTS_MAX, len(linked))
        while last < len(linked) and linked[last - 1]:
            last -= 1
            if last == first:
                raise InputError(
                    "is part of a chain of linked events that does not fit a batch",
                    field="event",
                    value=str(first + 1),
                    remedy=f"end chains after at most {BATCH_EVENTS_MAX} events",
                )
        yield first, last
        first = last


def _read(file: Path) -> tuple[str, Records]:
    suffix = file.suffix.lower()
    if suffix == ".json":
        return _read_json(file)
    if suffix == ".csv":
        return _read_csv(file)
    raise InputError("is neither .json nor .csv", file=file.name, remedy="name it by what it is")


def _read_json(file: Path) -> tuple[str, Records]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:  # of UTF-8, of JSON, of a number or a nesting without end
        line = getattr(error, "lineno", 0)
        raise InputError(
            "is not valid JSON", file=file.name, line=line, remedy="write one JSON object, UTF-8"
        ) from None
    keys = set(document) if isinstance(document, dict) else set()
    kind = next(iter(keys & {"accounts", "transfers"}), "")
    if len(keys) != 1 or not kind or not isinstance(document[kind], list):
        raise InputError(
            'is not {"accounts": […]} or {"transfers": […]}',
            file=file.name,
            remedy="see docs/cli.md for an example",
        )
    return kind, [(_Place(name=f"{kind}[{number}]"), record) for number, record in enumerate(document[kind])]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; one that gives a field twice would mean two things. Raises ValueError."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a field comes twice")
    return made


def _read_csv(file: Path) -> tuple[str, Records]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restkey="(surplus)", restval=None, strict=True)
        try:
            names = reader.fieldnames or []
            kind = "transfers" if "amount" in names else "accounts"
            if "id" not in names:
                raise InputError("column is missing", file=file.name, line=1, field="id", remedy=_HEADS)
            if len(set(names)) != len(names):
                raise InputError("names a field twice", file=file.name, line=1, remedy="name each field once")
            records = [(_Place(reader.line_num), _csv_record(row, file, reader.line_num)) for row in reader]
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"is not valid CSV: {error}", file=file.name, line=reader.line_num) from None
    return kind, records


def _csv_record(row: dict[Any, Any], file: Path, line: int) -> dict[str, Any]:
    if "(surplus)" in row or None in row.values():
        raise InputError("has not as many cells as the first line", file=file.name, line=line)
    record: dict[str, Any] = {}
    for name, text in row.items():
        if name == "flags":
            record[name] = text.split()
        elif text.strip():
            small = name in _SMALL_NUMBERS and _DIGITS.fullmatch(text.strip())
            record[name] = int(text) if small else text.strip()
    return record


def _checked(model: type[Event], record: Any, file: Path, place: _Place) -> Event:
    try:
        return model.model_validate(record)
    except ValidationError as error:
        problem: Any = error.errors(include_url=False, include_context=False)[0]
        value = problem.get("input")
        raise InputError(
            str(problem["msg"]).removeprefix("Value error, "),
            file=file.name,
            line=place.line,
            field=".".join(filter(None, (place.name, *map(str, problem["loc"])))) or "record",
            value=str(value)[:60] if not isinstance(value, dict) else "",
        ) from None
