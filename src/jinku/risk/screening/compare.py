"""Two names: one score from 0 to 1, and how it came about.

Rules:

1. Words are paired, best pairs first; two neighbouring words may stand for one. The score is the mean likeness of what
   is paired, by weight, lowered by what is left over.
2. Left over on one side only (a middle name, a patronymic) it costs little where two full words agree; left over on
   both sides it is a conflict, and a name with a conflict never reaches the threshold.
3. Numbers must agree; a legal form of another kind costs little, for lists and registers often differ there.
4. Names in one script that is compared letter by letter (Chinese, Hangul) must agree in every letter but order.
5. An acronym of three letters or more stands for its organisation, just above the threshold.

Example::

    compare(ready("Usama bin Ladin", Kind.PERSON), ready("Osama bin Laden", Kind.PERSON)).score
"""

from dataclasses import dataclass

from rapidfuzz.distance import OSA

from jinku.risk.screening.chinese import in_wade_giles, is_wade_giles
from jinku.risk.screening.names import Kind, Ready
from jinku.risk.screening.table_names import PARTICLES
from jinku.risk.screening.words import likeness, likeness_across

THRESHOLD = 0.7
"""From this score on two names match. Everything below is tuned to it."""

PAIR_MIN = 0.7
PAIR_ACROSS_MIN = 0.66
JOINED_MIN = 0.84
JOINED_APART_MAX = 3
JOINED_ACROSS_LETTERS_MIN = 7
ANCHOR_MIN = 2
ANCHOR_WEIGHT = 0.5
INITIAL_WEIGHT = 0.35
CONFLICT_MAX = 0.66
CONFLICT_WEIGHT = 0.28
CONFLICT_WEIGHT_ORGANISATION = 0.41
CONFLICT_PRICE = 1.5
NUMBERS_MAX = 0.6
EXTRA_PERSON = 0.12
EXTRA_ONE_WORD = 0.75
EXTRA_ORGANISATION = 0.35
EXTRA_ORGANISATION_ONE_WORD = 0.6
COMMON_LEFT_FACTOR = 0.45
FORM_FACTOR = 0.98
ACRONYM = 0.74
ACRONYM_LETTERS_MIN = 3
NATIVE_CONFLICT_MAX = 0.6
SHARPNESS = 1.6


@dataclass(frozen=True, slots=True)
class Pairing:
    """Words that stand for one another, and how alike they are."""

    query: str
    candidate: str
    likeness: float
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A score with its reasons."""

    score: float
    pairs: tuple[Pairing, ...] = ()
    left_query: tuple[str, ...] = ()
    left_candidate: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether the score reaches the threshold."""
        return self.score >= THRESHOLD


NOTHING = Comparison(0.0)


def compare(query: Ready, candidate: Ready) -> Comparison:
    """How alike two names are."""
    if not query.words or not candidate.words:
        return NOTHING
    if query.native and candidate.native:
        return _native(query, candidate)
    best = _words(query, candidate, query.words, candidate.words)
    for way in query.others:
        best = _better(best, _words(query, candidate, way, candidate.words))
    for way in candidate.others:
        best = _better(best, _words(query, candidate, query.words, way))
    if query.kind is Kind.PERSON and best.score < THRESHOLD:
        best = _romanised(query, candidate, best)
    return best


def _better(one: Comparison, other: Comparison) -> Comparison:
    return other if other.score > one.score else one


def _native(query: Ready, candidate: Ready) -> Comparison:
    """Letter by letter; a foreign name in Chinese may differ by a letter in five."""
    one, other = query.native, candidate.native
    if query.numbers != candidate.numbers:
        return Comparison(
            min(NUMBERS_MAX, OSA.normalized_similarity(one, other)), remarks=("numbers differ",)
        )
    if one == other:
        return Comparison(1.0, (Pairing(one, other, 1.0, 1.0),))
    value = OSA.normalized_similarity(one, other)
    if query.kind is not Kind.PERSON:
        value = max(value, _words(query, candidate, query.words, candidate.words).score - 0.05)
        short, long = sorted((one, other), key=len)
        if len(short) >= 2 and short in long and len(short) < len(long):
            return Comparison(value, remarks=("one name holds the other",))
        if value < 1.0 and len(one) == len(other) and query.words != candidate.words:
            value = min(value, NATIVE_CONFLICT_MAX)
        return Comparison(value, remarks=("characters differ",))
    if sorted(one) == sorted(other) and one[1:] + one[:1] == other:
        return Comparison(0.9, remarks=("order differs",))
    if query.far and candidate.far and value >= 0.8:
        return Comparison(value, remarks=("a letter of a transcribed name differs",))
    return Comparison(min(value, NATIVE_CONFLICT_MAX), remarks=("characters differ",))


