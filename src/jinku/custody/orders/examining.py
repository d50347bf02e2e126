"""What can be said of a batch before the ledger is asked: form, policy, authorisation, mandates, projects.

Rules:

1. Each check is one function over columns; the first reason that is found for an order stays.
2. Nothing here moves money or remembers anything: limits that count are in the ledger, or in the book's usage.

Example::

    exam = Exam(requests, chart, now)
    check_accounts(exam)
    exam.outcomes["reason"]
"""

from collections.abc import Container, Mapping

import numpy as np
from numpy.typing import NDArray

from jinku.base.clock import NS_PER_SECOND, day_of
from jinku.base.errors import InputError
from jinku.custody.errors import BadOrder
from jinku.custody.orders.book import Usage
from jinku.custody.orders.catalogue import CATALOGUE, OrderType, Word
from jinku.custody.orders.mandates import TYPE_BIT, MandateState
from jinku.custody.orders.movements import Mark, values
from jinku.custody.orders.policy import Policy, same_person
from jinku.custody.orders.reasons import Reason, State
from jinku.custody.orders.references import Credit, credits_of
from jinku.custody.orders.requests import OUTCOME, WORD, RequestColumns
from jinku.custody.structure.bitemporal_hours import day_number
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.table import Kind, Money, Pool, Role
from jinku.ledger.layout import Array

AMOUNT_BITS_MAX = 48
"""Every amount of an order that goes through the corridor is below 2^48 minor units."""
AUTHORISATION_AGE_MAX_S = 900
"""How long after a customer gave it a one-time authorisation is taken."""
CLOCKS_APART_MAX_S = 60
"""How far in the future an authorisation may seem to be given."""

Mask = NDArray[np.bool_]


class Exam:
    """A batch under examination: the requests, what has been found so far, and the moment."""

    def __init__(self, requests: RequestColumns, chart: Chart, now: int) -> None:
        self.requests, self.chart, self.now = requests, chart, now
        self.outcomes = np.zeros(len(requests), OUTCOME)
        self.words = requests.words.copy()
        self.values = np.zeros(len(requests), np.int64)
        self.seen: set[bytes] = set()

    @property
    def rows(self) -> Array:
        """The ``ORDER`` rows."""
        return self.requests.columns.rows

    @property
    def open(self) -> Mask:
        """Which orders nothing was found against yet."""
        found: Mask = self.outcomes["state"] == State.RECEIVED
        return found

    def refuse(self, which: Mask, reason: Reason) -> None:
        """Refuse those of `which` that are open."""
        self.put(which, State.REFUSED, reason)

    def put(self, which: Mask, state: State, reason: Reason) -> None:
        """Put those of `which` that are open into `state`."""
        which = which & self.open
        self.outcomes["state"][which] = state
        self.outcomes["reason"][which] = reason


_END = 1 + max(CATALOGUE)


def _by_type(chosen: Mapping[OrderType, bool]) -> Mask:
    return np.array([one in CATALOGUE and chosen.get(OrderType(one), False) for one in range(_END)], np.bool_)


_CUSTOMERS = _by_type({kind.type: kind.word is Word.CUSTOMER for kind in CATALOGUE.values()})
_BOTH = _by_type({kind.type: kind.both for kind in CATALOGUE.values()})
_PROJECT = _by_type({kind.type: kind.project for kind in CATALOGUE.values()})
_MANDATE = _by_type({kind.type: kind.mandate for kind in CATALOGUE.values()})
_PARTY_FIRST = _by_type(
    {
        kind.type: kind.word is Word.CUSTOMER
        or kind.type
        in (
            OrderType.DEPOSIT,
            OrderType.CHANNEL_DEPOSIT,
            OrderType.IDENTIFIED,
            OrderType.FREEZE,
            OrderType.PAYOUT_RETURNED,
            OrderType.ROLL_BACK,
        )
        for kind in CATALOGUE.values()
    }
)
_BITS = np.array(
    [TYPE_BIT.get(OrderType(one), np.uint64(0)) if one in CATALOGUE else np.uint64(0) for one in range(_END)]
)
_REFUND = OrderType.REFUND
_NOTHING = np.zeros((), WORD)


def normalised(requests: RequestColumns) -> RequestColumns:
    """`requests` without words where none is needed, and without marks: those the corridor finds itself."""
    rows = requests.columns.rows
    types = np.minimum(rows["type"], _END - 1)
    idle = ~(_CUSTOMERS[types] & _party(rows, "first"))
    words = requests.words.copy()
    words["marks"] = 0
    for name in ("mandate", "method", "given_at", "evidence"):
        words[name][idle] = _NOTHING[name]
    for name in ("second", "method_2", "given_at_2", "evidence_2"):
        words[name][~_BOTH[types]] = _NOTHING[name]
    return RequestColumns(requests.columns, words, requests.makers)


