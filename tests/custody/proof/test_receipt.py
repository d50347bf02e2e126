"""The receipt, from the balance to the signed log, and every byte of it."""

import copy
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.custody.proof.kit import issued, respelled
from tests.verify.kit import DAY, LOG_KEY, WITNESSES

from jinku.custody.errors import BadAttestation, LiabilityUnknown
from jinku.custody.proof.attestation import Attestation
from jinku.custody.proof.limits import LIMITS
from jinku.custody.proof.receipt import Sealed, balance_receipt
from jinku.verify import Expected, NotVerified, Trust, Unreadable, VerifyError, verify_balance_receipt
from jinku.verify.balance import BALANCE_RECEIPT_BYTES_MAX

ISSUED = issued()
GOOD = ISSUED.receipt()
OTHERS: list[Any] = [
    "",
    "1",
    "01",
    "-1",
    "CNZ",
    1,
    None,
    [],
    {},
    "0" * 64,
    str(1 << 130),
    "2026-11-21",
    "4:1",
]


def test_the_receipt_proves_the_balance_end_to_end() -> None:
    """R13: a receipt per customer, checked from outside."""
    proved = verify_balance_receipt(GOOD, LOG_KEY.vkey)
    assert (proved.customer, proved.balance, proved.currency, proved.entity) == ("客户-3", 300, "CNY", 1)
    assert (proved.liabilities, proved.customers, proved.attested.day) == (1500, 6, "2026-11-20")
    assert (proved.as_of, proved.sealed.index) == (ISSUED.statement.as_of, ISSUED.statement.ledger_size)
    assert proved.limits == LIMITS


def test_a_customer_who_is_owed_nothing_gets_a_receipt_too() -> None:
    assert verify_balance_receipt(ISSUED.receipt("客户-0"), LOG_KEY.vkey).balance == 0


def test_the_canonical_bytes_are_fixed() -> None:
    statement = Attestation(
        1, "CNY", date(2026, 1, 2), 1, 2, 3, 6, 7, ((2, 1), (4, 1)), bytes(32), (("a", "b"),)
    )
    limits = hashlib.sha256(b"jinku-limits/v1\nen a\nzh b\n").hexdigest()
    above = (
        "jinku-attestation/v2\nentity 1\ncurrency CNY\nday 2026-01-02\nas_of 1\nledger_size 2\ncustomers 3\n"
        f"liabilities 6\nfloored 7\nparts 2:1 4:1\nlimits {limits}\n"
    )
    assert statement.canonical() == f"{above}root {'0' * 64}\n".encode()
    assert statement.digest() == hashlib.sha256(statement.canonical()).digest()
    assert statement.context() == hashlib.sha256(b"jinku/sum-tree/v2/context\0" + above.encode()).digest()


def test_every_flipped_byte_is_seen() -> None:
    small = ISSUED.receipt("客户-1")
    for at in range(len(small)):
        with pytest.raises(VerifyError):
            verify_balance_receipt(
                small[:at] + bytes([small[at] ^ (1, 0x20)[at % 2]]) + small[at + 1 :], LOG_KEY.vkey
            )
    for at in range(0, len(small), 997):
        with pytest.raises(Unreadable):
            verify_balance_receipt(small[:at], LOG_KEY.vkey)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key below `value`."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def test_every_changed_value_is_seen() -> None:
    document = json.loads(GOOD)
    assert respelled(document) == GOOD
    for holder, key in list(places(document)):
        value = holder[key]
        for other in OTHERS:
            if other != value:
                holder[key] = other
                with pytest.raises(VerifyError):
                    verify_balance_receipt(respelled(document), LOG_KEY.vkey)
        holder[key] = value
    for holder, _ in [(document, None), *places(document)]:
        if isinstance(holder, dict):
            holder["more"] = "x"
            with pytest.raises(VerifyError):
                verify_balance_receipt(respelled(document), LOG_KEY.vkey)
            del holder["more"]