def _romanised(query: Ready, candidate: Ready, best: Comparison) -> Comparison:
    """The other romanisation of Chinese, where one side is pinyin and the other is not."""
    for here, there, turned in ((query, candidate, False), (candidate, query, True)):
        way = in_wade_giles(here.words)
        if way and not in_wade_giles(there.words) and is_wade_giles(there.words):
            pair = (there.words, way) if turned else (way, there.words)
            found = _words(query, candidate, *pair)
            if found.score * 0.97 > best.score:
                return Comparison(
                    found.score * 0.97, found.pairs, found.left_query, found.left_candidate, ("Wade–Giles",)
                )
    return best


def _weights(way: tuple[str, ...], of: Ready) -> list[float]:
    return list(of.weights) if len(way) == len(of.weights) else [1.0] * len(way)


def _words(query: Ready, candidate: Ready, ours: tuple[str, ...], theirs: tuple[str, ...]) -> Comparison:
    across = query.vowelless != candidate.vowelless or query.far != candidate.far
    far = query.far != candidate.far
    pairs, left, right = _paired(ours, theirs, across, far)
    weights_left, weights_right = _weights(ours, query), _weights(theirs, candidate)
    made: list[Pairing] = []
    agreed = mass = 0.0
    anchors = 0
    for at, to, value in pairs:
        initial = value < 1.0 and min(len(ours[at]), len(theirs[to])) == 1
        weight = INITIAL_WEIGHT if initial else (weights_left[at] + weights_right[to]) / 2
        mass += weight
        agreed += weight * value
        anchors += weight >= ANCHOR_WEIGHT
        made.append(Pairing(ours[at], theirs[to], value, weight))
    joined = _merged(ours, theirs, left, right, across, far)
    for mine, other, value, used_left, used_right in joined:
        weight = 1.0
        mass += weight
        agreed += weight * value
        anchors += 1
        made.append(Pairing(mine, other, value, weight))
        left = [at for at in left if at not in used_left]
        right = [at for at in right if at not in used_right]
    loose_left = sum(weights_left[at] for at in left)
    loose_right = sum(weights_right[at] for at in right)
    extra = abs(loose_left - loose_right)
    if query.kind is not Kind.PERSON:
        extra = abs(_cheaper(weights_left, left) - _cheaper(weights_right, right))
    score = _score(query, (agreed, mass, anchors), min(loose_left, loose_right), extra)
    whole = _whole(query, candidate, ours, theirs) if left or right or score < THRESHOLD else 0.0
    remarks: list[str] = []
    if whole > score:
        score, left, right = whole, [], []
        remarks.append("read as one word")
    elif query.kind is not Kind.PERSON and score < ACRONYM and _acronym(ours, theirs):
        score = ACRONYM
        remarks.append("acronym")
    score = _settled(query, candidate, score, remarks)
    return Comparison(
        score, tuple(made), tuple(ours[at] for at in left), tuple(theirs[at] for at in right), tuple(remarks)
    )


def _cheaper(weights: list[float], left: list[int]) -> float:
    """What left-over words of an organisation's name weigh: common ones count less than what is its own."""
    return sum(weights[at] if weights[at] >= 1.0 else weights[at] * COMMON_LEFT_FACTOR for at in left)


def _score(query: Ready, agreed: tuple[float, float, int], conflict: float, extra: float) -> float:
    likeness_mass, mass, anchors = agreed
    if not mass:
        return 0.0
    if query.kind is Kind.PERSON:
        price = EXTRA_PERSON if anchors >= ANCHOR_MIN else EXTRA_ONE_WORD
    else:
        price = EXTRA_ORGANISATION if anchors >= ANCHOR_MIN else EXTRA_ORGANISATION_ONE_WORD
    score: float = (
        (likeness_mass / mass) ** SHARPNESS * mass / (mass + conflict * CONFLICT_PRICE + extra * price)
    )
    heavy = CONFLICT_WEIGHT if query.kind is Kind.PERSON else CONFLICT_WEIGHT_ORGANISATION
    return min(score, CONFLICT_MAX) if conflict >= heavy else score


