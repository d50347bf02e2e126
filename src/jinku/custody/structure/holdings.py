"""What the ledger says at one instant: each client's balance, and the platform's own money among it.

Rules:

1. One reading of all accounts, so that the parts fit each other.
2. Balances are on the account's normal side, minor units. What is held is still the client's.
3. In the client pool, control accounts = clients + own money, always; `difference` is 0 or the books are
   broken.

Example::

    now = holdings(ledger.accounts_array())
    now.client_total + now.own_in_pool == now.bank + now.in_transit
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jinku.custody.structure.chart import kind_of
from jinku.custody.structure.table import Money, Place, Side
from jinku.custody.structure.template import Structure, load_structure
from jinku.ledger.layout import Array, u128


@dataclass(frozen=True, slots=True)
class Holdings:
    """See the module's rules."""

    clients: Mapping[int, int]
    """Balance owed, by the account id of each client account (suspense is one)."""
    held: int
    """Of the clients' balances, what bids and withdrawals hold."""
    own_in_pool: int
    """Platform's own money in the client pool: fees not yet swept, risk reserve."""
    own_outside: int
    """Platform's own money in pools of its own."""
    bank: int
    """What our books say the bank accounts of the client pool hold."""
    in_transit: int
    """What payment channels took and still have to bring."""

    @property
    def client_total(self) -> int:
        """What is owed to all clients."""
        return sum(self.clients.values())

    @property
    def difference(self) -> int:
        """Control accounts less what they must cover; 0 unless the books are broken."""
        return self.bank + self.in_transit - self.client_total - self.own_in_pool


def holdings(accounts: Array, structure: Structure | None = None) -> Holdings:
    """The holdings in these ``ACCOUNT`` rows of one legal entity and currency, kinds by `structure` (by default a China
    fund-custody platform's). Raises BadOrder for an account that the chart did not make.
    """
    structure = structure or load_structure()
    clients: dict[int, int] = {}
    held = 0
    kinds: dict[int, int] = dict.fromkeys(structure.kinds, 0)
    columns = ("id", "debits_posted", "credits_posted", "debits_pending")
    for number, debits, credits_, pending in zip(*(u128(accounts, name) for name in columns), strict=True):
        line = kind_of(number, structure)
        balance = debits - credits_ if line.side is Side.DEBIT else credits_ - debits
        kinds[line.code] += balance
        if line.money is Money.CLIENT:
            clients[number] = balance
            held += pending
    client_pool = {key for key, pool in structure.pools.items() if pool.money is Money.CLIENT}
    lines = structure.kinds.values()
    return Holdings(
        clients=clients,
        held=held,
        own_in_pool=sum(kinds[x.code] for x in lines if x.money is Money.OWN and x.pool in client_pool),
        own_outside=sum(kinds[x.code] for x in lines if x.money is Money.OWN and x.pool not in client_pool),
        bank=sum(kinds[x.code] for x in lines if x.place is Place.BANK and x.pool in client_pool),
        in_transit=sum(kinds[x.code] for x in lines if x.place is Place.TRANSIT and x.pool in client_pool),
    )
