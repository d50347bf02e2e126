"""R7: an auditor's attack on matching: mistyped references that are others of ours, repeated amounts, days of a kind
that the labelled days are not."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from tests.custody.reconciliation.rows import DAY, Row, compare, found, row

from jinku.custody.reconciliation.records import SIDES
from jinku.custody.reconciliation.three_way import ThreeWay

ANNA, BEN = {"counterparty": "6200000001"}, {"counterparty": "6200000002"}


def links(result: ThreeWay) -> list[list[str]]:
    """The records of each case that has records of several sides."""
    cases = [
        [result.cases.book.named(node) for node in result.cases.members(case).tolist()]
        for case in range(result.cases.size)
    ]
    return [one for one in cases if len({name.split()[0] for name in one}) > 1]


def test_a_line_in_the_other_direction_of_another_customer_is_no_payment_of_ours() -> None:
    """R7: Ben's payout with its last digits exchanged has the reference of Anna's deposit."""
    ours = [row("20260323001861050", 10_000, **ANNA), row("20260323001861005", -10_000, **BEN)]
    result = compare(ours, ours, [row("20260323001861050", -10_000, **BEN)])
    assert "wrong_direction" not in [kind for kind, *_ in found(result)]
    assert all("bank S/1" not in one for one in links(result))


def test_of_two_lines_with_one_reference_each_goes_to_its_own_counterparty() -> None:
    """R7: Ben's line is mistyped as Anna's and comes first; Anna's own comes a day later."""
    ours = [row("PAY-20260017", 10_000, **ANNA), row("PAY-20260077", 10_000, **BEN)]
    lines = [
        row("PAY-20260017", 10_000, **BEN),
        row("PAY-20260017", 10_000, **ANNA, booked=DAY + timedelta(days=3)),
    ]
    assert ["platform P1", "ledger 1", "bank S/2"] in links(compare(ours, ours, lines))


@pytest.mark.parametrize("known", [BEN, {}])
def test_a_reference_with_another_amount_is_not_taken_where_its_neighbour_has_that_amount(known: Row) -> None:
    """R7: both open, and the line may be either's: it is ambiguous, with both as candidates."""
    ours = [row("PO-2026-07707382", 868_948, **ANNA), row("PO-2026-07709382", 77_356, **BEN)]
    plain = [{**one, "counterparty": ""} if not known else one for one in ours]
    result = compare(plain, plain, [row("PO-2026-07707382", 77_356, **known)])
    [bank] = [one for one in result.breaks if one.bank_ids]
    assert bank.kind.value == "ambiguous"
    assert {"ledger 1", "ledger 2"} <= set(bank.candidates)
    assert all("bank S/1" not in one for one in links(result))


def test_an_exact_reference_with_a_strange_counterparty_yields_to_the_neighbour_that_has_it() -> None:
    """R7: reference and amount are Anna's, the counterparty is Ben's, whose own line is not there: a person decides."""
    ours = [row("PAY-20260137", 10_000, **ANNA), row("PAY-20260173", 10_000, **BEN)]
    result = compare(ours, ours, [row("PAY-20260137", 10_000, **BEN)])
    assert {kind for kind, *_ in found(result)} == {"ambiguous"}
    alone = compare(ours[:1], ours[:1], [row("PAY-20260137", 10_000, counterparty="clearing house")])
    assert not alone.breaks  # a name that is nobody's of ours says nothing


# --- days of our own making ----------------------------------------------------------------------------------------


@dataclass
class Kind:
    """What is strange about a day."""

    reference: Callable[[int], str] = lambda n: f"PAY{20_260_000 + n}"
    amounts: tuple[int, ...] = ()
    parties: int = 200
    accounts: int = 1
    rates: dict[str, float] = field(default_factory=dict)


