"""Whatever bytes arrive, they are read or refused by name: no other exception, no crash."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.log.kit import ORIGIN, SIGNER

from jinku.crypto.errors import CryptoError
from jinku.crypto.keyfile import decode_private_key
from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer
from jinku.crypto.vkey import VerifierKey
from jinku.log.bundle import decode_bundle, encode_bundle
from jinku.log.checkpoint import Checkpoint, SignedCheckpoint
from jinku.log.consistency import ConsistencyProof
from jinku.log.errors import LogError
from jinku.log.merkle import EMPTY_ROOT
from jinku.log.note import parse_note, parse_signature_lines
from jinku.log.receipt import Receipt
from jinku.log.signature import log_key, sign_checkpoint, verify_note
from jinku.log.tiles import parse_tile_path
from jinku.log.witness import Witness

SECOND = MlDsa44Signer.generate(ORIGIN)
SIGNED = sign_checkpoint(Checkpoint(ORIGIN, 9, EMPTY_ROOT), [SIGNER, SECOND], 1)
SAMPLES = {
    "note": SIGNED.encode(),
    "receipt": Receipt(3, (EMPTY_ROOT, EMPTY_ROOT), SIGNED, b"entry").encode(),
    "consistency": ConsistencyProof(4, (EMPTY_ROOT,), SIGNED).encode(),
    "bundle": encode_bundle([b"one", b"two", b"three"]),
}
PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "note": (parse_note, SAMPLES["note"]),
    "checkpoint": (SignedCheckpoint.parse, SAMPLES["note"]),
    "receipt": (Receipt.parse, SAMPLES["receipt"]),
    "consistency": (ConsistencyProof.parse, SAMPLES["consistency"]),
    "bundle": (decode_bundle, SAMPLES["bundle"]),
}


@st.composite
def mangled(draw: st.DrawFn, sample: bytes) -> bytes:
    """`sample` with a stretch of it replaced, or any bytes at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=400))
    start = draw(st.integers(0, len(sample)))
    end = draw(st.integers(start, min(len(sample), start + 40)))
    piece = st.sampled_from([b"", b"\n", b"\n\n", b" ", b"+", b"=", b"\xe2\x80\x94 ", b"old ", b"\0", sample])
    return sample[:start] + draw(piece | st.binary(max_size=8)) + sample[end:]


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_parsers_read_or_refuse(name: str, data: st.DataObject) -> None:
    parse, sample = PARSERS[name]
    with contextlib.suppress(LogError):
        parse(data.draw(mangled(sample)))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_verifying_any_signature_lines_ends_in_a_verdict(data: st.DataObject) -> None:
    lines = "".join(map(str, SIGNED.note.signatures)).encode()
    with contextlib.suppress(LogError, CryptoError, UnicodeDecodeError):
        signatures = parse_signature_lines(data.draw(mangled(lines)).decode())
        note = type(SIGNED.note)(data.draw(st.text(max_size=20)), signatures)
        assert verify_note(note, [log_key(SIGNER), log_key(SECOND)]) == []


@given(text=st.text(max_size=120))
def test_keys_and_paths_read_or_refuse(text: str) -> None:
    for parse in (VerifierKey.parse, decode_private_key):
        with contextlib.suppress(CryptoError):
            parse(text)
        with contextlib.suppress(CryptoError):
            parse("PRIVATE+KEY+" + text)
    assert parse_tile_path(text) is None


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witness]:
    database: Path = tmp_path_factory.mktemp("witness") / "w.db"
    opened = Witness(database, [Ed25519Signer.generate("w.example")], {ORIGIN: [log_key(SIGNER)]})
    yield opened
    opened.close()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_witness_answers_anything_and_cosigns_nothing_mangled(
    witness: Witness, data: st.DataObject
) -> None:
    body = data.draw(mangled(SAMPLES["consistency"]))
    assert witness.add_checkpoint(body).status in (400, 403, 404, 409, 422)
    assert witness.latest(ORIGIN) == (0, EMPTY_ROOT)
