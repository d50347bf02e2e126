"""What the bank's word becomes: orders through the corridor, so that the order book says what became of a withdrawal.

Rules:

1. A withdrawal is claimed before it is sent; a cancelled one never leaves. One that is not ready (its customer has not
   confirmed it, the risk desk or the freeze of its party holds it) waits; what ended otherwise is given up.
2. The maker is always ``CHANNEL``, which no file, command or request can name. An outcome has the business day that is
   open when it is given first, and keeps it: book and ledger remember it over a crash.
3. What is refused is told by name, and given anew after `AGAIN_AFTER_S`, on the day that is open then: what a bank did
   stays done.
4. What the bank did for a frozen party is booked by the party office, and then stands in the order book as well.
   Nothing is booked to a closed party.
5. Where an instruction was given up before anything was sent, its withdrawal is cancelled or voided, once.

Example::

    orders = ChannelOrders(acts_of, parties_of, open_day)
    orders.claim(instructions)   # {} or {id: Stopped(wait=False, why="voided")}
    orders.give([Given(account, PaidOut(…))])  # {} or {id: "day_closed"}
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TypeVar

from jinku.base.clock import NS_PER_SECOND
from jinku.base.currency import currency_by_number
from jinku.custody.channel.errors import NotHeld
from jinku.custody.channel.model import Instruction, Kind, Mode, Request
from jinku.custody.channel.port import Given, Stopped
from jinku.custody.errors import CustodyError
from jinku.custody.orders import model as orders
from jinku.custody.orders.acts import OrderActs, order_key
from jinku.custody.orders.handing_over import Standing, claim_all, stand, withdrawal_key
from jinku.custody.orders.model import Order, PayoutFailed, PayoutReturned, Withdrawal
from jinku.custody.orders.policy import CHANNEL
from jinku.custody.orders.reasons import State
from jinku.custody.orders.requests import Request as Ask
from jinku.custody.orders.requests import RequestColumns
from jinku.custody.parties.model import PartyStatus
from jinku.custody.parties.service import PartyOffice
from jinku.custody.structure.bitemporal_hours import date_of
from jinku.custody.structure.chart import party_of
from jinku.ledger.limits import RESULTS_MAX
from jinku.ledger.model import Transfer

AGAIN_AFTER_S = 600
CHANNEL_MODES = {
    orders.Mode.NORMAL: Mode.NORMAL,
    orders.Mode.IMMEDIATE: Mode.IMMEDIATE,
    orders.Mode.CONFIRMED: Mode.CONFIRMED,
}
_WAITS = (State.RECEIVED, State.AWAITING, State.CHALLENGED, State.UNCONFIRMED, State.RISK_HELD)
_FREE = (State.VOIDED, State.EXPIRED)
_OPEN = (State.REFUSED, State.AWAITING, State.CHALLENGED, State.RECEIVED)
_WHY_FROZEN = "what the bank did for a frozen party"
Books = tuple[int, int]
"""Legal entity and currency number."""
One = TypeVar("One")


class ChannelOrders:
    """See `jinku.custody.channel.port.Orders` and the module's rules. For any number of threads."""

    def __init__(
        self,
        acts_of: Callable[[int, int], OrderActs],
        parties_of: Callable[[int], PartyOffice],
        open_day: Callable[[int, int], date],
    ) -> None:
        """Of a legal entity and a currency number: where orders are given, and which day is open; whose parties."""
        self._acts_of, self._parties_of, self._open_day = acts_of, parties_of, open_day

    # --- before sending ------------------------------------------------------------------------------------------

    def payout(self, order: int, channel: str, payee: str = "", books: Books = (1, 156)) -> Request:
        """The request to pay a withdrawal out: account, amount and mode are the order's; the payee is the card that its
        party has bound, or `payee` for a party without one. Raises NotHeld.
        """
        acts = self._acts_of(*books)
        found = stand(acts.corridor, [withdrawal_key(order)]).get(withdrawal_key(order))
        if found is None or not isinstance(found.order, Withdrawal):
            raise NotHeld(order, "the order book has no such withdrawal")
        asked = found.order
        entity, number = books_of(asked.account)
        card = self._parties_of(entity).bound_card(party_of(asked.account))
        if card is not None and payee not in ("", card.token):
            raise NotHeld(order, "its party has bound another card")
        token = card.token if card is not None else payee
        if not token:
            raise NotHeld(order, "its party has bound no card, and no payee is named")
        return Request(
            order=order,
            kind=Kind.PAYOUT,
            channel=channel,
            account=asked.account,
            amount=asked.amount,
            currency=currency_by_number(number).code,
            payee=token,
            mode=CHANNEL_MODES[asked.mode],
        )

    def claim(self, instructions: Sequence[Instruction]) -> Mapping[int, Stopped]:
        """Claim the withdrawals of payouts that are about to be sent; what stops those that cannot be (rule 1)."""
        stopped: dict[int, Stopped] = {}
        for books, some in _by_books(instructions, lambda one: one.account).items():
            payouts = [one for one in some if one.kind is Kind.PAYOUT]
            statuses = self._statuses(books, [one.account for one in payouts])
            for one in payouts:
                if statuses.get(party_of(one.account)) is PartyStatus.FROZEN:
                    stopped[one.id] = Stopped(wait=True, why="party frozen")
            asked = [one.id for one in payouts if one.id not in stopped]
            corridor = self._acts_of(*books).corridor
            for order, state in claim_all(corridor, asked, by=CHANNEL).items():
                why = "no such withdrawal" if state is None else f"withdrawal {state.name.lower()}"
                stopped[order] = Stopped(wait=state in _WAITS, why=why)
        return stopped

    # --- the bank's word -----------------------------------------------------------------------------------------

    def give(self, wanted: Sequence[Given]) -> Mapping[int, str]:
        """Book what the bank did, what was booked before included; why not, by order, for those not booked now."""
        refused: dict[int, str] = {}
        for books, some in _by_books(wanted, lambda one: one.account).items():
            returns = [one for one in some if isinstance(one.order, PayoutReturned)]
            refused |= self._give(books, [one for one in some if one not in returns])
            refused |= self._give(books, [one for one in returns if one.order.id not in refused])
        return refused

    def _give(self, books: Books, wanted: Sequence[Given]) -> dict[int, str]:
        if not wanted:
            return {}
        acts = self._acts_of(*books)
        keys = [order_key(one.order) for one in wanted]
        known = stand(acts.corridor, [*keys, *(withdrawal_key(one.order.id) for one in wanted)])
        wanted = [one for one in wanted if not self._freed(acts, known, one.order)]
        booked = self._booked(acts, [one.order for one in wanted])
        asked = [replace(one, order=self._dated(books, known, booked, one.order)) for one in wanted]
        refused = self._through_freezes(books, booked, asked)
        asked = [one for one in asked if one.order.id not in refused]
        return refused | self._through_corridor(books, known, [one.order for one in asked])

    def _through_corridor(
        self, books: Books, known: Mapping[bytes, Standing], asked: Sequence[Order]
    ) -> dict[int, str]:
        corridor = self._acts_of(*books).corridor
        old = corridor.rooms.clock() - AGAIN_AFTER_S * NS_PER_SECOND
        refused: dict[int, str] = {}
        lots: dict[bool, list[Ask]] = {False: [], True: []}
        for order in asked:
            before = known.get(order_key(order))
            anew = before is not None and before.state is State.REFUSED and before.received_at <= old
            if anew:
                order = replace(order, day=self._open_day(*books))
            lots[anew].append(Ask(order, CHANNEL))
        for anew, lot in lots.items():
            for answer in corridor.submit(lot, anew=anew) if lot else ():
                if answer.state in _OPEN:
                    refused[answer.order] = (answer.reason or answer.state).name.lower()
        return refused

    def _dated(
        self, books: Books, known: Mapping[bytes, Standing], booked: Mapping[int, Transfer], order: Order
    ) -> Order:
        """`order` on its business day (rule 2)."""
        before, transfer = known.get(order_key(order)), booked.get(_first_leg(order))
        day = before.order.day if before is not None else None
        if day is None and transfer is not None:
            day = date_of(transfer.user_data_32)
        return replace(order, day=day or self._open_day(*books))

    def _freed(self, acts: OrderActs, known: Mapping[bytes, Standing], order: Order) -> bool:
        """Whether a failed payout needs no booking: its withdrawal is free, or is freed here (rule 5)."""
        held = known.get(withdrawal_key(order.id))
        if not isinstance(order, PayoutFailed) or held is None or order_key(order) in known:
            return False
        if held.state is State.UNCONFIRMED:
            acts.cancel(withdrawal_key(order.id), by=CHANNEL, reason="the payout was given up")
            return True
        return held.state in _FREE

    # --- parties -------------------------------------------------------------------------------------------------

    def _through_freezes(
        self,
        books: Books,
        booked: Mapping[int, Transfer],
        asked: Sequence[Given],
    ) -> dict[int, str]:
        """Book by the party office what concerns frozen parties; why not, for what cannot be (rule 4)."""
        statuses = self._statuses(books, [one.account for one in asked])
        refused: dict[int, str] = {}
        for one in asked:
            status, order = statuses.get(party_of(one.account)), one.order
            if isinstance(order, PayoutFailed) or _first_leg(order) in booked:
                continue
            if status is PartyStatus.CLOSED:
                refused[order.id] = "party closed"
            elif status is PartyStatus.FROZEN:
                why = self._through(books, one)
                if why:
                    refused[order.id] = why
        return refused

    def _through(self, books: Books, one: Given) -> str:
        corridor = self._acts_of(*books).corridor
        chart, sender = corridor.rooms.chart, corridor.rooms.sender
        batch = RequestColumns.of(chart, [Ask(one.order, CHANNEL)])
        rows, _ = sender.rows(batch.columns, batch.words)
        office = self._parties_of(books[0])
        try:
            office.book_while_frozen(party_of(one.account), rows, CHANNEL, _WHY_FROZEN)
        except CustodyError as error:
            return error.code
        return ""

    def _statuses(self, books: Books, accounts: Sequence[int]) -> Mapping[int, PartyStatus]:
        parties = sorted({party_of(one) for one in accounts})
        return self._parties_of(books[0]).statuses(parties)

    def _booked(self, acts: OrderActs, wanted: Sequence[Order]) -> Mapping[int, Transfer]:
        """The first transfers of those of `wanted` that the ledger has."""
        ids, found = [_first_leg(one) for one in wanted], dict[int, Transfer]()
        for at in range(0, len(ids), RESULTS_MAX):
            some = acts.corridor.rooms.ledger.lookup_transfers(ids[at : at + RESULTS_MAX])
            found |= {one.id: one for one in some}
        return found


def books_of(account: int) -> Books:
    """The books that an account is of."""
    return account >> 96, account >> 16 & 0xFFFF


def _by_books(some: Sequence[One], account_of: Callable[[One], int]) -> dict[Books, list[One]]:
    found: dict[Books, list[One]] = {}
    for one in some:
        found.setdefault(books_of(account_of(one)), []).append(one)
    return found


def _first_leg(order: Order) -> int:
    return int.from_bytes(order_key(order), "big")