def test_lists_longer_shorter_or_in_another_order_are_seen() -> None:
    for name in ("parts", "proof", "limits"):
        for change in (
            lambda one: one[1:],
            lambda one: one[:-1],
            lambda one: [*one, one[0]],
            lambda one: one[::-1],
        ):
            document = copy.deepcopy(json.loads(GOOD))
            document[name] = change(document[name])
            with pytest.raises(VerifyError):
                verify_balance_receipt(respelled(document), LOG_KEY.vkey)


def test_another_spelling_of_the_same_values_is_refused() -> None:
    document = json.loads(GOOD)
    for other in (
        json.dumps(document).encode(),
        (json.dumps(document, indent=2, sort_keys=True) + "\n").encode(),
        (json.dumps(dict(reversed(document.items())), indent=2, ensure_ascii=False) + "\n").encode(),
        GOOD.replace(b'"balance": "300"', b'"balance": "300",\n  "balance": "300"'),
        GOOD.rstrip(),
        GOOD + b" ",
    ):
        assert json.loads(other) == document
        with pytest.raises(Unreadable) as caught:
            verify_balance_receipt(other, LOG_KEY.vkey)
        assert caught.value.code == "not_canonical"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'"\\ud800"',
        b"1" * 10_000,
        b"{" + b" " * BALANCE_RECEIPT_BYTES_MAX,
    ],
)
def test_malformed_files_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        verify_balance_receipt(data, LOG_KEY.vkey)


def test_a_seal_before_what_it_speaks_of_is_refused() -> None:
    wrong: list[dict[str, Any]] = [{"ledger_size": 21}, {"as_of": DAY * 9}]
    for changes in wrong:
        with pytest.raises(NotVerified) as caught:
            verify_balance_receipt(issued(**changes).receipt(), LOG_KEY.vkey)
        assert caught.value.code == "sealed_too_early"


def test_a_seal_of_another_topic_or_kind_is_refused() -> None:
    with pytest.raises(NotVerified) as caught:
        verify_balance_receipt(issued(topic=2).receipt(), LOG_KEY.vkey)
    assert caught.value.code == "not_sealed"


def test_a_receipt_for_another_seal_or_for_nobody_is_not_issued() -> None:
    other = issued()
    with pytest.raises(BadAttestation):
        balance_receipt(
            ISSUED.tree.proof("客户-1"), ISSUED.statement, Sealed(other.sealed.entry, ISSUED.sealed.proof)
        )
    with pytest.raises(LiabilityUnknown):
        ISSUED.receipt("客户-9")


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        (Expected(customer="客户-4"), "other_customer"),
        (Expected(balance=301), "other_balance"),
        (Expected(entity=2), "other_entity"),
        (Expected(currency="USD"), "other_currency"),
        (Expected(day="2026-11-21"), "other_day"),
    ],
)
def test_a_sound_receipt_of_another_matter_is_not_the_one_asked_for(expected: Expected, code: str) -> None:
    """A stale receipt, or one of another legal entity, currency or person, holds; but not for whom it is shown to."""
    with pytest.raises(NotVerified) as caught:
        verify_balance_receipt(GOOD, LOG_KEY.vkey, expected)
    assert caught.value.code == code
    assert verify_balance_receipt(GOOD, LOG_KEY.vkey, Expected("客户-3", 300, 1, "CNY", "2026-11-20"))


def test_the_receipt_carries_the_cosignatures_and_a_quorum_can_be_demanded() -> None:
    """R13: a witness that the bank runs cosigns the checkpoint that covers the attestation."""
    bank, other = WITNESSES[1:]
    cosigned = issued(keys=(LOG_KEY, bank)).receipt()
    trust = Trust.of(LOG_KEY.vkey, witnesses=[bank.vkey, other.vkey], quorum=1)
    assert list(verify_balance_receipt(cosigned, trust).sealed.checkpoint.witnesses) == [bank.name]
    for data, needed in ((GOOD, 1), (cosigned, 2)):
        with pytest.raises(NotVerified) as caught:
            verify_balance_receipt(
                data, Trust.of(LOG_KEY.vkey, witnesses=[bank.vkey, other.vkey], quorum=needed)
            )
        assert caught.value.code == "quorum_not_met"
