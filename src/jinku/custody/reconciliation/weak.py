"""What people and banks do to references, and sums without a reference: the rules that need more than equal keys.

Rules:

1. All of this looks at open records only, and demands that what it finds is the only thing it could find.
2. A typing error is one character changed, lost, added, or two neighbours exchanged. Numbers in a row are one such
   error apart, so a near reference counts only if the amount stands once on either side, or both name the same
   counterparty. What is near without that proof is undecided.
3. A sum of several records is searched among those of one counterparty where the bank says how many payments the line
   sums up, among at most as many as the table says, and counts only if no other choice has the same sum.

Example::

    one_error_apart("R-2026-000017", "R-2026-00017")  # True
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from jinku.custody.reconciliation.keys import ID_COLUMNS, Book, combined, normal
from jinku.custody.reconciliation.records import Bits, Longs
from jinku.custody.reconciliation.rules import Rule, Rules

REFERENCE_CHARACTERS_MIN = 6
"""Shorter references are too common to be looked for in a text or to be mistyped."""
NEAR_PAIRS_MAX = 10_000
"""Records of one amount whose references are compared one by one: open ones here times open ones there."""
CANDIDATES_MAX = 5
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]*")


@dataclass
class Found:
    """Groups of nodes that belong together, and nodes that fit without proof with what they fit."""

    groups: list[tuple[int, ...]] = field(default_factory=list)
    undecided: dict[int, tuple[int, ...]] = field(default_factory=dict)


class Weak:
    """See the module. `name` and `known` are those of the pass."""

    def __init__(self, book: Book, rules: Rules, name: Longs, known: Bits) -> None:
        self._book, self._rules, self._name, self._known = book, rules, name, known

    def in_text(self, anchor: Longs, other: Longs) -> Longs:
        """For anchors their reference; for others the one reference of ours in their text; 0 where none or several."""
        codes = self._book.names
        keys = np.zeros(len(anchor) + len(other), np.int64)
        keys[: len(anchor)] = self._name[anchor]
        for place, node in enumerate(other.tolist(), len(anchor)):
            if self._known[self._name[node]]:
                continue
            part, row = self._book.record(node)
            words = {codes.get(word) for word in _words(part.text[row])}
            ours = {code for code in words if code and self._known[code]}
            keys[place] = ours.pop() if len(ours) == 1 else 0
        return keys

    def normals(self, anchor: Longs, other: Longs) -> Longs:
        """A code of each record's reference without what people leave out or add; 0 where it is too short."""
        texts, made = self._book.names.texts, dict[str, int]()
        keys = np.zeros(len(anchor) + len(other), np.int64)
        for place, node in enumerate(anchor.tolist()):
            plain = normal(texts[self._name[node]])
            if len(plain) > 2:
                keys[place] = made.setdefault(plain, len(made) + 1)
        for place, node in enumerate(other.tolist(), len(anchor)):
            if self._known[self._name[node]]:
                continue
            ids = {made.get(normal(texts[self._book.ids[row, node]]), 0) for row in range(ID_COLUMNS)} - {0}
            keys[place] = ids.pop() if len(ids) == 1 else 0
        return keys

    def near(self, rule: Rule, anchor: Longs, other: Longs) -> Found:
        """Pairs whose references are one error apart (rule 2)."""
        book, found = self._book, Found()
        other = self._mistyped(anchor, other[self._name[other] > 0])
        anchor = anchor[self._name[anchor] > 0]
        for mine, theirs in self._same(rule.keys, anchor, other):
            if len(mine) * len(theirs) > NEAR_PAIRS_MAX:
                continue
            near = [(a, b) for a in mine for b in theirs if self._apart(a, b) and self._fits(rule, a, b)]
            for a, b in near:
                alone = sum(one == a for one, _ in near) == 1 == sum(one == b for _, one in near)
                same_party = book.counterparty[a] == book.counterparty[b] > 0
                if alone and (same_party or (self._odd(a, b) and self._rare(a, b) and not self._clash(a, b))):
                    found.groups.append((a, b))
                else:
                    found.undecided.setdefault(a, tuple(y for x, y in near if x == a)[:CANDIDATES_MAX])
                    found.undecided.setdefault(b, tuple(x for x, y in near if y == b)[:CANDIDATES_MAX])
        return found

    def nearly(
        self, rule: Rule, keys: Sequence[str], anchor: Longs, other: Longs
    ) -> dict[int, tuple[int, ...]]:
        """For those of `other` whose reference is one error apart from that of an open record with the same `keys` and
        no other counterparty: these records."""
        found: dict[int, tuple[int, ...]] = {}
        for mine, theirs in self._same(keys, anchor[self._name[anchor] > 0], other):
            if len(mine) * len(theirs) > NEAR_PAIRS_MAX:
                continue
            for b in theirs:
                near = [
                    a for a in mine if self._apart(a, b) and self._fits(rule, a, b) and not self._clash(a, b)
                ]
                if near:
                    found[b] = tuple(near[:CANDIDATES_MAX])
        return found

    def _mistyped(self, anchor: Longs, other: Longs) -> Longs:
        """Those of `other` whose reference may be a typing error: it is none of ours, or one of ours that is settled
        with another amount. A second line with reference and amount of a first is a duplicate, no error."""
        book = self._book
        strange = ~self._known[self._name[other]]
        named = other[~strange]
        if not len(named):
            return other[strange]
        asked = np.zeros(len(self._known), np.bool_)
        asked[self._name[named]] = True
        side = np.flatnonzero((book.side_of == book.side_of[other[0]]) & asked[self._name])
        seen: dict[tuple[int, int], int] = {}
        for node in side.tolist():
            key = (int(self._name[node]), int(book.signed[node]))
            seen[key] = seen.get(key, 0) + 1
        waiting = np.zeros(len(self._known), np.bool_)
        waiting[self._name[anchor]] = True
        single = [seen[int(self._name[node]), int(book.signed[node])] == 1 for node in named.tolist()]
        free = named[np.array(single, np.bool_) & ~waiting[self._name[named]] & ~book.taken_back[named]]
        return np.sort(np.concatenate((other[strange], free)))

    def subsets(self, rule: Rule, anchor: Longs, other: Longs) -> Found:
        """Records of the other side that one choice of the anchor's records alone sums up to (rule 3)."""
        book, found, used = self._book, Found(), set[int]()
        other = other[~self._known[self._name[other]]]
        parties = book.counterparty
        for mine, theirs in self._same(rule.keys, anchor[parties[anchor] > 0], other[parties[other] > 0]):
            for node in theirs:
                free = [one for one in mine if one not in used and self._fits(rule, one, node)]
                chosen = self._choices(free, int(book.signed[node]), int(self._count(node)))
                if len(chosen) == 1:
                    found.groups.append((*chosen[0], node))
                    used.update(chosen[0])
                elif chosen:
                    found.undecided[node] = tuple({one: None for choice in chosen for one in choice})[
                        :CANDIDATES_MAX
                    ]
        return found

    def _choices(self, free: list[int], target: int, count: int) -> list[tuple[int, ...]]:
        """Up to two choices of `count` of `free` that sum up to `target`."""
        if not 2 <= len(free) <= self._rules.subset_candidates_max:
            return []
        if not 2 <= count <= self._rules.subset_members_max:
            return []
        amounts = {one: int(self._book.signed[one]) for one in free}
        chosen: list[tuple[int, ...]] = []
        for choice in combinations(free, count):
            if sum(amounts[one] for one in choice) == target:
                chosen.append(choice)
                if len(chosen) == 2:
                    break
        return chosen

    def _count(self, node: int) -> int:
        part, row = self._book.record(node)
        return int(part.batch_count[row])

    def _same(self, keys: Sequence[str], anchor: Longs, other: Longs) -> list[tuple[list[int], list[int]]]:
        """Open records of both sides by equal `keys`."""
        if not len(anchor) or not len(other):
            return []
        book = self._book
        both = np.concatenate((anchor, other))
        named = {
            "account": book.account,
            "currency": book.currency,
            "counterparty": book.counterparty,
            "amount": book.amount_code,
            "direction": book.sideway,
        }
        key = combined([named[one][both] for one in keys])
        groups: dict[int, tuple[list[int], list[int]]] = {}
        shared = np.intersect1d(key[: len(anchor)], key[len(anchor) :])
        for place in np.flatnonzero(np.isin(key, shared)).tolist():
            groups.setdefault(int(key[place]), ([], []))[place >= len(anchor)].append(int(both[place]))
        return [groups[one] for one in sorted(groups, key=lambda one: groups[one][0][0])]

    def _apart(self, a: int, b: int) -> bool:
        texts = self._book.names.texts
        mine, theirs = texts[self._name[a]], texts[self._name[b]]
        return min(len(mine), len(theirs)) >= REFERENCE_CHARACTERS_MIN and one_error_apart(mine, theirs)

    def _odd(self, a: int, b: int) -> bool:
        """Whether the references differ as two numbers of one sequence would not: in length, or by a letter."""
        texts = self._book.names.texts
        mine, theirs = texts[self._name[a]], texts[self._name[b]]
        changed = [x + y for x, y in zip(mine, theirs, strict=False) if x != y]
        return len(mine) != len(theirs) or not all(pair.isdigit() for pair in changed)

    def _fits(self, rule: Rule, a: int, b: int) -> bool:
        lag = int(self._book.business[b] - self._book.business[a])
        return rule.window[0] <= lag <= rule.window[1]

    def _clash(self, a: int, b: int) -> bool:
        mine, theirs = int(self._book.counterparty[a]), int(self._book.counterparty[b])
        return bool(mine and theirs and mine != theirs)

    def _rare(self, a: int, b: int) -> bool:
        """Whether the amount stands once on either side, open or not."""
        return all(
            self._counts(int(self._book.side_of[node]))[self._book.amount_code[node]] == 1 for node in (a, b)
        )

    def _counts(self, side: int) -> Longs:
        book = self._book
        cache: dict[int, Longs] = self.__dict__.setdefault("_amounts", {})
        if side not in cache:
            span = slice(int(book.first[side]), int(book.first[side + 1]))
            cache[side] = np.bincount(book.amount_code[span], minlength=int(book.amount_code.max()) + 1)
        return cache[side]


def one_error_apart(one: str, other: str) -> bool:
    """Whether a character changed, lost or added, or two neighbours exchanged, make one text of the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    if one[start + 1 :] == other[start + 1 :]:
        return True
    crossed = one[start : start + 2] == other[start : start + 2][::-1]
    return crossed and one[start + 2 :] == other[start + 2 :]


def _words(text: str) -> list[str]:
    """What in a text may be a reference: runs of letters, digits and joining signs, without a closing point."""
    words = (word.rstrip("./_-") for word in _WORD.findall(text))
    return [word for word in words if len(word) >= REFERENCE_CHARACTERS_MIN]
