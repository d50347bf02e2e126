"""The safeguarding position: what is owed to clients against what the bank holds, per currency.

Rules (R8):

1. The requirement is the sum of the clients' balances, each negative one floored at zero: one client's debt
   never pays another client's claim.
2. The resource is the sum of the bank balances of the safeguarding accounts, overdrawn ones counted as they
   are.
3. resource − requirement = 0 is reconciled, below is a shortfall, above an excess; the difference is never
   netted across currencies.
4. Everything is whole minor units; the arithmetic is part of the result.

Example::

    position(CNY, clients={1: 700, 2: -50}, bank={"custody": 690}).outcome  # Outcome.SHORTFALL, by 10
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor


class Outcome(StrEnum):
    """What a position says."""

    RECONCILED = "reconciled"
    SHORTFALL = "shortfall"
    EXCESS = "excess"


@dataclass(frozen=True, slots=True)
class Position:
    """Requirement against resource in one currency, minor units throughout."""

    currency: Currency
    as_of: str
    """The point in time that both sides were taken at, in words or RFC 3339."""
    client_count: int
    clients_sum: int
    """Σ of the clients' balances as they are."""
    floored_count: int
    """How many clients' balances are negative."""
    floored_sum: int
    """What flooring at zero adds: Σ of the negative balances, as a positive number."""
    resource: int
    bank_balances: tuple[tuple[str, int], ...]

    @property
    def requirement(self) -> int:
        """What must be held: every client's claim in full."""
        return self.clients_sum + self.floored_sum

    @property
    def difference(self) -> int:
        """Resource less requirement: negative where money is missing."""
        return self.resource - self.requirement

    @property
    def outcome(self) -> Outcome:
        """Reconciled, shortfall or excess."""
        if self.difference == 0:
            return Outcome.RECONCILED
        return Outcome.SHORTFALL if self.difference < 0 else Outcome.EXCESS

    @property
    def explanation(self) -> tuple[str, ...]:
        """The arithmetic, one step a line."""
        bank = " + ".join(f"{name} {self._text(amount)}" for name, amount in self.bank_balances) or "nothing"
        return (
            f"sum of {self.client_count} client balances = {self._text(self.clients_sum)}",
            f"plus {self.floored_count} negative balances floored at zero = {self._text(self.floored_sum)}",
            f"requirement = {self._text(self.requirement)}",
            f"resource = {bank} = {self._text(self.resource)}",
            f"difference = resource - requirement = {self._text(self.difference)}: {self.outcome.value}",
        )

    def _text(self, amount: int) -> str:
        return f"{format_minor(amount, self.currency.exponent)} {self.currency.code}"


def position(
    currency: Currency, clients: Mapping[int, int], bank: Mapping[str, int], *, as_of: str = ""
) -> Position:
    """The position of one currency.

    `clients` maps a client's id to the balance owed (minor units, negative where the client owes); `bank`
    maps a bank account to its booked balance. Both must be of the same moment, which `as_of` names.
    """
    negative = [balance for balance in clients.values() if balance < 0]
    return Position(
        currency=currency,
        as_of=as_of,
        client_count=len(clients),
        clients_sum=sum(clients.values()),
        floored_count=len(negative),
        floored_sum=-sum(negative),
        resource=sum(bank.values()),
        bank_balances=tuple(sorted(bank.items())),
    )
