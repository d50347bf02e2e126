"""What holds for every program: nothing lost or made, no bound broken, the same answer each time."""

import re
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from jinku.custody.numscript import BalanceRow, Inputs, parse, run
from jinku.custody.numscript.allotment import divide
from jinku.custody.numscript.errors import MissingFunds
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.place import NOWHERE
from jinku.custody.numscript.result import Result
from jinku.custody.numscript.scaling import exchanges

ASSET = "CNY/2"
NAMES = [f"@{name}" for name in "abcde"]
amounts = st.integers(0, 10**4) | st.integers(0, 10**30)
caps = st.integers(-5, 10**4)
names = st.sampled_from(NAMES)


def money(amount: int) -> str:
    return f"[{ASSET} {amount}]"


@st.composite
def portions(draw: st.DrawFn) -> list[str]:
    """Portions of one whole as they are written; sometimes the last is what remains."""
    weights = draw(st.lists(st.integers(0, 50), min_size=1, max_size=4).filter(any))
    written = [f"{weight}/{sum(weights)}" for weight in weights]
    if draw(st.booleans()):
        written[-1] = "remaining"
    return written


def block(head: str, clauses: list[str]) -> str:
    return f"{head}{{ {' '.join(clauses)} }}"


single = names | st.just("@world") | names.map("{} allowing unbounded overdraft".format)
bounded = st.tuples(names, caps).map(lambda pair: f"{pair[0]} allowing overdraft up to {money(pair[1])}")


def nested_sources(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3)
    allotted = portions().flatmap(
        lambda written: st.lists(inner, min_size=len(written), max_size=len(written)).map(
            lambda found: block("", [f"{p} from {s}" for p, s in zip(written, found, strict=True)])
        )
    )
    capped = st.tuples(caps, inner).map(lambda pair: f"max {money(pair[0])} from {pair[1]}")
    return several.map(lambda s: block("", s)) | several.map(lambda s: block("oneof ", s)) | allotted | capped


def nested_targets(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    capped = st.tuples(caps, inner).map(lambda pair: f"max {money(pair[0])} {pair[1]}")
    ordered = st.tuples(st.lists(capped, max_size=3), inner).map(
        lambda pair: [*pair[0], f"remaining {pair[1]}"]
    )
    allotted = portions().flatmap(
        lambda written: st.lists(inner, min_size=len(written), max_size=len(written)).map(
            lambda found: block("", [f"{p} {t}" for p, t in zip(written, found, strict=True)])
        )
    )
    blocks = ordered.map(lambda c: block("", c)) | ordered.map(lambda c: block("oneof ", c)) | allotted
    return blocks.map("to {}".format)


sources = st.recursive(single | bounded, nested_sources, max_leaves=6)
targets = st.recursive(names.map("to {}".format) | st.just("kept"), nested_targets, max_leaves=6)
destinations = targets.filter(lambda target: target != "kept").map(lambda target: target.removeprefix("to "))
balances = st.dictionaries(names, st.integers(-100, 10**4) | st.integers(0, 10**30))


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, list[int], Inputs]:
    """A program of a few sends of amounts, the amounts, and balances."""
    sent = draw(st.lists(amounts, min_size=1, max_size=3))
    text = " ".join(
        f"send {money(amount)} ( source = {draw(sources)} destination = {draw(destinations)} )"
        for amount in sent
    )
    rows = tuple(BalanceRow(name[1:], ASSET, amount) for name, amount in draw(balances).items())
    return text, sent, Inputs(balances=rows, features=frozenset({Feature.ONEOF.value}))


def outcome(text: str, inputs: Inputs) -> Result | tuple[str, int, int]:
    try:
        return run(parse(text), inputs)
    except MissingFunds as missing:
        return missing.asset, missing.needed, missing.available


@given(programs())
def test_what_is_sent_is_given_or_kept_to_the_last_unit(program: tuple[str, list[int], Inputs]) -> None:
    text, sent, inputs = program
    found = outcome(text, inputs)
    if isinstance(found, Result):
        given_or_kept = sum(p.amount for p in found.postings) + sum(k.amount for k in found.kept)
        assert given_or_kept == sum(sent)
        assert all(posting.amount > 0 for posting in found.postings)
    else:
        assert found[2] < found[1]


@given(programs())
def test_no_source_goes_below_its_bound_at_any_moment(program: tuple[str, list[int], Inputs]) -> None:
    text, _, inputs = program
    found = outcome(text, inputs)
    if not isinstance(found, Result):
        return
    unbounded = {"world", *re.findall(r"@(\w+) allowing unbounded", text)}
    held = Counter({row.account: row.amount for row in inputs.balances})
    floor = {name[1:]: min(0, held[name[1:]]) for name in NAMES}
    for name, bound in re.findall(r"@(\w+) allowing overdraft up to \[CNY/2 (-?\d+)\]", text):
        floor[name] = min(floor[name], -int(bound))
    for posting in found.postings:
        held[posting.source] -= posting.amount
        held[posting.destination] += posting.amount
        assert posting.source in unbounded or held[posting.source] >= floor[posting.source]


@given(programs())
def test_the_same_run_twice_is_the_same_to_the_last_explanation(
    program: tuple[str, list[int], Inputs],
) -> None:
    text, _, inputs = program
    assert outcome(text, inputs) == outcome(text, inputs)


@given(
    st.integers(0, 10**40),
    st.lists(st.integers(0, 10**12), min_size=1, max_size=8).filter(any),
    st.booleans(),
)
def test_an_allotment_sums_to_the_whole_and_is_fair_to_less_than_a_unit(
    amount: int, weights: list[int], open_end: bool
) -> None:
    exact = [Fraction(weight, sum(weights)) for weight in weights]
    given_portions = [*exact[:-1], None] if open_end else exact
    shares = divide(amount, given_portions, NOWHERE)
    assert sum(share.amount for share in shares) == amount
    for share, portion in zip(shares, exact, strict=True):
        assert -1 < share.amount - portion * amount <= 1


@given(
    st.none() | st.integers(0, 10**9),
    st.integers(0, 6),
    st.dictionaries(st.integers(0, 6), st.integers(-10, 10**9)),
)
def test_scaling_loses_no_value(needed: int | None, scale: int, held: dict[int, int]) -> None:
    steps, gained = exchanges(needed, scale, held)
    assert sum(Fraction(amount, 10**other) for other, amount in steps) == Fraction(gained, 10**scale)
    assert all(0 < amount <= held[other] and other != scale for other, amount in steps)
