"""Queries over the durable ledger. They run on the caller's thread and never block a commit.

A reader fixes the journal's visible size first and ignores whatever is appended later. Filters that the model calls
invalid find nothing, as in TigerBeetle; a limit above what one answer holds raises TooMuchDataError.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from jinku.ledger.errors import TooMuchDataError
from jinku.ledger.layout import ACCOUNT, BALANCES, ENTRY, ID, MASK_64, Array, EntryKind
from jinku.ledger.limits import CHANGE_EVENTS_MAX, RESULTS_MAX, TIMESTAMP_MAX
from jinku.ledger.machine import StateMachine
from jinku.ledger.model import (
    AccountFilter,
    AccountFilterFlags,
    AccountFlags,
    ChangeEventsFilter,
    QueryFilter,
    QueryFilterFlags,
)
from jinku.ledger.store import Family, Scan, Store
from jinku.ledger.visible import Visible

_SPAN_FAMILIES = (Family.CODE, Family.LEDGER, Family.ANY)
_SPAN_ENTRIES = 4096
"""Entries of a span read at once."""
Keep = Callable[[Array], NDArray[np.bool_]]
"""Says of each ENTRY row whether it belongs to the answer."""


class Reader:
    """The read side of one ledger."""

    def __init__(self, store: Store, visible: Visible, machine: StateMachine) -> None:
        self._store, self._visible, self._machine = store, visible, machine

    def account_numbers(self, ids: Array) -> NDArray[np.int64]:
        """The number of each account id (rows of ``ID``); -1 where it does not exist or is not durable yet."""
        count = self._visible.count
        numbers = self._machine.find_accounts(ids)
        return np.where(numbers < count, numbers, -1)

    def accounts(self, ids: Array) -> Array:
        """``ACCOUNT`` rows of the ids that exist, in the order asked."""
        numbers = self.account_numbers(ids)
        return self._visible.accounts(numbers[numbers >= 0])

    def transfers(self, ids: Array) -> Array:
        """``TRANSFER`` rows of the ids that exist, in the order asked."""
        found = self._store.find_ids(ids)
        entries = self._store.entries_at(found[(found >= 0) & (found < self._visible.size)])
        found_transfers: Array = entries["event"][entries["kind"] == EntryKind.TRANSFER]
        return found_transfers

    def transfer_sequence(self, transfer_id: int) -> int:
        """The journal position of a transfer (or of its burned id); -1 where it is unknown."""
        found = int(self._store.find_ids(_one_id(transfer_id))[0])
        return found if found < self._visible.size else -1

    def account_transfers(self, wanted: AccountFilter) -> Array:
        """``TRANSFER`` rows of one account, in order of timestamp or the reverse."""
        return self._account_entries(wanted)["event"]

    def account_balances(self, wanted: AccountFilter) -> tuple[Array, NDArray[np.uint64]]:
        """``BALANCES`` rows of an account with ``HISTORY``, one per transfer, and their timestamps."""
        number = self._filtered_account(wanted)
        if number < 0 or not self._keeps_history(number):
            return np.zeros(0, BALANCES), np.zeros(0, np.uint64)
        entries = self._account_entries(wanted)
        return _side(entries, wanted.account_id), entries["event"]["timestamp"].astype(np.uint64)

    def account_entries(self, account_id: int, low: int, high: int) -> Array:
        """Every ``ENTRY`` row that moved the account, transfers and expiries, whose event's time lies within the bounds
        (ns, inclusive), in order."""
        number = int(self.account_numbers(_one_id(account_id))[0])
        if number < 0 or high < low:
            return np.zeros(0, ENTRY)
        chunks = list(
            self._entries(Scan(Family.ACCOUNT, number, low, high, reverse=False, chunk=RESULTS_MAX))
        )
        return np.concatenate([np.zeros(0, ENTRY), *chunks])

    def balances_as_of(self, ids: Array, timestamp: int) -> Array:
        """``ACCOUNT`` rows as they stood at `timestamp` (ns, inclusive), one per id, in order.

        A row of zeros (id included) stands where the account did not exist then. Every account has its whole
        history; ``HISTORY`` is not needed.
        """
        numbers = self.account_numbers(ids)
        rows = np.zeros(len(ids), ACCOUNT)
        known = np.flatnonzero(numbers >= 0)
        current = self._visible.accounts(numbers[known])
        for place, row in zip(known.tolist(), current, strict=True):
            if int(row["timestamp"]) <= timestamp:
                rows[place] = self._as_of(row, int(numbers[place]), timestamp)
        return rows

    def query_accounts(self, wanted: QueryFilter) -> Array:
        """``ACCOUNT`` rows that match every non-zero field of the filter."""
        if not _valid_query(wanted):
            return np.zeros(0, ACCOUNT)
        rows = self._visible.accounts()
        low, high = _bounds(wanted.timestamp_min, wanted.timestamp_max)
        keep = _matches(rows, wanted) & (rows["timestamp"] >= low) & (rows["timestamp"] <= high)
        found = rows[keep]
        if wanted.flags & QueryFilterFlags.REVERSED:
            found = found[::-1]
        return found[: wanted.limit]

    def query_transfers(self, wanted: QueryFilter) -> Array:
        """``TRANSFER`` rows that match every non-zero field of the filter."""
        if not _valid_query(wanted):
            return np.zeros(0, ENTRY)["event"]
        family, value = _best_index(wanted)
        low, high = _bounds(wanted.timestamp_min, wanted.timestamp_max)
        scan = Scan(family, value, low, high, bool(wanted.flags & QueryFilterFlags.REVERSED))

        def keep(entries: Array) -> NDArray[np.bool_]:
            event = entries["event"]
            within = (event["timestamp"] >= low) & (event["timestamp"] <= high)
            return np.asarray(
                (entries["kind"] == EntryKind.TRANSFER) & _matches(event, wanted) & within, np.bool_
            )

        return self._collect(scan, keep, wanted.limit)["event"]

    def change_entries(self, wanted: ChangeEventsFilter) -> Array:
        """``ENTRY`` rows of transfers and expiries, in order of their event's timestamp."""
        _within(wanted.limit, CHANGE_EVENTS_MAX)
        if wanted.limit < 1 or not _valid_bounds(wanted.timestamp_min, wanted.timestamp_max):
            return np.zeros(0, ENTRY)
        low, high = _bounds(wanted.timestamp_min, wanted.timestamp_max)

        def keep(entries: Array) -> NDArray[np.bool_]:
            at = event_timestamps(entries)
            moved = np.isin(entries["kind"], (EntryKind.TRANSFER, EntryKind.EXPIRY))
            return np.asarray(moved & (at >= low) & (at <= high), np.bool_)

        return self._collect(Scan(Family.ANY, 0, low, high, False), keep, wanted.limit)

    def _keeps_history(self, number: int) -> bool:
        return bool(self._visible.accounts(np.array([number], np.int64))["flags"][0] & AccountFlags.HISTORY)

    def _filtered_account(self, wanted: AccountFilter) -> int:
        if not _valid_account_filter(wanted):
            return -1
        return int(self.account_numbers(_one_id(wanted.account_id))[0])

    def _account_entries(self, wanted: AccountFilter) -> Array:
        number = self._filtered_account(wanted)
        if number < 0:
            return np.zeros(0, ENTRY)
        low, high = _bounds(wanted.timestamp_min, wanted.timestamp_max)
        reverse = bool(wanted.flags & AccountFilterFlags.REVERSED)
        sides = [
            f"{side}_account_id"
            for side, flag in (("debit", AccountFilterFlags.DEBITS), ("credit", AccountFilterFlags.CREDITS))
            if wanted.flags & flag
        ]

        def keep(entries: Array) -> NDArray[np.bool_]:
            event = entries["event"]
            mine = np.zeros(len(entries), np.bool_)
            for side in sides:
                mine |= _equals(event, side, wanted.account_id)
            return np.asarray(
                mine & (entries["kind"] == EntryKind.TRANSFER) & _matches(event, wanted), np.bool_
            )

        scan = Scan(Family.ACCOUNT, number, low, high, reverse, chunk=wanted.limit)
        return self._collect(scan, keep, wanted.limit)

    def _as_of(self, row: Array, number: int, timestamp: int) -> Array:
        before = row.copy()
        account_id = (int(row["id_hi"]) << 64) | int(row["id_lo"])
        last = self._collect(Scan(Family.ACCOUNT, number, 0, timestamp, reverse=True, chunk=1), _any, 1)
        if len(last):
            balances = _side(last, account_id)[0]
            debited = _equals(last["event"], "debit_account_id", account_id)[0]
            before["flags"] = last[0]["debit_flags" if debited else "credit_flags"]
        else:
            balances = np.zeros(1, BALANCES)[0]
            later = Scan(Family.ACCOUNT, number, timestamp, TIMESTAMP_MAX, reverse=False, chunk=1)
            if len(self._collect(later, _any, 1)):  # it moved later, so it was open until then
                before["flags"] &= ~np.uint16(AccountFlags.CLOSED)
        for name in BALANCES.names or ():
            before[name] = balances[name]
        return before

    def _collect(self, scan: Scan, keep: Keep, limit: int) -> Array:
        found: list[Array] = []
        missing = limit
        for entries in self._entries(scan):
            kept = entries[keep(entries)][:missing]
            if len(kept):
                found.append(kept)
                missing -= len(kept)
            if not missing:
                break
        return np.concatenate(found) if found else np.zeros(0, ENTRY)

    def _entries(self, scan: Scan) -> Iterator[Array]:
        size = self._visible.size
        for spans in self._store.scan(scan):
            if scan.family in _SPAN_FAMILIES:
                for first, last in spans.tolist():
                    yield from self._span(first, min(last, size - 1), scan.reverse)
            else:
                sequences = spans[:, 0]
                yield self._store.entries_at(sequences[sequences < size])

    def _span(self, first: int, last: int, reverse: bool) -> Iterator[Array]:
        starts = range(first, last + 1, _SPAN_ENTRIES)
        for start in reversed(starts) if reverse else starts:
            entries = self._store.entries(start, min(_SPAN_ENTRIES, last + 1 - start))
            yield entries[::-1] if reverse else entries


