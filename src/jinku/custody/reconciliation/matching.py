"""The rules at work: whole columns are joined at once, and each record is consumed once for each other side.

Rules:

1. A pair of sides has an anchor, whose references are ours, and another side, whose records are known by the first of
   their ids that the anchor's side has (or an alias of it that the platform gave).
2. Rows of the table run in their order over what is still open. What a row links is consumed.
3. Counterparties that are both given and differ forbid a match that no reference proves, and to take another amount,
   direction or account under a reference for the same payment: a mistyped reference is often another one of ours.

Example::

    work = Work(book, rules)
    work.run(Side.LEDGER, Side.BANK)
    work.group_of[Pair.BANK]  # for each node its group, or -1
"""

from dataclasses import dataclass, field

import numpy as np

from jinku.custody.reconciliation.breaks import BreakClass
from jinku.custody.reconciliation.keys import ID_COLUMNS, Book, combined
from jinku.custody.reconciliation.records import Bits, Longs, Side
from jinku.custody.reconciliation.rules import Kind, Need, Rule, Rules
from jinku.custody.reconciliation.weak import Weak

PAIRS = ((Side.LEDGER, Side.PLATFORM), (Side.LEDGER, Side.BANK), (Side.PLATFORM, Side.BANK))
"""Anchor and other side, in the order in which they are compared."""
NETTING = len(PAIRS)
"""The place of groups within the bank's side: what it booked and took back."""


@dataclass
class Pass:
    """One pair of sides while it is compared: open nodes of both, and what the other side's records are known by."""

    place: int
    anchor: Longs
    other: Longs
    name: Longs
    """For each node of the book: the code that it is known by; 0 for none."""
    known: Bits
    """For each code: whether the anchor's side has it as a reference."""


