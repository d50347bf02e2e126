"""Commitments: open with the value, the salt and the purpose, and with nothing else."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.crypto.commitment import PURPOSE_BYTES_MAX, SALT_BYTES, check_opening, commit, new_salt
from jinku.crypto.errors import CommitmentInputError, CommitmentMismatchError

SALTS = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
PURPOSES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(value=st.binary(), salt=SALTS, purpose=PURPOSES)
def test_a_commitment_opens(value: bytes, salt: bytes, purpose: str) -> None:
    check_opening(commit(value, salt, purpose), value, salt, purpose)


@given(first=st.tuples(st.binary(), SALTS, PURPOSES), second=st.tuples(st.binary(), SALTS, PURPOSES))
def test_nothing_else_opens_it(first: tuple[bytes, bytes, str], second: tuple[bytes, bytes, str]) -> None:
    if first != second:
        with pytest.raises(CommitmentMismatchError):
            check_opening(commit(*first), *second)


def test_purpose_and_value_do_not_run_together() -> None:
    salt = new_salt()
    assert commit(b"bc", salt, "a") != commit(b"c", salt, "ab")


def test_the_construction_is_the_documented_one() -> None:
    expected = hmac.new(b"s" * 32, b"jinku/commitment/v1\0\x0aparty.name" + b"Zhang San", "sha256").digest()
    assert commit(b"Zhang San", b"s" * 32, "party.name") == expected


def test_salts_differ() -> None:
    assert len({new_salt() for _ in range(100)}) == 100
    assert len(new_salt()) == SALT_BYTES


def test_wrong_lengths_are_refused() -> None:
    salt = new_salt()
    for bad in (b"", salt[:31], salt + b"x"):
        with pytest.raises(CommitmentInputError):
            commit(b"v", bad, "p")
    for purpose in ("", "x" * (PURPOSE_BYTES_MAX + 1)):
        with pytest.raises(CommitmentInputError):
            commit(b"v", salt, purpose)
    with pytest.raises(CommitmentInputError):
        check_opening(b"short", b"v", salt, "p")


def test_the_error_does_not_show_the_value() -> None:
    with pytest.raises(CommitmentMismatchError) as caught:
        check_opening(bytes(32), b"Zhang San", new_salt(), "party.name")
    assert "Zhang" not in str(caught.value)
