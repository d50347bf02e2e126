"""Whatever the bytes, the verifier answers with one of its own two errors, never with a surprise."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.custody.proof.kit import issue
from tests.verify.kit import LOG_KEY, PQ_KEY, WITNESSES, checkpoint, day_of, receipt
from tests.verify.test_receipt import proof_file

from jinku.verify import (
    Trust,
    VerifyError,
    open_checkpoint,
    verify_balance_receipt,
    verify_consistency,
    verify_receipt,
)
from jinku.verify.entries import decode
from jinku.verify.keys import VerifierKey
from jinku.verify.tiles import entry_spans, parse_name, tile_name

LEAVES = day_of(0).leaves
TRUST = Trust.of(
    [LOG_KEY.vkey, PQ_KEY.vkey], witnesses=[key.vkey for key in WITNESSES], quorum=1, log_quorum=1
)
EARLIER = checkpoint(LEAVES[:5])
READERS: list[tuple[Callable[[bytes], object], bytes]] = [
    (lambda data: open_checkpoint(data, TRUST), checkpoint(LEAVES, [LOG_KEY, PQ_KEY, *WITNESSES])),
    (lambda data: verify_receipt(data, None, LOG_KEY.vkey), receipt(LEAVES, 7, extra=True)),
    (lambda data: verify_consistency(EARLIER, data, LOG_KEY.vkey), proof_file(5, 18)),
    (lambda data: verify_balance_receipt(data, LOG_KEY.vkey), issue()),
    (lambda data: VerifierKey.parse(data.decode("utf-8", "replace")), WITNESSES[0].vkey.encode()),
    (decode, LEAVES[12]),
]


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with one to three spans replaced, repeated, moved or cut."""
    data = good
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 40)))
        put = draw(
            st.sampled_from([b"", data[at:end] * 2, b"\n", b"\n\n", b" ", b"\0", b"\xff", b"0", "—".encode()])
        )
        data = data[:at] + (put or draw(st.binary(max_size=8))) + data[end:]
    return data


@pytest.mark.parametrize("number", range(len(READERS)))
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files(number: int, data: st.DataObject) -> None:
    read, good = READERS[number]
    read(good)
    for bad in (data.draw(damaged(good)), data.draw(st.binary(max_size=600))):
        with suppress(VerifyError):
            read(bad)


@given(st.sampled_from(["entries", "0", "3", "63"]), st.integers(0, 10**10), st.integers(1, 256))
def test_a_name_has_one_spelling(level: str, index: int, width: int) -> None:
    assert parse_name(tile_name(level, index, width)) == (level, index, width)


@given(st.text(alphabet="tile/0123456789x.pentrs", max_size=30))
def test_other_spellings_name_nothing(text: str) -> None:
    place = parse_name(text)
    assert place is None or tile_name(*place) == text


@given(st.binary(max_size=2000), st.integers(1, 256))
def test_spans_of_any_bytes_lie_within_them(bundle: bytes, count: int) -> None:
    spans, trouble, at = entry_spans(bundle, count)
    assert all(0 <= start <= end <= len(bundle) for start, end in spans)
    assert (len(spans) == count and at == len(bundle)) or trouble