def check_form(exam: Exam) -> None:
    """Types that are, amounts that limits can count, accounts of these books, a customer's where one is meant."""
    rows, parts = exam.rows, exam.requests.columns.parts
    types = rows["type"]
    if len(rows) and (int(types.max()) >= _END or not np.isin(types, list(CATALOGUE)).all()):
        exam.refuse(~np.isin(types, list(CATALOGUE)), Reason.NO_RULE)
        types = np.minimum(types, _END - 1)
    large = np.zeros(len(rows), np.bool_)
    for name in ("amount", "extra", "fee"):
        large |= (rows[f"{name}_hi"] != 0) | (rows[f"{name}_lo"] >> np.uint64(AMOUNT_BITS_MAX) != 0)
    if len(parts):
        wide = (parts["amount_hi"] != 0) | (parts["amount_lo"] >> np.uint64(AMOUNT_BITS_MAX) != 0)
        owners = np.repeat(np.arange(len(rows)), rows["parts"])
        large |= np.bincount(owners[wide], minlength=len(rows)) > 0
    exam.refuse(large, Reason.AMOUNT_TOO_LARGE)
    strange = (rows["entity"] != exam.chart.entity) | (rows["currency"] != exam.chart.currency)
    for name in ("first", "second", "third"):
        strange |= ((rows[f"{name}_lo"] | rows[f"{name}_hi"]) != 0) & ~_ours(exam, name)
    exam.refuse(strange, Reason.ACCOUNT_OF_OTHERS)
    _check_own_accounts(exam, types)
    _check_entrusted(exam, types)
    income = exam.chart.account(Kind.FEE_INCOME) if (types == _REFUND).any() else 0
    ours = (types == _REFUND) & (rows["first_lo"] == np.uint64(income & (1 << 64) - 1))
    exam.refuse(_PARTY_FIRST[types] & ~_party(rows, "first") & ~ours, Reason.UNAUTHORISED)
    exam.refuse(_BOTH[types] & ~_party(rows, "second"), Reason.UNAUTHORISED)
    open_places = np.flatnonzero(exam.open)
    exam.values[open_places] = values(exam.requests.columns, open_places)


def _check_own_accounts(exam: Exam, types: Array) -> None:
    """Own money leaves own accounts of the client pool, and comes into them or to a customer who is owed it."""
    for place in np.flatnonzero(exam.open & np.isin(types, (OrderType.EXCESS, OrderType.TOP_UP))).tolist():
        account = int(exam.rows["first_lo"][place]) | int(exam.rows["first_hi"][place]) << 64
        try:
            kind = exam.chart.kind_of(account)
        except (BadOrder, InputError):
            kind = None
        own = kind is not None and kind.money is Money.OWN and kind.pool == Pool.CLIENT
        owed = kind is not None and kind.money is Money.CLIENT and types[place] == OrderType.TOP_UP
        if not own and not owed:
            exam.outcomes["state"][place] = State.REFUSED
            exam.outcomes["reason"][place] = Reason.ACCOUNT_OF_OTHERS


def _check_entrusted(exam: Exam, types: Array) -> None:
    """What a borrower raised is paid on to a merchant's account and to no other: nobody's clerk is a merchant."""
    rows = exam.rows
    paid_on = (types == OrderType.RELEASE) & ((rows["third_lo"] | rows["third_hi"]) != 0)
    if not paid_on.any():
        return
    merchant = exam.chart.structure.roles.get(Role.MERCHANT)
    kinds = rows["third_lo"] & np.uint64(0xFFFF)
    known = np.zeros(len(rows), np.bool_) if merchant is None else kinds == np.uint64(merchant.code)
    exam.refuse(paid_on & ~known, Reason.ACCOUNT_OF_OTHERS)


def _ours(exam: Exam, name: str) -> Mask:
    entity = exam.rows[f"{name}_hi"] >> np.uint64(32)
    currency = (exam.rows[f"{name}_lo"] >> np.uint64(16)) & np.uint64(0xFFFF)
    found: Mask = (entity == np.uint64(exam.chart.entity)) & (currency == np.uint64(exam.chart.currency))
    return found


def _party(rows: Array, name: str) -> Mask:
    low = rows[f"{name}_lo"] >> np.uint64(32)
    found: Mask = (low | (rows[f"{name}_hi"] & np.uint64(0xFFFFFFFF))) != 0
    return found


