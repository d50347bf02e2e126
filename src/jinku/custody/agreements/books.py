"""Running a program on the ledger's balances, all of them as of one instant.

Rules:

1. What an account holds is what it may still spend: posted credits less posted and pending debits.
2. Which accounts a program asks for may depend on balances. So it is run, reading each account as it is asked for, and
   run again on one single read of all of them, until it asks for no other: the run that counts saw one instant.
3. A name that is no open account is refused before anything is booked.

Example::

    result, ids = run_on_ledger(program, Circumstances(ledger, names, metadata), {"sum": "CNY/2 100"})
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jinku.base.currency import currency_by_number
from jinku.custody.agreements.accounts import AccountNames, asset_of, ledger_of
from jinku.custody.agreements.errors import NotBookable
from jinku.custody.agreements.model import Booking
from jinku.custody.numscript import Program, Result, run_with
from jinku.custody.numscript.errors import NumscriptError
from jinku.ledger.model import Account

ROUNDS_MAX = 16
"""How often a program may ask for accounts that it did not ask for before."""

Metadata = Callable[[str, str], str | None]
"""Account name and key → text, or None."""


class BalanceLedger(Protocol):
    """What is needed of a ledger to read balances."""

    def lookup_accounts(self, accounts: Sequence[int]) -> list[Account]:
        """The accounts with these ids that exist, as of one instant."""
        ...


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where a program runs: a ledger, what names mean there, and the metadata of accounts."""

    ledger: BalanceLedger
    names: AccountNames
    metadata: Metadata


class _Snapshot:
    """Books over balances read at one instant; `late` says whether another had to be read meanwhile."""

    def __init__(self, around: Circumstances, names: Sequence[str]) -> None:
        self._around = around
        self._asset = asset_of(currency_by_number(around.names.currency))
        self._held = _read(around, names)
        self.late = False

    @property
    def names(self) -> list[str]:
        """Every account asked for."""
        return list(self._held)

    def balance(self, account: str, asset: str, color: str) -> int:
        """What the account holds; another currency's books are not these."""
        if color:
            raise NotBookable("the ledger holds no coloured money", remedy="leave the colour out")
        _require_currency(asset, self._around.names)
        if account not in self._held:
            self._held |= _read(self._around, [account])
            self.late = True
        return self._held[account]

    def scales(self, account: str, base: str) -> Mapping[int, int]:
        """The ledger holds a currency at one precision only."""
        name, _, scale = self._asset.partition("/")
        return {int(scale or 0): self.balance(account, self._asset, "")} if base == name else {}

    def metadata(self, account: str, key: str) -> str | None:
        """The text kept for the account."""
        return self._around.metadata(account, key)


def run_on_ledger(
    program: Program, around: Circumstances, variables: Mapping[str, str]
) -> tuple[Result, tuple[Booking, ...]]:
    """What `program` yields on the ledger's balances, and the transfers that book it.

    Raises NumscriptError, NotBookable (also for a variable that the program does not ask for), AccountNameRefused.
    """
    asked = {declared.name for declared in program.variables if declared.origin is None}
    for name in variables:
        if name not in asked:
            raise NotBookable(
                f"the program does not ask for ${name[:80]}", remedy="leave it out, or check its name"
            )
    names: list[str] = []
    for _ in range(ROUNDS_MAX):
        books = _Snapshot(around, names)
        try:
            result = run_with(program, variables, books)
        except NumscriptError:
            if not books.late:
                raise
        else:
            if not books.late:
                return result, _bookings(result, around)
        names = books.names
    raise NotBookable(
        f"the program asks for new accounts {ROUNDS_MAX} times over", remedy="name accounts without balances"
    )


def _read(around: Circumstances, names: Sequence[str]) -> dict[str, int]:
    """What each of `names` may spend, read at once."""
    ids = {name: around.names.account(name) for name in names}
    found = {account.id: account for account in around.ledger.lookup_accounts(list(ids.values()))}
    for name, number in ids.items():
        if number not in found:
            raise NotBookable(
                f"@{name} is no open account", remedy="check the name, or open the account first"
            )
    return {
        name: found[number].credits_posted - found[number].debits_posted - found[number].debits_pending
        for name, number in ids.items()
    }


def _bookings(result: Result, around: Circumstances) -> tuple[Booking, ...]:
    """One transfer for each posting; a posting from an account to itself moves nothing and is none."""
    made = []
    for posting in result.postings:
        if posting.color:
            raise NotBookable("the ledger holds no coloured money", remedy="leave the colour out")
        _require_currency(posting.asset, around.names)
        if posting.amount >= 1 << 128:
            raise NotBookable(
                f"{posting.amount} is more than the ledger holds", remedy="send less than 2^128"
            )
        debit, credit = around.names.account(posting.source), around.names.account(posting.destination)
        if debit != credit:
            made.append(Booking(debit, credit, posting.amount))
    _read(around, list({name: None for p in result.postings for name in (p.source, p.destination)}))
    return tuple(made)


def _require_currency(asset: str, names: AccountNames) -> None:
    if ledger_of(asset) != names.currency:
        raise NotBookable(
            f"{asset} is not the currency of these books", remedy="run one program for each currency"
        )
