"""Ledger transfers as events: who pays whom, how much, in which currency.

Rules:

1. The customer is the account that is debited, the counterparty the one that is credited; an account's id is a key.
2. `kind` is ``code-N`` of the transfer's code; `currency` the ISO 4217 code of its ledger number, else the number.
3. An amount above 2^63 - 1 counts as that.
4. A request is kept as its 128 bytes and a byte that says whether others of its chain are not decided about.
5. Whether somebody is listed and how a customer is rated tell `Persons`; without it nobody is and none is rated.
6. What the platform told of a movement beforehand (`jinku.risk.decision.context`) is part of its event.

Example::

    requests = transfer_requests(rows, linked, partial, Scene(LocalTime("Asia/Shanghai"), Nobody()))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import TABLE
from jinku.ledger.layout import TRANSFER, Array
from jinku.risk.decision.context import Context, ContextBook
from jinku.risk.decision.model import Bits
from jinku.risk.decision.office import Requests
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import KEY, Column
from jinku.risk.events.local_time import LocalTime
from jinku.risk.events.payments import payments
from jinku.risk.events.stamp import Times

ORIGIN = "transfers"
REQUEST_BYTES = TRANSFER.itemsize + 1
AMOUNT_MAX = (1 << 63) - 1
_CURRENCIES = {unit.number: unit.code for unit in TABLE}


class Persons(Protocol):
    """What is known of the persons of a movement, by their keys."""

    def listed(self, payer: Column, payee: Column) -> Column:
        """BOOLEAN: whether screening hit one of the two."""
        ...

    def rating(self, customer: Column) -> Column:
        """BIGINT: the risk grade, NULL where there is none."""
        ...


class Nobody:
    """Nobody is listed, nobody is rated."""

    def listed(self, payer: Column, payee: Column) -> Column:  # noqa: ARG002 - the port's
        """False for all."""
        return Column.full(np.zeros(len(payer), np.bool_))

    def rating(self, customer: Column) -> Column:
        """NULL for all."""
        return Column(np.zeros(len(customer), np.int64), np.zeros(len(customer), np.bool_))


@dataclass(frozen=True)
class Scene:
    """What events are made from beside transfers: where the platform's days are, and what is known of persons."""

    place: LocalTime
    persons: Persons
    contexts: ContextBook = field(default_factory=ContextBook)


def transfer_requests(
    rows: Array, linked: NDArray[np.bool_], partial: NDArray[np.bool_], scene: Scene
) -> Requests:
    """``TRANSFER`` rows as requests; `linked` says that a row is chained to the next one, `partial` that its chain has
    others."""

    def events(which: NDArray[np.int64], times: Times) -> EventBatch:
        taken = rows if len(which) == len(rows) else rows[which]
        return transfer_events(taken, times, scene)

    raw = np.empty((len(rows), REQUEST_BYTES), np.uint8)
    raw[:, :-1] = np.frombuffer(rows.tobytes(), np.uint8).reshape(len(rows), TRANSFER.itemsize)
    raw[:, -1] = partial
    low, high = np.ascontiguousarray(rows["id_lo"]), np.ascontiguousarray(rows["id_hi"])
    return Requests(ORIGIN, low, high, raw, linked, events)


def rows_of(raw: Bits) -> tuple[Array, NDArray[np.bool_]]:
    """The ``TRANSFER`` rows of kept requests, and whose chain has others."""
    return np.frombuffer(raw[:, :-1].tobytes(), TRANSFER), raw[:, -1] != 0


def transfer_events(rows: Array, times: Times, scene: Scene) -> EventBatch:
    """The events of ``TRANSFER`` rows at these times."""
    payer, payee = _keys(rows, "debit_account_id"), _keys(rows, "credit_account_id")
    columns = {
        "id": _keys(rows, "id"),
        "time": Column.full(times),
        "kind": _words(rows["code"], lambda code: f"code-{code}"),
        "customer": payer,
        "payer": payer,
        "payee": payee,
        "counterparty": payee,
        "amount": Column.full(amounts(rows, "amount")),
        "currency": _words(rows["ledger"], lambda number: _CURRENCIES.get(number, str(number))),
        "listed": scene.persons.listed(payer, payee),
        "rating": scene.persons.rating(payer),
    }
    told = scene.contexts.take(rows)
    return payments(with_contexts(columns, told), scene.place)


def with_contexts(columns: Mapping[str, Column], told: Sequence[Context]) -> dict[str, Column]:
    """An event's columns with what contexts add or say better; as they are where there are none."""
    if not told:
        return dict(columns)
    kinds = columns["kind"].to_list()
    return dict(columns) | {
        "kind": Column.of_texts([one.kind or kind for one, kind in zip(told, kinds, strict=True)]),
        "customer": _or(columns["customer"], [one.customer for one in told]),
        "counterparty": _or(columns["counterparty"], [one.counterparty for one in told]),
        "device": Column.of_keys([one.device for one in told]),
        "terminal": Column.of_keys([one.terminal for one in told]),
        "address": Column.of_keys([one.address for one in told]),
        "listed": Column.full(columns["listed"].values | np.array([one.listed for one in told], np.bool_)),
    }


def _or(column: Column, told: Sequence[int | str | None]) -> Column:
    """`column` with what was told in its place where something was."""
    plain = column.to_list()
    return Column.of_keys([one if say is None else say for one, say in zip(plain, told, strict=True)])


def amounts(rows: Array, name: str) -> NDArray[np.int64]:
    """A 128-bit amount as int64 (rule 3)."""
    most = np.uint64(AMOUNT_MAX)
    low = np.where(rows[f"{name}_hi"] > 0, most, np.minimum(rows[f"{name}_lo"], most))
    return low.astype(np.int64)


def _keys(rows: Array, name: str) -> Column:
    made = np.empty(len(rows), KEY)
    made["lo"], made["hi"] = rows[f"{name}_lo"], rows[f"{name}_hi"]
    return Column.full(made)


def _words(numbers: NDArray[Any], word: Any) -> Column:
    """Small numbers as words."""
    distinct, places = np.unique(numbers, return_inverse=True)
    words = [word(one) for one in distinct.tolist()]
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    return Column(rank[places], np.ones(len(numbers), np.bool_), tuple(words[one] for one in order))