KINDS = {
    "one amount": Kind(amounts=(10_000,)),
    "three references": Kind(reference=lambda n: f"REF{n % 3}"),
    "references that begin one another": Kind(reference=lambda n: "7" * (1 + n % 90) + "x" * (n // 90)),
    "references that end one another": Kind(reference=lambda n: f"{n % 10}X" * (1 + n // 10 % 9) + str(n)),
    "a third without reference": Kind(amounts=(100, 200), rates={"nameless": 0.33}),
    "few customers": Kind(amounts=(100, 200, 300), parties=3, rates={"nameless": 0.3}),
    "duplicates of duplicates": Kind(rates={"again": 0.3}),
    "reversals of reversals": Kind(rates={"back": 0.2}),
    "mistyped": Kind(amounts=(10_000, 5_000), rates={"typo": 0.2}),
    "many accounts": Kind(amounts=(500,), accounts=30, rates={"nameless": 0.1}),
    "returns weeks later": Kind(rates={"returned": 0.2}),
    "large": Kind(amounts=((1 << 62) // 500,)),
    "much is lost": Kind(amounts=(500, 700), rates={"lost": 0.3}),
    "all": Kind(
        amounts=(100, 200, 10**9),
        accounts=4,
        rates=dict.fromkeys(("nameless", "again", "back", "typo", "returned", "lost"), 0.06),
    ),
}
PAYMENTS = 300


def _typo(rng: random.Random, text: str) -> str:
    place = rng.randrange(len(text) - 1)
    if rng.random() < 0.4:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + str(rng.randrange(10)) + text[place + 1 :]


def _day(rng: random.Random, kind: Kind) -> tuple[list[list[Row]], list[dict[str, tuple[Any, ...]]]]:
    """Three sides, and for each side what payment each id truly is."""
    made: list[list[tuple[tuple[Any, ...], Row]]] = [[], [], []]

    def hit(what: str) -> bool:
        return rng.random() < kind.rates.get(what, 0.0)

    for n in range(PAYMENTS):
        name, account = kind.reference(n), f"A{rng.randrange(kind.accounts)}"
        amount = (rng.choice(kind.amounts) if kind.amounts else rng.randint(1, 10**7)) * rng.choice((1, -1))
        party, day = f"62{rng.randrange(kind.parties):08d}", DAY - timedelta(days=rng.randrange(7))
        home = {"account": account, "currency": ("CNY", "USD")[int(account[1:]) % 2], "booked": day}
        truth = (name, amount, account, party)
        for side, shown in ((0, {"counterparty": party}), (1, {})):
            if not hit("lost"):
                made[side].append((truth, row(name, amount, **home, **shown)))
        if hit("lost"):
            continue
        given = "" if hit("nameless") else _typo(rng, name) if hit("typo") else name
        late = {**home, "booked": day + timedelta(days=(7 - day.weekday()) * (day.weekday() > 4))}
        late["counterparty"] = party
        lines = [row(given, amount, **late)]
        while hit("again"):
            lines.append(row(given, amount, **late))
        while hit("back"):
            lines.append(row(given, -lines[-1]["amount"] * lines[-1]["direction"], **late, reversal=True))
        if amount < 0 and hit("returned"):
            back = {**late, "booked": day + timedelta(days=rng.randrange(28)), "return_reason": "AC04"}
            lines.append(row(given, -amount, **back))
        made[2] += [(truth, line) for line in lines]
    rows: list[list[Row]] = []
    truths: list[dict[str, tuple[Any, ...]]] = []
    for prefix, part in zip(("P", "", "S/"), made, strict=True):
        rng.shuffle(part)
        rows.append(
            [{**one, "id": f"{prefix}{n}", "line": n, "number": n} for n, (_, one) in enumerate(part)]
        )
        truths.append({f"{prefix}{n}": truth for n, (truth, _) in enumerate(part)})
    return rows, truths


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_strange_days_have_no_false_match_and_one_answer(name: str, seed: int) -> None:
    """R7: whatever the day is like, different payments are never one case, and the order of records changes nothing."""
    rng = random.Random(f"{name} {seed}")
    rows, truths = _day(rng, KINDS[name])
    result = compare(rows[0], rows[1], rows[2])
    for case in range(result.cases.size):
        records = [result.cases.book.record(node) for node in result.cases.members(case).tolist()]
        true = {truths[SIDES.index(part.side)][str(part.id[place])] for part, place in records}
        assert len(true) == 1, true
    for part in rows:
        rng.shuffle(part)
    assert compare(rows[0], rows[1], rows[2]).to_bytes() == result.to_bytes()


def test_time_grows_with_the_number_of_equal_amounts_not_with_its_square() -> None:
    """R7: nothing but one amount, without reference: everything is ambiguous, and each record is looked at once."""
    times = []
    for count in (1_000, 8_000):
        ours = [row(f"P{n:09d}", 10_000) for n in range(count)]
        lines = [row("", 10_000) for _ in range(count)]
        started = time.process_time()
        result = compare(None, ours, lines)
        times.append(time.process_time() - started)
        assert {kind for kind, *_ in found(result)} == {"ambiguous"}
    assert times[1] < 24 * times[0]
