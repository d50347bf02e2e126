"""Whoever runs the platform wants to attest less than is owed. Each way is tried here with the platform's own keys."""

import base64
import copy
import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.custody.proof.kit import BALANCES, issued, respelled, seal
from tests.verify.kit import LOG_KEY, day_of, receipt

from jinku.custody.proof.receipt import balance_receipt
from jinku.custody.proof.sumtree import Rows, node_hash
from jinku.verify import Expected, VerifyError, verify_balance_receipt
from jinku.verify.attested import Attested

HONEST = issued()
UNPROVEN = {"wrong_root", "bad_position", "bad_proof", "wrong_balance"}
"""Which one it is depends on where the leaves happen to stand."""


def refused(data: bytes, expected: Expected | None = None) -> str:
    """The code with which the verifier refuses."""
    with pytest.raises(VerifyError) as caught:
        verify_balance_receipt(data, LOG_KEY.vkey, expected)
    return caught.value.code


def resealed(document: dict[str, Any], **fields: str) -> bytes:
    """The receipt with its attestation changed, and that honestly sealed and signed."""
    changed = copy.deepcopy(document)
    changed["attestation"] |= fields
    journal = day_of(0)
    lines = [
        "jinku-attestation/v2",
        *(f"{name} {changed['attestation'][name]}" for name in HONEST.statement.fields()),
    ]
    digest = hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).digest()
    entry = journal.seal(digest)
    changed["seal"] = {
        "entry": base64.b64encode(entry).decode(),
        "proof": receipt(journal.leaves, len(journal.leaves) - 1, (LOG_KEY,)).decode(),
    }
    return respelled(changed)


def test_resealing_is_done_right() -> None:
    assert verify_balance_receipt(resealed(HONEST.document()), LOG_KEY.vkey).balance == 300


def test_a_customer_who_is_left_out_gets_no_receipt_that_holds() -> None:
    short = issued({name: balance for name, balance in BALANCES.items() if name != "客户-3"})
    other = short.document("客户-4")
    for change in ({"customer": "客户-3"}, {"customer": "客户-3", "balance": "300"}):
        assert refused(respelled(other | change)) in UNPROVEN
    assert refused(short.receipt("客户-4"), Expected(customer="客户-3")) == "other_customer"


def test_two_customers_cannot_share_one_entry() -> None:
    """The same leaves under two numbers: the key that makes them is of one number."""
    mine = HONEST.document("客户-3")
    assert refused(respelled(mine | {"customer": "客户-2"})) == "wrong_root"
    same = issued({"A": 700, "B": 700})
    one, two = same.document("A"), same.document("B")
    assert not {one["place"], *one["parts"]} & {two["place"], *two["parts"]}
    for name in ("place", "parts", "proof"):
        assert refused(respelled(one | {name: two[name]})) != ""


@pytest.mark.parametrize(
    "parts", ["-100:1 400:4", "1:-300 4:450", "0:5 100:15", "3:500", "4:0 1:1500", "2:750 2:0"]
)
def test_negative_empty_and_odd_dummies_are_refused(parts: str) -> None:
    """R19: no row of the table can lower the total."""
    assert refused(resealed(HONEST.document(), parts=parts)) in ("bad_number", "bad_parts", "wrong_total")


def test_a_total_below_the_parts_is_refused() -> None:
    assert refused(resealed(HONEST.document(), liabilities="1499")) == "wrong_total"


def test_fewer_parts_or_customers_than_the_tree_holds_are_refused() -> None:
    """Every hash is bound to the table: another table is another tree."""
    document = HONEST.document("客户-5")
    words = document["attestation"]["parts"].split(" ")
    value, _, count = words[-1].partition(":")
    less = " ".join([*words[:-1], f"{value}:{int(count) - 1}"])
    total = str(1500 - int(value))
    assert refused(resealed(document, parts=less, liabilities=total)) in UNPROVEN
    assert refused(resealed(document, customers="5")) in UNPROVEN


def test_sums_that_overflow_are_refused() -> None:
    top = 1 << 126
    for parts, total in ((f"{top}:4", "0"), (f"{top}:4", str(4 * top)), (f"{top}:{1 << 32}", "1500")):
        assert refused(resealed(HONEST.document(), parts=parts, liabilities=total)) in (
            "bad_sum",
            "bad_number",
        )


def test_two_roots_for_two_customers_are_two_attestations() -> None:
    """Each half of the customers a tree of their own: both hold alone; one log lists only one of them a day."""
    half = issued({name: BALANCES[name] for name in ("客户-1", "客户-2")})
    rest = issued({name: BALANCES[name] for name in ("客户-3", "客户-4", "客户-5")})
    assert half.statement.digest() != rest.statement.digest()
    crossed = json.loads(half.receipt("客户-1"))
    crossed["attestation"], crossed["seal"] = rest.document()["attestation"], rest.document()["seal"]
    assert refused(respelled(crossed)) != ""


def test_a_receipt_of_yesterday_of_another_currency_or_entity_is_not_todays() -> None:
    old = issued(day=date(2026, 11, 19)).receipt()
    assert refused(old, Expected(day="2026-11-20")) == "other_day"
    assert refused(issued(currency="USD").receipt(), Expected(currency="CNY")) == "other_currency"
    assert refused(issued(entity=2).receipt(), Expected(entity=1)) == "other_entity"
    for changes in ({"day": "2026-11-20"}, {"currency": "CNY"}, {"entity": "1"}):
        other = issued(day=date(2026, 11, 19), currency="USD", entity=2).document()
        assert refused(resealed(other, **changes)) == "wrong_root"


def test_a_tree_of_one_day_serves_no_other_day() -> None:
    """Every hash is bound to entity, currency, day and table, so no subtree can be used again."""
    today, yesterday = HONEST.statement, replace(HONEST.statement, day=date(2026, 11, 19))
    assert today.context() != yesterday.context()
    journal = day_of(0)
    sealed = seal(yesterday, journal, (LOG_KEY,))
    assert refused(balance_receipt(HONEST.tree.proof("客户-3"), yesterday, sealed)) == "wrong_root"


def test_the_attack_on_the_first_published_form_does_not_work() -> None:
    """Hashing the total only, a prover could show each customer another split of it (ePrint 2018/1139)."""
    context, left, right = HONEST.statement.context(), b"l" * 32, b"r" * 32
    splits = {node_hash(context, (owed, left), (250 - owed, right)) for owed in (0, 100, 150, 250)}
    assert len(splits) == 4


def test_positions_decide_what_a_part_is_worth() -> None:
    """A thief who moves a part to a row of lower value lowers what the customer can show, and the customer sees it."""
    table = Attested.of(HONEST.statement.fields()).table
    rows = Rows.of(HONEST.statement.customers, HONEST.statement.parts)
    assert [table.value(at) for at in range(table.leaves)] == [rows.value(at) for at in range(rows.leaves)]
    assert table.before(table.leaves) == rows.before(rows.leaves) == 1500
    document = HONEST.document("客户-5")
    lower = str(min(set(range(6, table.leaves)) - {int(one) for one in document["parts"]}))
    assert refused(respelled(document | {"parts": [lower, *document["parts"][1:]]})) in UNPROVEN


def test_an_old_seal_does_not_carry_a_new_attestation() -> None:
    other = issued(day=date(2026, 11, 19))
    document = HONEST.document() | {"seal": other.document()["seal"]}
    assert refused(respelled(document)) == "not_sealed"
