"""The simulator's own naive books: who should have how much, kept beside the ledger to compare with it.

Rules:

1. Every account's balance is money in less money out, seen from its owner; what is held is part of the
   balance and not available.
2. Nothing is spent that is not available; a plan that would do so is a SimulationFault.

Example::

    books = Books()
    books.receive(7, 100)
    books.hold(7, 40)
    books.available(7)  # 60
"""

from collections import defaultdict

from jinku.sim.errors import SimulationFault


class Books:
    """Balances and holds by account id, in minor units."""

    def __init__(self) -> None:
        self.balances: defaultdict[int, int] = defaultdict(int)
        self.held: defaultdict[int, int] = defaultdict(int)

    def available(self, account: int) -> int:
        """What `account` may still spend."""
        return self.balances[account] - self.held[account]

    def receive(self, account: int, amount: int) -> None:
        """Money in."""
        self.balances[account] += amount

    def pay(self, account: int, amount: int) -> None:
        """Money out of what is available. Raises SimulationFault."""
        self._need(account, amount)
        self.balances[account] -= amount

    def move(self, payer: int, payee: int, amount: int) -> None:
        """Money from one account to the other. Raises SimulationFault."""
        self.pay(payer, amount)
        self.receive(payee, amount)

    def hold(self, account: int, amount: int) -> None:
        """Set `amount` aside. Raises SimulationFault."""
        self._need(account, amount)
        self.held[account] += amount

    def free(self, account: int, amount: int) -> None:
        """End a hold. Raises SimulationFault for more than is held."""
        if amount > self.held[account]:
            raise SimulationFault(f"account {account} holds {self.held[account]}, not {amount}")
        self.held[account] -= amount

    def _need(self, account: int, amount: int) -> None:
        if amount > self.available(account):
            raise SimulationFault(f"account {account} has {self.available(account)} available, not {amount}")