def _settled(query: Ready, candidate: Ready, score: float, remarks: list[str]) -> float:
    if query.numbers != candidate.numbers and (
        query.kind is not Kind.PERSON or (query.numbers and candidate.numbers)
    ):
        remarks.append("numbers differ")
        score = min(score, NUMBERS_MAX)
    if query.forms and candidate.forms and not query.forms & candidate.forms:
        remarks.append("legal forms differ")
        score *= FORM_FACTOR
    return score


def _paired(
    ours: tuple[str, ...], theirs: tuple[str, ...], across: bool, far: bool
) -> tuple[list[tuple[int, int, float]], list[int], list[int]]:
    pairs: list[tuple[int, int, float]] = []
    left, right = [], list(range(len(theirs)))
    for at, word in enumerate(ours):
        for place, to in enumerate(right):
            if theirs[to] == word:
                pairs.append((at, to, 1.0))
                del right[place]
                break
        else:
            left.append(at)
    if not left or not right:
        return pairs, left, right
    least = PAIR_ACROSS_MIN if across else PAIR_MIN
    found: list[tuple[float, int, int]] = []
    for at in left:
        for to in right:
            value = likeness_across(ours[at], theirs[to], far) if across else likeness(ours[at], theirs[to])
            if value >= least:
                found.append((value, at, to))
    found.sort(key=lambda item: (-item[0], abs(item[1] - item[2])))
    for value, at, to in found:
        if at in left and to in right:
            pairs.append((at, to, value))
            left.remove(at)
            right.remove(to)
    return pairs, left, right


Merge = tuple[str, str, float, tuple[int, ...], tuple[int, ...]]


def _merged(
    ours: tuple[str, ...], theirs: tuple[str, ...], left: list[int], right: list[int], across: bool, far: bool
) -> list[Merge]:
    """Two or three neighbouring left-over words that are one word on the other side."""
    if not left or not right or len(left) == len(right) == 1:
        return []
    made: list[Merge] = []
    for one, one_left, other, other_left, turned in (
        (ours, left, theirs, right, False),
        (theirs, right, ours, left, True),
    ):
        taken: set[int] = set()
        runs = _runs(one_left, turn=len(one) == len(one_left) == 2 and not across)
        for to in other_left:
            for run in runs:
                if taken & set(run):
                    continue
                text = "".join([one[at] for at in run])
                if abs(len(text) - len(other[to])) > JOINED_APART_MAX or (
                    across and len(text) < JOINED_ACROSS_LETTERS_MIN
                ):
                    continue
                value = likeness_across(text, other[to], far) if across else likeness(text, other[to])
                if value >= JOINED_MIN:
                    mine, theirs_word = (other[to], text) if turned else (text, other[to])
                    made.append(
                        (mine, theirs_word, value, (to,) if turned else run, run if turned else (to,))
                    )
                    taken |= set(run)
                    break
        if made:
            return made
    return made


def _runs(places: list[int], *, turn: bool) -> list[tuple[int, ...]]:
    runs: list[tuple[int, ...]] = []
    for size in (3, 2):
        for start in range(len(places) - size + 1):
            run = tuple(places[start : start + size])
            if run[-1] - run[0] == size - 1:
                runs.append(run)
    if turn:
        runs.append((places[1], places[0]))
    return runs


def _whole(query: Ready, candidate: Ready, ours: tuple[str, ...], theirs: tuple[str, ...]) -> float:
    """The likeness of the names with all spaces taken out, where they have different numbers of words."""
    if len(ours) == len(theirs) and query.kind is Kind.PERSON:
        return 0.0
    best = 0.0
    for one, other in (("".join(ours), "".join(theirs)), (query.joined, candidate.joined)):
        size = max(len(one), len(other))
        if size >= 5 and abs(len(one) - len(other)) <= 2:
            edits = OSA.distance(one, other, score_cutoff=3)
            if edits == 0 or (edits <= 2 and size >= 8 * edits and len(ours) != len(theirs)):
                best = max(best, 0.98 - edits / size)
    return best


def _acronym(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    for short, long in ((ours, theirs), (theirs, ours)):
        if len(short) == 1 and len(short[0]) >= ACRONYM_LETTERS_MIN and len(long) >= ACRONYM_LETTERS_MIN:
            full = [word for word in long if word not in PARTICLES]
            if short[0] in ("".join(word[0] for word in full), "".join(word[0] for word in long)):
                return True
    return False