def check_policy(exam: Exam, policy: Policy, used: Usage) -> tuple[Mask, Usage]:
    """Refuse what the policy does not allow. Returns which orders need a checker, and what each person's orders of a
    day move with this batch; `used` is what they moved before (of every pair, 0 where nothing).

    The day is that of the moment: a person cannot choose another one's rules, or another day's limit, by dating orders.
    """
    rows, makers = exam.rows, exam.words["maker"]
    checked = np.zeros(len(rows), np.bool_)
    counted: Usage = {}
    groups = rows["type"].astype(np.int64) << 16 | makers.astype(np.int64)
    day = day_of(exam.now)
    for group in np.unique(groups[exam.open]).tolist():
        which = exam.open & (groups == group)
        kind, person = OrderType(group >> 16), exam.requests.makers[group & 0xFFFF]
        rule = policy.rule(person, kind, exam.chart, day)
        if rule is None:
            exam.refuse(which, Reason.NO_RULE)
            continue
        if rule.per_order is not None:
            exam.refuse(which & (exam.values > rule.per_order), Reason.OVER_ORDER_LIMIT)
        spender = (same_person(person), day_number(day))
        places = np.flatnonzero(which & exam.open)
        before = used.get(spender, 0) + counted.get(spender, 0)
        if rule.daily is not None and before + int(exam.values[places].sum()) > rule.daily:
            places = _within(exam, places, before, rule.daily)
        moved = int(exam.values[places].sum())
        if moved:
            counted[spender] = counted.get(spender, 0) + moved
        if rule.checked_from is not None:
            checked[places] = exam.values[places] >= rule.checked_from
    return checked, counted


def spenders(exam: Exam) -> set[tuple[str, int]]:
    """The (person, day) pairs of a batch; the day is that of the moment, not one that orders name."""
    day = day_number(day_of(exam.now))
    return {(same_person(exam.requests.makers[one]), day) for one in np.unique(exam.words["maker"]).tolist()}


def _within(exam: Exam, places: NDArray[np.int64], before: int, daily: int) -> NDArray[np.int64]:
    """Those of `places`, in their order, that the day's limit still covers; the others are refused."""
    kept, over = [], np.zeros(len(exam.rows), np.bool_)
    for place in places.tolist():
        value = int(exam.values[place])
        if before + value > daily:
            over[place] = True
        else:
            before += value
            kept.append(place)
    exam.refuse(over, Reason.OVER_DAILY_LIMIT)
    return np.array(kept, np.int64)


def check_references(exam: Exam, used: Container[Credit]) -> None:
    """A bank reference is credited once: refuse what names one that is in `used`, or that stands before it."""
    seen: set[Credit] = set()
    twice = np.zeros(len(exam.rows), np.bool_)
    for place, credit in credits_of(exam.requests, exam.open).items():
        twice[place] = credit in used or credit in seen
        seen.add(credit)
    exam.refuse(twice, Reason.REFERENCE_USED)


def check_words(exam: Exam, mandates: Array, used: Mapping[bytes, bytes]) -> None:
    """Every order that needs a customer's word has it: a mandate that fits, or an authorisation of exactly this order.

    `mandates` are ``REGISTER`` rows by number; `used` says which evidence was used before.
    """
    types = exam.rows["type"]
    needs = _CUSTOMERS[types] & _party(exam.rows, "first")
    _one_word(exam, needs, mandates, used, ("mandate", "evidence", "given_at", "first"))
    exam.refuse(exam.words["second"] != 0, Reason.MANDATE_NOT_FOR_TYPE)  # to buy is not to sell
    _one_word(exam, _BOTH[types], mandates, used, ("second", "evidence_2", "given_at_2", "second"))


def check_mandates(exam: Exam, mandates: Array) -> None:
    """The mandates that the orders are given under are in force now, and wide enough."""
    exam.values[:] = values(exam.requests.columns, np.arange(len(exam.rows)))
    for name, account in (("mandate", "first"), ("second", "second")):
        under = exam.words[name] != 0
        if under.any():
            _under_mandate(exam, under, mandates, name, account)


def _one_word(
    exam: Exam, needs: Mask, mandates: Array, used: Mapping[bytes, bytes], names: tuple[str, str, str, str]
) -> None:
    mandate, evidence, given_at, account = names
    words = exam.words
    under = needs & (words[mandate] != 0)
    if under.any():
        _under_mandate(exam, under, mandates, mandate, account)
    told = needs & (words[mandate] == 0)
    exam.refuse(told & (words[evidence] == b""), Reason.UNAUTHORISED)
    told &= exam.open
    at = words[given_at].astype(np.int64)
    old = (at < exam.now - AUTHORISATION_AGE_MAX_S * NS_PER_SECOND) | (
        at > exam.now + CLOCKS_APART_MAX_S * NS_PER_SECOND
    )
    exam.refuse(told & old, Reason.AUTHORISATION_TOO_OLD)
    wrong, twice = np.zeros(len(words), np.bool_), np.zeros(len(words), np.bool_)
    seen = exam.seen
    digests = words["digest"]
    for place in np.flatnonzero(told & exam.open).tolist():
        wrong[place] = digests[place].tobytes() != exam.requests.columns.digest(place)
        name = words[evidence][place]
        twice[place] = not wrong[place] and (name in used or name in seen)
        if not wrong[place]:
            seen.add(name)
    exam.refuse(wrong, Reason.AUTHORISATION_OTHER_ORDER)
    exam.refuse(twice, Reason.AUTHORISATION_USED)


