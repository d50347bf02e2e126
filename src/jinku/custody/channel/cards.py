"""Payees by the cards that parties have bound; a file has those of parties without one.

Rules:

1. Where the party of the account has bound a card, the money goes to that card and to no other, whatever a file says.
2. The number is what register, people store and sealed history agree on; where they do not, nobody is paid.

Example::

    CardPayees(custody.parties, name_of, FilePayees(path)).payee(token, account)
"""

from collections.abc import Callable

from jinku.crypto.errors import CommitmentMismatchError
from jinku.custody.channel.errors import PayeeUnknown
from jinku.custody.channel.iso.pain001 import BIC
from jinku.custody.channel.port import Payee, Payees
from jinku.custody.errors import CustodyError
from jinku.custody.parties.service import PartyOffice
from jinku.custody.structure.chart import party_of


class CardPayees:
    """See the module's rules."""

    def __init__(
        self, parties_of: Callable[[int], PartyOffice], name_of: Callable[[int], str], others: Payees
    ) -> None:
        """`parties_of` gives a legal entity's office, `name_of` a party's name by its number."""
        self._parties_of, self._name_of, self._others = parties_of, name_of, others

    def payee(self, token: str, account: int) -> Payee:
        """The owner's bound card, or what stands behind `token`. Raises PayeeUnknown."""
        office, party = self._parties_of(account >> 96), party_of(account)
        card = office.bound_card(party)
        if card is None:
            return self._others.payee(token, account)
        if token != card.token:
            raise PayeeUnknown(token)
        try:
            number = office.card_number(party)
        except (CustodyError, CommitmentMismatchError) as error:
            raise PayeeUnknown(token) from error
        return Payee(self._name_of(party), number, card.bank if BIC.fullmatch(card.bank) else "")