@dataclass
class Work:
    """What has been linked so far."""

    book: Book
    rules: Rules
    group_of: Longs = field(init=False)
    """(place of the pair, node) → number of the group, or -1."""
    rule_of: list[int] = field(default_factory=list)
    """For each group the place of its row in the table; -1: netted on the bank's side."""
    ambiguous: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Nodes that fit without proof, and what they fit."""
    name: Longs = field(init=False)
    """What each node is known by in the end."""
    sure: Bits = field(init=False)
    """Whether that name is one of ours."""

    def __post_init__(self) -> None:
        self.group_of = np.full((NETTING + 1, self.book.size), -1, np.int64)
        self.name = self.book.reference.copy()
        self.sure = np.zeros(self.book.size, np.bool_)

    def run(self, place: int) -> None:
        """Compare the pair of sides at `place` of PAIRS by every row of the table."""
        now = self._opened(place)
        for number, rule in enumerate(self.rules.rows):
            if not len(now.anchor) or not len(now.other):
                break
            if rule.kind is Kind.PAIR:
                self._pair(now, number, rule)
            elif rule.kind is Kind.GROUP:
                self._group(now, number, rule)
            else:
                weak = Weak(self.book, self.rules, now.name, now.known)
                find = weak.near if rule.kind is Kind.NEAR else weak.subsets
                found = find(rule, now.anchor, now.other)
                for group in found.groups:
                    self.link(place, number, [np.array([node], np.int64) for node in group])
                self.ambiguous |= found.undecided
            self._shrink(now)

    def link(self, place: int, rule: int, members: list[Longs]) -> None:
        """Make groups: the k-th of each array of `members` belong together."""
        count = len(members[0])
        groups = np.arange(len(self.rule_of), len(self.rule_of) + count)
        for nodes in members:
            self.group_of[place, nodes] = groups
        self.rule_of += [rule] * count

    def _opened(self, place: int) -> Pass:
        book = self.book
        anchor_side, other_side = PAIRS[place]
        anchor, other = book.nodes(anchor_side), book.nodes(other_side)
        known = np.zeros(len(book.names.texts), np.bool_)
        known[book.reference[anchor]] = True
        known[0] = False
        alias = self._aliases(anchor_side, known)
        name = np.zeros(book.size, np.int64)
        name[anchor] = book.reference[anchor]
        ids = book.ids[:, other]
        found = np.zeros(len(other), np.int64)
        for row in range(ID_COLUMNS):
            codes = np.where(known[ids[row]], ids[row], alias[ids[row]])
            found = np.where(found > 0, found, codes)
        first = np.zeros(len(other), np.int64)
        for row in range(ID_COLUMNS):
            first = np.where(first > 0, first, ids[row])
        name[other] = np.where(found > 0, found, first)
        self.name[other] = np.where(self.sure[other], self.name[other], name[other])
        self.sure[other] |= found > 0
        now = Pass(place, anchor[book.live[anchor]], other[book.live[other]], name, known)
        if place == 2:  # only what the ledger did not explain
            now.other = now.other[self.group_of[1, now.other] < 0]
            now.anchor = now.anchor[~self._has_bank(now.anchor)]
        return now

    def _aliases(self, anchor: Side, known: Bits) -> Longs:
        """For each code: the reference of ours that the platform gives it as a further id of, where there is one
        only."""
        book = self.book
        alias = np.zeros(len(known), np.int64)
        platform = book.nodes(Side.PLATFORM)
        if anchor is Side.LEDGER:
            groups = self.group_of[0, platform]
            linked = platform[groups >= 0]
            ours = np.full(len(self.rule_of), -1, np.int64)
            ledger = book.nodes(Side.LEDGER)
            mine = self.group_of[0, ledger]
            ours[mine[mine >= 0]] = ledger[mine >= 0]
            targets = book.reference[ours[self.group_of[0, linked]]]
        else:
            linked, targets = platform, book.reference[platform]
        clash = np.zeros(len(known), np.bool_)
        for row in range(1, ID_COLUMNS):
            codes = book.ids[row, linked]
            use = (codes > 0) & (targets > 0) & ~known[codes]
            codes, wanted = codes[use], targets[use]
            if not len(codes):
                continue
            fresh = alias[codes] == 0
            alias[codes[fresh]] = wanted[fresh]
            clash[codes[alias[codes] != wanted]] = True
        alias[clash] = 0
        return alias

    def _has_bank(self, nodes: Longs) -> Bits:
        """Whether the ledger's record that each of the platform's `nodes` is linked to was found at the bank."""
        groups = self.group_of[0, nodes]
        ledger = self.book.nodes(Side.LEDGER)
        met = np.zeros(len(self.rule_of) + 1, np.bool_)
        at_bank = ledger[(self.group_of[1, ledger] >= 0) & (self.group_of[0, ledger] >= 0)]
        met[self.group_of[0, at_bank]] = True
        found: Bits = (groups >= 0) & met[groups]
        return found

    def _shrink(self, now: Pass) -> None:
        now.anchor = now.anchor[self.group_of[now.place, now.anchor] < 0]
        now.other = now.other[self.group_of[now.place, now.other] < 0]

    def enrich(self) -> None:
        """Give the ledger's records the batch and the counterparty that the platform names for the same payment."""
        book = self.book
        ledger, platform = book.nodes(Side.LEDGER), book.nodes(Side.PLATFORM)
        groups = self.group_of[0]
        many = np.bincount(groups[groups >= 0], minlength=len(self.rule_of))
        theirs = np.full(len(self.rule_of) + 1, -1, np.int64)
        theirs[groups[platform][groups[platform] >= 0]] = platform[groups[platform] >= 0]
        pairs = ledger[groups[ledger] >= 0]
        pairs = pairs[many[groups[pairs]] == 2]
        source = theirs[groups[pairs]]
        for column in (book.batch, book.counterparty):
            column[pairs] = np.where(column[pairs] > 0, column[pairs], column[source])

    # --- one row of the table ------------------------------------------------------------------------------------

    def _eligible(self, now: Pass, rule: Rule) -> Longs:
        """The open records of the other side that `rule` may take."""
        other = now.other
        if rule.nameless:
            named = now.known[now.name[other]] | (self.book.ids[0, other] > 0)
            free: Longs = other[~named]
            return free
        return other

    def _keys(self, now: Pass, rule: Rule, anchor: Longs, other: Longs) -> tuple[Longs, Longs]:
        """Codes of the rule's keys for both sides; -1 where a record lacks one of them."""
        book = self.book
        both = np.concatenate((anchor, other))
        columns: list[Longs] = []
        lacking = np.zeros(len(both), np.bool_)
        day = (
            book.business
            if rule.kind is Kind.GROUP
            else book.booked.astype(np.int64) - int(book.booked.min())
        )
        plain = {
            "account": book.account,
            "currency": book.currency,
            "counterparty": book.counterparty,
            "amount": book.amount_code,
            "direction": book.sideway,
            "day": day,
        }
        for key in rule.keys:
            if key == "reference":
                column = now.name[both]
            elif key == "batch":
                column = self._batches(anchor, other)
            elif key in ("text", "normal"):
                weak = Weak(book, self.rules, now.name, now.known)
                column = (weak.in_text if key == "text" else weak.normals)(anchor, other)
            else:
                column = plain[key][both]
            if key in ("reference", "batch", "text", "normal", "counterparty"):
                lacking |= column == 0
            columns.append(column)
        if lacking.all():
            return np.full(len(anchor), -1), np.full(len(other), -1)
        codes = combined(columns)
        codes[lacking] = -1
        return codes[: len(anchor)], codes[len(anchor) :]

    def _batches(self, anchor: Longs, other: Longs) -> Longs:
        book = self.book
        mine = np.where(book.batch[anchor] > 0, book.batch[anchor], book.reference[anchor])
        known = np.zeros(len(book.names.texts), np.bool_)
        known[mine] = True
        known[0] = False
        theirs = np.where(known[book.batch[other]], book.batch[other], 0)
        for row in range(ID_COLUMNS):
            codes = book.ids[row, other]
            theirs = np.where((theirs == 0) & known[codes], codes, theirs)
        return np.concatenate((mine, theirs))

    def _pair(self, now: Pass, number: int, rule: Rule) -> None:
        anchor, other = now.anchor, self._eligible(now, rule)
        if not len(other):
            return
        key_a, key_b = self._keys(now, rule, anchor, other)
        anchor, key_a = anchor[key_a >= 0], key_a[key_a >= 0]
        other, key_b = other[key_b >= 0], key_b[key_b >= 0]
        if not len(anchor) or not len(other):
            return
        a, b, odd = self._joined(rule, (anchor, key_a), (other, key_b))
        if rule.need is Need.DISTINCT:
            alone = self._alone(rule, now)
            keep = alone[a] & alone[b] & (self.book.amount[a] > 0)
            a, b = a[keep], b[keep]
        if now.place and "reference" in rule.keys:  # a bank's references may be mistyped; programs' are not
            keep = self._unrivalled(now, rule, a, b)
            a, b = a[keep], b[keep]
        if not set(rule.keys) & {"reference", "normal", "text"} or rule.verdict is not None:
            parties = self.book.counterparty
            clash = (parties[a] > 0) & (parties[b] > 0) & (parties[a] != parties[b])
            a, b = a[~clash], b[~clash]
        if rule.verdict is not None:
            plain = ~self.book.taken_back[b] | (self.book.signed[a] == self.book.signed[b])
            a, b = a[plain], b[plain]
            if "account" not in rule.keys:
                apart = self.book.account[a] != self.book.account[b]
                a, b = a[apart], b[apart]
        self.link(now.place, number, [a, b])
        for mine, theirs in odd:
            self._walk(now.place, number, rule, mine, theirs)

    def _unrivalled(self, now: Pass, rule: Rule, a: Longs, b: Longs) -> Bits:
        """Whether no other open record of the anchor's side fits `b` but for a typing error in the reference.

        Asked where amount or direction differ under a reference, and where the counterparties do; a rival must then
        have the counterparty itself. Where there is one, the reference may be mistyped or the payment wrong: unless the
        counterparty tells, nobody can say, and all of them are undecided.
        """
        party, keep = self.book.counterparty, np.ones(len(b), np.bool_)
        keys = ["account", "currency", "amount", "direction"]
        asked = np.arange(len(b))
        if rule.verdict not in (BreakClass.AMOUNT_DIFFERS, BreakClass.WRONG_DIRECTION):
            asked = np.flatnonzero((party[a] > 0) & (party[b] > 0) & (party[a] != party[b]))
            keys.append("counterparty")
        if not len(asked):
            return keep
        near = Weak(self.book, self.rules, now.name, now.known).nearly(rule, keys, now.anchor, b[asked])
        for place in asked.tolist():
            mine, theirs = int(a[place]), int(b[place])
            told = party[mine] == party[theirs] > 0
            rivals = tuple(
                one
                for one in near.get(theirs, ())
                if one != mine and (not told or party[one] == party[theirs])
            )
            if rivals:
                keep[place] = False
                self._undecided(theirs, mine, *rivals)
                for one in (mine, *rivals):
                    self._undecided(one, theirs)
        return keep

    def _undecided(self, node: int, *fits: int) -> None:
        self.ambiguous[node] = tuple(dict.fromkeys((*self.ambiguous.get(node, ()), *fits)))

    def _joined(
        self, rule: Rule, mine: tuple[Longs, Longs], theirs: tuple[Longs, Longs]
    ) -> tuple[Longs, Longs, list[tuple[Longs, Longs]]]:
        """Pairs by equal keys that the window allows; and groups that must be walked since a pair in order is
        outside."""
        anchor, key_a = mine
        other, key_b = theirs
        _, codes = np.unique(np.concatenate((key_a, key_b)), return_inverse=True)
        code_a, code_b = codes[: len(key_a)], codes[len(key_a) :]
        size = int(codes.max()) + 1
        count_a, count_b = np.bincount(code_a, minlength=size), np.bincount(code_b, minlength=size)
        pairs = np.minimum(count_a, count_b)
        if rule.need is not Need.ALIKE:
            pairs[(count_a != 1) | (count_b != 1)] = 0
        order_a = np.lexsort((anchor, self.book.booked[anchor], code_a))
        order_b = np.lexsort((other, self.book.booked[other], code_b))
        groups = np.flatnonzero(pairs)
        starts_a = np.concatenate(([0], np.cumsum(count_a)))[groups]
        starts_b = np.concatenate(([0], np.cumsum(count_b)))[groups]
        many = pairs[groups]
        rank = np.arange(int(many.sum())) - np.repeat(np.cumsum(many) - many, many)
        a = anchor[order_a[np.repeat(starts_a, many) + rank]]
        b = other[order_b[np.repeat(starts_b, many) + rank]]
        fits = self._within(rule, a, b)
        group = np.repeat(np.arange(len(groups)), many)
        several = (count_a[groups] > 1) | (count_b[groups] > 1)
        broken = np.zeros(len(groups), np.bool_)
        broken[group[~fits]] = True
        broken &= several
        odd = [
            (
                anchor[order_a[starts_a[g] : starts_a[g] + count_a[groups[g]]]],
                other[order_b[starts_b[g] : starts_b[g] + count_b[groups[g]]]],
            )
            for g in np.flatnonzero(broken).tolist()
        ]
        keep = fits & ~broken[group]
        return a[keep], b[keep], odd

    def _within(self, rule: Rule, a: Longs, b: Longs) -> Bits:
        lag = self.book.business[b] - self.book.business[a]
        if "day" in rule.keys:
            return np.ones(len(a), np.bool_)
        return (lag >= rule.window[0]) & (lag <= rule.window[1])

    def _walk(self, place: int, number: int, rule: Rule, mine: Longs, theirs: Longs) -> None:
        """Pair alike records in order of day, passing over what lies outside the window."""
        i = j = 0
        while i < len(mine) and j < len(theirs):
            lag = int(self.book.business[theirs[j]] - self.book.business[mine[i]])
            if lag < rule.window[0]:
                j += 1
            elif lag > rule.window[1]:
                i += 1
            else:
                self.link(place, number, [mine[i : i + 1], theirs[j : j + 1]])
                i, j = i + 1, j + 1

    def _alone(self, rule: Rule, now: Pass) -> Bits:
        """For each node: whether no other of its side, open or not, has the same keys."""
        book = self.book
        anchor_side, other_side = PAIRS[now.place]
        anchor, other = book.nodes(anchor_side), book.nodes(other_side)
        key_a, key_b = self._keys(now, rule, anchor, other)
        alone = np.zeros(book.size, np.bool_)
        for nodes, keys in ((anchor, key_a), (other, key_b)):
            _, codes, counts = np.unique(keys, return_inverse=True, return_counts=True)
            alone[nodes] = counts[codes] == 1
        return alone

    def _group(self, now: Pass, number: int, rule: Rule) -> None:
        anchor, other = now.anchor, self._eligible(now, rule)
        if not len(other):
            return
        key_a, key_b = self._keys(now, rule, anchor, other)
        anchor, key_a = anchor[key_a >= 0], key_a[key_a >= 0]
        other, key_b = other[key_b >= 0], key_b[key_b >= 0]
        shared = np.intersect1d(key_a, key_b)
        in_a, in_b = np.isin(key_a, shared), np.isin(key_b, shared)
        anchor, other = anchor[in_a], other[in_b]
        if not len(anchor):
            return
        code_a, code_b = np.searchsorted(shared, key_a[in_a]), np.searchsorted(shared, key_b[in_b])
        sums = np.zeros((2, len(shared)), np.int64)
        np.add.at(sums[0], code_a, self.book.signed[anchor])
        np.add.at(sums[1], code_b, self.book.signed[other])
        count_a = np.bincount(code_a, minlength=len(shared))
        count_b = np.bincount(code_b, minlength=len(shared))
        inside = self._spread(rule, (anchor, code_a), (other, code_b), len(shared))
        whole = (sums[0] == sums[1]) & inside & ((count_a + count_b > 2) | rule.nameless)
        if rule.nameless:  # without a reference, which of several is which would be a guess
            whole &= (count_a == 1) | (count_b == 1)
        numbers = np.cumsum(whole) - 1 + len(self.rule_of)
        for nodes, codes in ((anchor, code_a), (other, code_b)):
            take = whole[codes]
            self.group_of[now.place, nodes[take]] = numbers[codes[take]]
        self.rule_of += [number] * int(whole.sum())
        if "batch" in rule.keys:
            short = inside & ~whole & (count_a > 1) & (count_b == 1)
            mine, theirs = np.argsort(code_a, kind="stable"), np.argsort(code_b, kind="stable")
            ends_a, ends_b = np.cumsum(count_a), np.cumsum(count_b)
            for code in np.flatnonzero(short).tolist():
                here = anchor[mine[ends_a[code] - count_a[code] : ends_a[code]]]
                there = other[theirs[ends_b[code] - count_b[code] : ends_b[code]]]
                self._without(now, number, here, there)

    def _spread(self, rule: Rule, mine: tuple[Longs, Longs], theirs: tuple[Longs, Longs], size: int) -> Bits:
        """Whether all days of each group lie within the window of one another."""
        business = self.book.business
        span = np.zeros((4, size), np.int64)
        span[0::2], span[1::2] = np.iinfo(np.int64).max, np.iinfo(np.int64).min
        for row, (nodes, codes) in ((0, mine), (2, theirs)):
            np.minimum.at(span[row], codes, business[nodes])
            np.maximum.at(span[row + 1], codes, business[nodes])
        if "day" in rule.keys:
            return np.ones(size, np.bool_)
        inside: Bits = (span[2] - span[1] >= rule.window[0]) & (span[3] - span[0] <= rule.window[1])
        return inside

    def _without(self, now: Pass, number: int, mine: Longs, theirs: Longs) -> None:
        """The other side's one record covers all of ours but one, which can only be this one: link the rest. Where no
        one record is the difference, or several could be, the batch as a whole has another amount."""
        missing = int(self.book.signed[mine].sum() - self.book.signed[theirs].sum())
        out = np.flatnonzero(self.book.signed[mine] == missing)
        rest = np.delete(mine, out) if len(out) == 1 else mine
        group = len(self.rule_of)
        self.group_of[now.place, rest] = group
        self.group_of[now.place, theirs] = group
        self.rule_of.append(number)

    def net(self) -> None:
        """Link what the bank booked and took back itself: same account, reference and amount, opposite directions."""
        book = self.book
        bank = book.nodes(Side.BANK)
        free = (
            (self.group_of[1, bank] < 0)
            & (self.group_of[2, bank] < 0)
            & book.live[bank]
            & (self.name[bank] > 0)
        )
        bank = bank[free]
        if len(bank) < 2:
            return
        key = combined([book.account[bank], book.currency[bank], self.name[bank], book.amount_code[bank]])
        came, went = book.direction[bank] > 0, book.direction[bank] < 0
        if not came.any() or not went.any():
            return
        rule = Rule("net", Kind.PAIR, (), Need.ALIKE, (-(1 << 40), 1 << 40))
        a, b, _ = self._joined(rule, (bank[came], key[came]), (bank[went], key[went]))
        self.link(NETTING, -1, [a, b])
