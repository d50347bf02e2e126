"""The attestation and a customer's receipt, from the balance to the signed log, and every byte of it."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.verify.kit import DAY, LOG_KEY, Journal, day_of, receipt

from jinku.crypto.commitment import new_salt
from jinku.custody.errors import BadAttestation
from jinku.custody.proof.attestation import (
    LIMITS,
    SEAL_TOPIC_ATTESTATION,
    Attestation,
    Sealed,
    attest,
    balance_receipt,
)
from jinku.custody.proof.sumtree import Liability, SumTree
from jinku.verify import NotVerified, Unreadable, VerifyError, verify_balance_receipt
from jinku.verify.balance import BALANCE_RECEIPT_BYTES_MAX

TREE = SumTree("CNY", [Liability(f"客户-{number}", number * 100, new_salt()) for number in range(6)])

OTHERS: list[Any] = ["", "1", "01", "-1", 1, None, [], {}, "0" * 64, str(1 << 130)]


def sealed(statement: Attestation, journal: Journal, topic: int = SEAL_TOPIC_ATTESTATION) -> Sealed:
    entry = journal.seal(statement.digest(), topic)
    return Sealed(entry, receipt(journal.leaves, len(journal.leaves) - 1).decode())


def issue(**changes: int) -> tuple[bytes, Attestation]:
    """A receipt for customer 3, with some of the attestation's fields changed before it is sealed."""
    journal = day_of(0)
    size = len(journal.leaves)
    statement = attest(TREE, as_of=journal.now, ledger_size=size, ledger_total=1500)
    statement = replace(statement, **changes)  # type: ignore[arg-type]
    return balance_receipt(TREE, "客户-3", statement, sealed(statement, journal)), statement


def test_the_receipt_proves_the_balance_end_to_end() -> None:
    data, statement = issue()
    proved = verify_balance_receipt(data, LOG_KEY.vkey)
    assert (proved.customer, proved.balance, proved.currency) == ("客户-3", 300, "CNY")
    assert (proved.liabilities, proved.customers, proved.as_of) == (1500, 6, statement.as_of)
    assert proved.sealed.index == statement.ledger_size


def test_the_canonical_bytes_are_fixed() -> None:
    statement = Attestation("CNY", 1, 2, 3, 4, bytes(32))
    text = f"jinku-attestation/v1\ncurrency CNY\nas_of 1\nledger_size 2\ncustomers 3\nliabilities 4\nroot {'0' * 64}\n"
    assert statement.canonical() == text.encode()
    assert statement.digest() == hashlib.sha256(text.encode()).digest()


def test_every_flipped_byte_is_seen() -> None:
    data, _ = issue()
    for at in range(len(data)):
        for bit in (1, 0x20):
            with pytest.raises(VerifyError):
                verify_balance_receipt(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :], LOG_KEY.vkey)
    for at in range(0, len(data), 7):
        with pytest.raises(Unreadable):
            verify_balance_receipt(data[:at], LOG_KEY.vkey)


def test_every_changed_value_is_seen() -> None:
    data, _ = issue()
    document = json.loads(data)

    def spelled() -> bytes:
        return (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()

    assert spelled() == data
    for holder in (document, document["attestation"], document["path"][0]):
        for name, value in list(holder.items()):
            for other in OTHERS:
                if other != value:
                    holder[name] = other
                    with pytest.raises(VerifyError):
                        verify_balance_receipt(spelled(), LOG_KEY.vkey)
            holder[name] = value
    document["more"] = "x"
    with pytest.raises(Unreadable):
        verify_balance_receipt(spelled(), LOG_KEY.vkey)


def test_another_spelling_of_the_same_values_is_refused() -> None:
    data, _ = issue()
    document = json.loads(data)
    for other in (
        json.dumps(document).encode(),
        (json.dumps(document, indent=2, sort_keys=True) + "\n").encode(),
        (json.dumps(dict(reversed(document.items())), indent=2, ensure_ascii=False) + "\n").encode(),
        data.replace(b'"balance": "300"', b'"balance": "300",\n  "balance": "300"'),
        data.rstrip(),
        data + b" ",
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
    for changes in ({"ledger_size": 21}, {"as_of": DAY * 9}):
        data, _ = issue(**changes)
        with pytest.raises(NotVerified) as caught:
            verify_balance_receipt(data, LOG_KEY.vkey)
        assert caught.value.code == "sealed_too_early"


def test_a_seal_of_another_topic_or_kind_is_refused() -> None:
    journal = day_of(0)
    statement = attest(TREE, as_of=journal.now, ledger_size=5, ledger_total=1500)
    data = balance_receipt(TREE, "客户-1", statement, sealed(statement, journal, topic=2))
    with pytest.raises(NotVerified) as caught:
        verify_balance_receipt(data, LOG_KEY.vkey)
    assert caught.value.code == "not_sealed"


def test_the_total_must_be_the_ledgers() -> None:
    with pytest.raises(BadAttestation):
        attest(TREE, as_of=1, ledger_size=1, ledger_total=1499)


def test_a_receipt_for_another_tree_or_seal_is_not_issued() -> None:
    journal = day_of(0)
    statement = attest(TREE, as_of=1, ledger_size=1, ledger_total=1500)
    good = sealed(statement, journal)
    with pytest.raises(BadAttestation):
        balance_receipt(SumTree("CNY", []), "客户-1", statement, good)
    with pytest.raises(BadAttestation):
        balance_receipt(TREE, "客户-1", replace(statement, as_of=2), good)


@pytest.mark.parametrize("field", ["as_of", "ledger_size", "customers", "liabilities"])
def test_values_out_of_range_are_refused(field: str) -> None:
    statement = Attestation("CNY", 1, 2, 3, 4, bytes(32))
    for value in (-1, 1 << 127):
        with pytest.raises(BadAttestation):
            replace(statement, **{field: value})  # type: ignore[arg-type]
    with pytest.raises(BadAttestation):
        replace(statement, root=b"")


def test_limits_are_stated() -> None:
    assert len(LIMITS) == 4