def _any(entries: Array) -> NDArray[np.bool_]:
    return np.ones(len(entries), np.bool_)


def event_timestamps(entries: Array) -> NDArray[np.uint64]:
    """The time of each entry's event in ns: of an expiry its booking time, else the record's own timestamp."""
    return np.where(entries["kind"] == EntryKind.EXPIRY, entries["timestamp"], entries["event"]["timestamp"])


def _one_id(number: int) -> Array:
    row = np.zeros(1, ID)
    row["id_lo"], row["id_hi"] = number & MASK_64, number >> 64
    return row


def _equals(rows: Array, name: str, value: int) -> NDArray[np.bool_]:
    return np.asarray(
        (rows[f"{name}_lo"] == np.uint64(value & MASK_64)) & (rows[f"{name}_hi"] == np.uint64(value >> 64)),
        np.bool_,
    )


def _side(entries: Array, account_id: int) -> Array:
    """The ``BALANCES`` of `account_id` right after each of `entries`."""
    debited = _equals(entries["event"], "debit_account_id", account_id)
    return np.where(debited, entries["debit"], entries["credit"])


def _matches(rows: Array, wanted: AccountFilter | QueryFilter) -> NDArray[np.bool_]:
    keep = np.ones(len(rows), np.bool_)
    if wanted.user_data_128:
        keep &= _equals(rows, "user_data_128", wanted.user_data_128)
    for name in ("user_data_64", "user_data_32", "code", "ledger"):
        value = getattr(wanted, name, 0)
        if value:
            keep &= rows[name] == value
    return keep