def _under_mandate(exam: Exam, under: Mask, mandates: Array, name: str, account: str) -> None:
    rows = exam.rows
    places = np.flatnonzero(under)
    numbers = exam.words[name][places]
    exam.refuse(_spread(exam, places, ~_MANDATE[rows["type"][places]]), Reason.MANDATE_NOT_FOR_TYPE)
    if not len(mandates):
        exam.refuse(under, Reason.MANDATE_UNKNOWN)
        return
    at = np.minimum(np.searchsorted(mandates["number"], numbers), len(mandates) - 1)
    found, orders = mandates[at], rows[places]
    values_ = exam.values[places]
    payee = "second" if account == "first" else "first"
    other_payee = ((found["payee_lo"] | found["payee_hi"]) != 0) & (
        (found["payee_lo"] != orders[f"{payee}_lo"]) | (found["payee_hi"] != orders[f"{payee}_hi"])
    )
    other_project = (found["project"] != 0) & (
        (found["project"] != orders["subject_lo"]) | (orders["subject_hi"] != 0)
    )
    other_type = (found["types"] & _BITS[orders["type"]]) == 0
    other_account = (found["account_lo"] != orders[f"{account}_lo"]) | (
        found["account_hi"] != orders[f"{account}_hi"]
    )
    for wrong, reason in (
        ((found["number"] != numbers) | (found["state"] == MandateState.OPENING), Reason.MANDATE_UNKNOWN),
        (other_account, Reason.MANDATE_OTHER_ACCOUNT),
        (found["state"] == MandateState.REVOKED, Reason.MANDATE_REVOKED),
        (found["from"] > exam.now, Reason.MANDATE_NOT_YET),
        (found["until"] <= exam.now, Reason.MANDATE_EXPIRED),
        (other_type | other_payee | other_project, Reason.MANDATE_OTHER_PURPOSE),
        (values_ > found["per_order"], Reason.MANDATE_ORDER_LIMIT),
    ):
        exam.refuse(_spread(exam, places, wrong), reason)


def _spread(exam: Exam, places: NDArray[np.int64], which: Mask) -> Mask:
    mask = np.zeros(len(exam.rows), np.bool_)
    mask[places[which]] = True
    return mask


def check_projects(exam: Exam, projects: Array) -> None:
    """Bids are for projects that are established and for their borrowers; orders about one are marked.

    `projects` are ``REGISTER`` rows of `jinku.custody.orders.projects`, by number.
    """
    rows = exam.rows
    bids = _PROJECT[rows["type"]]
    claims = _CLAIMS[rows["type"]]
    if not (bids | claims).any():
        return
    known = np.zeros(len(rows), np.bool_)
    if len(projects):
        at = np.minimum(np.searchsorted(projects["number"], rows["subject_lo"]), len(projects) - 1)
        known = (projects["number"][at] == rows["subject_lo"]) & (rows["subject_hi"] == 0)
        paid = np.where(rows["type"] == OrderType.RELEASE, rows["first_lo"], rows["second_lo"])
        paid_high = np.where(rows["type"] == OrderType.RELEASE, rows["first_hi"], rows["second_hi"])
        wrong = (paid != projects["borrower_lo"][at]) | (paid_high != projects["borrower_hi"][at])
        exam.refuse(known & (bids | (rows["type"] == OrderType.RELEASE)) & wrong, Reason.HOLD_OTHER_PARTIES)
    exam.refuse(bids & ~known, Reason.PROJECT_UNKNOWN)
    under = exam.words["mandate"] != 0
    exam.refuse(claims & ~known & ((rows["type"] == OrderType.DEBT_TRANSFER) | under), Reason.PROJECT_UNKNOWN)
    exam.words["marks"] |= np.where(bids & known, Mark.PROJECT, 0).astype(np.uint8)
    exam.words["marks"] |= np.where(claims & known, Mark.CLAIMS, 0).astype(np.uint8)


_CLAIMS = _by_type({kind.type: kind.claims for kind in CATALOGUE.values()})
