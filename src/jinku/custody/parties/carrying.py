"""Carrying out what two persons agreed on: each act can be done again after a crash, and ends in the same state.

Rules:

1. Every act first makes sure of the ledger, whose ids are derived from the change, and then writes register and
   history in one transaction that marks the change done.
2. A closure is written down before the ledger is asked for it. The one that stands is the newest that the ledger
   knows.
3. A closing party's money is asked out account by account. An attempt is written down before it is sent, and sent
   again when it may not have arrived; another is made only where the one before ended without paying.
4. An account closes for good with a balance of zero: it is read once more after it was closed, and opened again
   where money came in between.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sqlalchemy import Connection

from jinku.base.clock import day_of
from jinku.base.errors import JinkuError
from jinku.custody.errors import AccountsRefused, PartyUnknown
from jinku.custody.parties.closures import (
    ClosingLedger,
    Closure,
    close_accounts,
    closures,
    existing,
    open_accounts,
)
from jinku.custody.parties.errors import HistoryBroken, MoneyHeld
from jinku.custody.parties.history import SealingLedger, sealed_card, verify_history
from jinku.custody.parties.model import Action, Change, ChangeState, PartyRecord, PartyStatus
from jinku.custody.parties.people import PeopleStore
from jinku.custody.parties.register import PartyRegister
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, party_accounts
from jinku.custody.structure.table import Kind
from jinku.custody.structure.template import Structure
from jinku.ledger.layout import Array
from jinku.ledger.model import Account, AccountFlags, CreateAccountStatus


class OpeningLedger(ClosingLedger, SealingLedger, Protocol):
    """What is needed of a ledger."""

    def create_accounts_array(self, batch: Array) -> Array:
        """``ACCOUNT`` rows in, ``RESULT`` rows out, once durable."""
        ...


@dataclass(frozen=True, slots=True)
class Payout:
    """The whole balance of a leaving party's account, to be paid to its bound card."""

    order_id: int
    party: int
    account: int
    amount: int
    token: str
    """The card, as the people store knows it."""
    at: int
    """When this attempt was first made (UTC ns)."""
    by: str
    """Who confirmed the closing."""


class Payouts(Protocol):
    """Who pays money out: an order desk or corridor above."""

    def order_id(self, key: str, at: int) -> int:
        """The order id for a payout known by `key`, first asked for at `at` (UTC ns): always the same."""
        ...

    def pay_out(self, payout: Payout) -> None:
        """Ask for a payout; harmless when asked before. Raises JinkuError where it is refused."""
        ...