def _best_index(wanted: QueryFilter) -> tuple[Family, int]:
    """The most selective index that the filter can use; user data is taken to be rarer than codes and ledgers."""
    for family, value in (
        (Family.USER_DATA_128, wanted.user_data_128),
        (Family.USER_DATA_64, wanted.user_data_64),
        (Family.USER_DATA_32, wanted.user_data_32),
        (Family.CODE, wanted.code),
        (Family.LEDGER, wanted.ledger),
    ):
        if value:
            return family, value
    return Family.ANY, 0


def _bounds(low: int, high: int) -> tuple[int, int]:
    return low, high or TIMESTAMP_MAX


def _valid_bounds(low: int, high: int) -> bool:
    return max(low, high) <= TIMESTAMP_MAX and (high == 0 or low <= high)


def _within(limit: int, most: int) -> None:
    if limit > most:
        raise TooMuchDataError(
            f"a limit of {limit} is more than the {most} that one answer holds", remedy="page"
        )


def _valid_query(wanted: QueryFilter) -> bool:
    _within(wanted.limit, RESULTS_MAX)
    known = QueryFilterFlags.REVERSED
    return (
        _valid_bounds(wanted.timestamp_min, wanted.timestamp_max)
        and wanted.limit > 0
        and not int(wanted.flags) & ~int(known)
    )


def _valid_account_filter(wanted: AccountFilter) -> bool:
    _within(wanted.limit, RESULTS_MAX)
    sides = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    return (
        0 < wanted.account_id < (1 << 128) - 1
        and _valid_bounds(wanted.timestamp_min, wanted.timestamp_max)
        and wanted.limit > 0
        and bool(wanted.flags & sides)
        and not int(wanted.flags) & ~int(sides | AccountFilterFlags.REVERSED)
    )
