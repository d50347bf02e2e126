"""What a receipt tells of other customers: nothing beyond what the attestation tells everyone, and that is measured."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.custody.proof.kit import issued, tree_of

from jinku.custody.proof import building
from jinku.custody.proof.parts import Counts, cut
from jinku.custody.proof.store import Leaves

OWN = {"mine": 4_321}
ONE = OWN | {"x": 300_007, "y": 500_009, "z": 11}
OTHER = OWN | {"x": 500_009, "y": 11, "z": 300_007}
"""The same total, the other customers' balances handed round."""


def masked(document: Any) -> Any:
    """The receipt without what is random by itself: hashes, salts, positions, signatures."""
    text = json.dumps(document, sort_keys=True)
    text = re.sub(r'"(place|salt|root|entry|proof)": "[^"]*"', r'"\1": ""', text)
    plain = json.loads(text)
    plain["proof"] = ["" for _ in plain["proof"]]
    plain["parts"] = ["" for _ in plain["parts"]]
    return plain


def test_a_receipt_does_not_depend_on_who_of_the_others_owns_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two books with the same parts in all, owned by others: the receipts differ in random values only."""
    parts: dict[int, list[int]] = {}

    def fixed(balances: Sequence[int]) -> Counts:
        rows = {
            balance: parts.setdefault(balance, cut([balance, 500_009])[0].tolist()) for balance in balances
        }
        return np.array([rows[balance] for balance in balances], np.uint16)

    monkeypatch.setattr(building, "cut", fixed)
    one, other = issued(ONE).document("mine"), issued(OTHER).document("mine")
    assert one["attestation"]["parts"] == other["attestation"]["parts"]
    assert len(one["parts"]) == len(other["parts"])
    one["proof"], other["proof"] = (
        [],
        [],
    )  # how many hashes depends on where one's own leaves stand, by chance
    assert masked(one) == masked(other)


def test_a_receipt_has_no_number_of_anybody_else() -> None:
    balances = {f"C-{number}": 1_000_003 * (number + 1) for number in range(40)}
    document = issued(balances).document("C-7")
    attested = document.pop("attestation")
    numbers = {int(one) for one in re.findall(r'"(\d+)"', json.dumps(document))}
    assert numbers == {int(document["balance"]), int(document["place"]), *map(int, document["parts"])}
    leaves = int(attested["customers"]) + sum(
        int(word.split(":")[1]) for word in attested["parts"].split(" ")
    )
    assert max(map(int, document["parts"])) < leaves
    assert set(attested) == {
        "entity", "currency", "day", "as_of", "ledger_size", "customers", "liabilities", "floored", "parts",
        "limits", "root",
    }  # fmt: skip


def test_a_guessed_balance_cannot_be_confirmed_by_the_hashes_of_a_receipt() -> None:
    """Every leaf hides behind a key of 256 random bits, also a balance of zero and a customer's guessed number."""
    guess = {"mine": 5, "victim": 0}
    first, second = issued(guess), issued(guess)
    assert not set(first.document("mine")["proof"]) & set(second.document("mine")["proof"])


def test_places_say_nothing_of_who_is_who(tmp_path: Path) -> None:
    """A customer's rank among the names and the places of the leaves are unrelated, and drawn anew each day."""
    balances = {f"C-{number:04d}": number for number in range(2_000)}
    days = []
    for day in ("a", "b"):
        tree_of(tmp_path / day, balances)
        leaves = Leaves.open(tmp_path / day)
        days.append(leaves.where[leaves.offsets[:-1]].astype(float))
    rank = np.arange(2_000)
    for one, two in ((days[0], rank), (days[1], rank), (days[0], days[1])):
        assert abs(np.corrcoef(one, two)[0, 1]) < 0.12


def advantage(balances: list[int], moved: int, days: int) -> float:
    """How much better than by chance the attested table tells two books apart, of which somebody knows everything but
    whether `moved` belongs to the first or to the second customer: 0 not at all, 1 always.

    By a linear discriminant that is fitted on one half of the days and tried on the other.
    """
    other = [balances[0] - moved, balances[1] + moved, *balances[2:]]
    tables = []
    for book in (balances, other):
        found = np.zeros((days, 64))
        for day in range(days):
            counts = cut(book).sum(axis=0)
            found[day, : len(counts)] = counts
        tables.append(found)
    half = days // 2
    means = [one[:half].mean(axis=0) for one in tables]
    spread = np.cov(np.vstack([one[:half] - mean for one, mean in zip(tables, means, strict=True)]).T)
    direction = np.linalg.solve(spread + 0.05 * np.eye(64), means[0] - means[1])
    middle = direction @ (means[0] + means[1]) / 2
    right = (tables[0][half:] @ direction > middle).mean() + (tables[1][half:] @ direction <= middle).mean()
    return float(right - 1)


def test_what_the_public_table_tells_is_measured() -> None:
    """Much where there are two others, little where there are hundreds: as the statement of limits says."""
    chance = np.random.default_rng(5)
    few = [[int(one) for one in chance.lognormal(13.8, 1.6, 2)] for _ in range(4)]
    many = [[int(one) for one in chance.lognormal(13.8, 1.6, 400)] for _ in range(4)]
    told = [float(np.mean([advantage(one, one[0] // 2, 160) for one in books])) for books in (few, many)]
    assert told[0] > 0.4
    assert told[1] < 0.2


def test_all_but_one_together_compute_that_one() -> None:
    """Inherent in a published total, and said in the limits."""
    day = issued(ONE)
    others = sum(int(day.document(name)["balance"]) for name in ("mine", "x", "y"))
    assert day.statement.liabilities - others == ONE["z"]
    assert any("all customers but one" in english for english, _ in day.statement.limits)