class Carrier:
    """See the module's rules."""

    def __init__(
        self,
        ledger: OpeningLedger,
        register: PartyRegister,
        people: PeopleStore,
        payouts: Payouts,
        structure: Structure,
    ) -> None:
        self._ledger, self._register, self._people = ledger, register, people
        self._payouts, self._structure = payouts, structure

    def carry_out(self, change: Change, now: int) -> None:
        """Do what a confirmed change asks for, as far as it can be done now."""
        if change.state is not ChangeState.CONFIRMED:
            return
        with self._register.reading() as connection:
            record = self._register.party(connection, change.party)
        acts = {
            Action.OPEN: self._open,
            Action.FREEZE: self._freeze,
            Action.UNFREEZE: self._unfreeze,
            Action.CLOSE: self._close,
            Action.LIFT_HOLD: self._lift_hold,
            Action.ERASE: self._erase,
        }
        acts[change.action](change, record, now)

    def check(self, connection: Connection, change: Change, record: PartyRecord) -> None:
        """Raises MoneyHeld where a close could not even begin: no card for the money that is there."""
        if change.action is not Action.CLOSE or record.status is PartyStatus.APPLIED:
            return
        if any(map(balance_of, self.accounts(record))) and not self._register.cards(
            connection, record.number, bound=True
        ):
            raise MoneyHeld(f"party {record.number} has money and no card", remedy="bind a card first")

    def require_nothing_held(self, record: PartyRecord) -> None:
        """Raises MoneyHeld where holds are open on an account, on either side."""
        for one in self.accounts(record):
            if one.debits_pending or one.credits_pending:
                raise MoneyHeld(
                    f"account {one.id} of party {record.number} has holds open",
                    remedy="settle or release bids and payouts first",
                )

    def account_ids(self, record: PartyRecord) -> list[int]:
        """The ids of a party's accounts, by currency and role."""
        return [
            self._chart(record, number).party_account(role, record.number)
            for number in record.currencies
            for role in record.roles
        ]

    def accounts(self, record: PartyRecord) -> list[Account]:
        """A party's accounts that exist."""
        return self._ledger.lookup_accounts(self.account_ids(record))

    def agrees(self, record: PartyRecord) -> bool:
        """Whether the ledger keeps the party's accounts closed or open as the register says."""
        found = self.accounts(record)
        shut = [bool(one.flags & AccountFlags.CLOSED) for one in found]
        if record.status is PartyStatus.APPLIED:
            return not found
        if record.status is PartyStatus.CLOSED:
            return all(shut)
        return len(shut) == len(self.account_ids(record)) and all(
            one is (record.status is PartyStatus.FROZEN) for one in shut
        )

    def trusted_card(self, number: int) -> tuple[str, bytes]:
        """Token and commitment of the bound card, where register and sealed history agree on it.

        Raises MoneyHeld where none is bound, HistoryBroken where they differ.
        """
        with self._register.reading() as connection:
            cards = self._register.cards(connection, number, bound=True)
        told = sealed_card(verify_history(self._ledger, self._register, number))
        if told is None or not cards:
            raise MoneyHeld(f"party {number} has no card", remedy="bind a card first")
        if told[0] != cards[0].token:
            raise HistoryBroken(
                f"the card of party {number} is not the one that was bound", remedy="see `jinku party show`"
            )
        return told

    def places(self, record: PartyRecord) -> frozenset[int]:
        """The accounts that mirror where clients' money lies, in each currency of the party."""
        structure = self._structure
        pool = structure.kind(Kind.BANK_MIRROR).pool
        return frozenset(
            self._chart(record, number).account(place.code)
            for number in record.currencies
            for place in structure.places(pool)
        )

    # --- acts ----------------------------------------------------------------------------------------------------

    def _open(self, change: Change, record: PartyRecord, now: int) -> None:
        for number in record.currencies:
            chart = self._chart(record, number)
            openings = [Opening(record.number, role, record.commitment) for role in record.roles]
            for rows in (entity_accounts(chart), party_accounts(chart, openings)):
                statuses = self._ledger.create_accounts_array(rows)["status"]
                good = (CreateAccountStatus.CREATED, CreateAccountStatus.EXISTS)
                refused = statuses[~np.isin(statuses, good)]
                if len(refused):
                    raise AccountsRefused(len(refused), CreateAccountStatus(int(refused[0])).name)
        self._done(change, now, "opened", status=PartyStatus.OPEN)

    def _freeze(self, change: Change, record: PartyRecord, now: int) -> None:
        made = self._prepare(record)
        close_accounts(self._ledger, made)
        self._done(change, now, "frozen", status=PartyStatus.FROZEN)

    def _unfreeze(self, change: Change, record: PartyRecord, now: int) -> None:
        with self._register.reading() as connection:
            standing = self.standing_closures(connection, record)
            leaving = any(
                one.action is Action.CLOSE
                for one in self._register.changes(
                    connection, party=record.number, state=ChangeState.CONFIRMED
                )
            )
        open_accounts(self._ledger, standing, _key(change))
        status = PartyStatus.CLOSING if leaving else PartyStatus.OPEN
        self._done(change, now, "unfrozen", status=status)

    def _lift_hold(self, change: Change, _record: PartyRecord, now: int) -> None:
        with self._register.writing() as connection:
            self._register.lift_hold(connection, change.subject, change.decided_by, now)
            self._finish(connection, change, now, "hold_lifted")

    def _erase(self, change: Change, record: PartyRecord, now: int) -> None:
        """Persons first: once the register says erased, nothing personal is left. A hold set meanwhile is heeded."""
        with self._register.reading() as connection:
            if any(not one.lifted_at for one in self._register.holds(connection, record.number)):
                return
        with contextlib.suppress(PartyUnknown):  # a crash came after it was erased
            self._people.erase(record.number)
        with self._register.writing() as connection:
            self._register.forget_cards(connection, record.number)
            self._register.set(
                connection,
                record.number,
                identifier_hash=None,
                active_hash=None,
                request_hash=None,
                erased=True,
            )
            self._finish(connection, change, now, "erased")

    def _close(self, change: Change, record: PartyRecord, now: int) -> None:
        if record.status is PartyStatus.FROZEN:
            return  # goes on when it is unfrozen
        if record.status is PartyStatus.APPLIED:
            self._closed(change, record, now)
            return
        if record.status is PartyStatus.OPEN:
            with self._register.writing() as connection:
                self._register.set(connection, record.number, status=PartyStatus.CLOSING.value)
                self._register.tell(
                    connection, record.number, now, change.decided_by, "closing", change=str(change.id)
                )
        self._reopen_if_not_empty(record)  # closed by a run that a crash ended
        for account in self.account_ids(record):
            self._pay_out(change, record, account, now)
        if not self._empty(record):
            return
        close_accounts(self._ledger, self._prepare(record))
        if self._reopen_if_not_empty(record):
            return
        self._closed(change, record, now)

    def _empty(self, record: PartyRecord) -> bool:
        found = self.accounts(record)
        return not any(balance_of(one) or one.debits_pending or one.credits_pending for one in found)

    def _reopen_if_not_empty(self, record: PartyRecord) -> bool:
        """Open accounts again that were closed while money came in; whether that was so."""
        if self._empty(record) or not closed_accounts(self.accounts(record)):
            return False
        with self._register.reading() as connection:
            standing = self.standing_closures(connection, record)
        open_accounts(self._ledger, standing, f"money came in {standing[0].id}")
        return True

    def _closed(self, change: Change, record: PartyRecord, now: int) -> None:
        with self._register.writing() as connection:
            self._register.unbind(connection, record.number, now)
            self._register.set(
                connection,
                record.number,
                status=PartyStatus.CLOSED.value,
                closed_on=day_of(now).isoformat(),
                active_hash=None,
            )
            self._finish(connection, change, now, "closed")

    def _pay_out(self, change: Change, record: PartyRecord, account: int, now: int) -> None:
        with self._register.reading() as connection:
            made = [
                row for row in self._register.payouts(connection, change.id) if row["account"] == str(account)
            ]
        [found] = self._ledger.lookup_accounts([account])
        if made and balance_of(found) and not found.debits_pending:
            with contextlib.suppress(JinkuError):  # refused before: the next attempt says whether it still is
                self._payouts.pay_out(_payout(made[-1], record.number, change))
            [found] = self._ledger.lookup_accounts([account])
        free = balance_of(found) - found.debits_pending
        if found.debits_pending or not free:
            return
        token, _ = self.trusted_card(record.number)
        attempt = len(made) + 1
        row: dict[str, Any] = {
            "change": change.id,
            "account": str(account),
            "attempt": attempt,
            "party": record.number,
            "amount": str(free),
            "token": token,
            "order_id": str(self._payouts.order_id(f"close {change.id} {account} {attempt}", now)),
            "at": now,
        }
        with self._register.writing() as connection:
            self._register.add_payout(connection, **row)
            self._register.tell(
                connection,
                record.number,
                now,
                change.decided_by,
                "payout_asked",
                account=str(account),
                amount=str(free),
                order=str(row["order_id"]),
                token=token,
            )
        self._payouts.pay_out(_payout(row, record.number, change))

    # --- closures ------------------------------------------------------------------------------------------------

    def standing_closures(self, connection: Connection, record: PartyRecord) -> list[Closure]:
        """For each account of a frozen party the closure that stands: the newest that the ledger has."""
        prepared = [Closure(*one) for one in self._register.closures(connection, record.number)]
        there = existing(self._ledger, prepared)
        newest = {one.account: one for one in prepared if one.id in there}
        return [newest[account] for account in self.account_ids(record) if account in newest]

    def prepare_through(self, record: PartyRecord, key: str) -> None:
        """Write down the closures that booking through the standing ones under `key` will leave."""
        with self._register.writing() as connection:
            self._keep(connection, record, self._made(record, key))

    def _prepare(self, record: PartyRecord) -> list[Closure]:
        """The closures to ask the ledger for, written down: those that stand, those that a crash left unasked, or new
        ones.
        """
        accounts = self.account_ids(record)
        with self._register.writing() as connection:
            written = [Closure(*one) for one in self._register.closures(connection, record.number)]
            if closed_accounts(self.accounts(record)):
                return self.standing_closures(connection, record)
            last = written[-len(accounts) :]
            if last and not any(self._ledger.transfer_sequence(one.id) >= 0 for one in last):
                return last
            made = self._made(record, f"{record.number} {len(written)}")
            self._keep(connection, record, made)
        return made

    def _made(self, record: PartyRecord, key: str) -> list[Closure]:
        accounts = self.account_ids(record)
        others = [self._chart(record, account >> 16 & 0xFFFF).account(Kind.SUSPENSE) for account in accounts]
        return closures(accounts, others, key)

    def _keep(self, connection: Connection, record: PartyRecord, made: Sequence[Closure]) -> None:
        self._register.keep_closures(
            connection, record.number, [(one.id, one.account, one.counterparty) for one in made]
        )

    def _done(self, change: Change, now: int, what: str, status: PartyStatus) -> None:
        with self._register.writing() as connection:
            self._register.set(connection, change.party, status=status.value)
            self._finish(connection, change, now, what)

    def _finish(self, connection: Connection, change: Change, now: int, what: str) -> None:
        self._register.tell(connection, change.party, now, change.decided_by, what, change=str(change.id))
        self._register.decide(connection, change, ChangeState.DONE, change.decided_by, change.decided_at)

    def _chart(self, record: PartyRecord, currency: int) -> Chart:
        return Chart(record.entity, currency, self._structure)


def balance_of(account: Account) -> int:
    """What a party's account holds, in minor units; money held is in it."""
    return account.credits_posted - account.debits_posted


def closed_accounts(accounts: Sequence[Account]) -> bool:
    """Whether all of these accounts are closed."""
    return bool(accounts) and all(one.flags & AccountFlags.CLOSED for one in accounts)


def _key(change: Change) -> str:
    return f"change {change.id}"


def _payout(values: Mapping[str, Any], party: int, change: Change) -> Payout:
    return Payout(
        order_id=int(values["order_id"]),
        party=party,
        account=int(values["account"]),
        amount=int(values["amount"]),
        token=str(values["token"]),
        at=int(values["at"]),
        by=change.decided_by,
    )
