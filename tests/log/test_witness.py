"""The witness's answers, one by one as C2SP tlog-witness lists them, and that it never rolls back."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from tests.log.kit import ORIGIN, SIGNER, made_entries, naive_consistency, naive_root

from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer
from jinku.log.checkpoint import Checkpoint, SignedCheckpoint
from jinku.log.consistency import ConsistencyProof
from jinku.log.errors import NoteFormatError
from jinku.log.merkle import EMPTY_ROOT
from jinku.log.note import Note, NoteSignature, parse_signature_lines
from jinku.log.signature import log_key, open_checkpoint, sign_checkpoint, verify_note
from jinku.log.witness import Response, Witness

ENTRIES = made_entries(120)
FORK = made_entries(120, seed=1)
NOW_S = 1_790_000_000
SIGNERS = (Ed25519Signer.generate("witness.example/w1"), MlDsa44Signer.generate("witness.example/w2"))


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    opened = Witness(tmp_path / "w.db", SIGNERS, {ORIGIN: [log_key(SIGNER)]}, clock=lambda: NOW_S * 10**9 + 1)
    yield opened
    opened.close()


def signed(size: int, entries: list[bytes] = ENTRIES, origin: str = ORIGIN) -> SignedCheckpoint:
    return sign_checkpoint(Checkpoint(origin, size, naive_root(entries[:size])), [SIGNER], NOW_S)


def body(old: int, size: int, entries: list[bytes] = ENTRIES) -> bytes:
    path = naive_consistency(old, entries[:size]) if 0 < old <= size else []
    return ConsistencyProof(old, tuple(path), signed(size, entries)).encode()


def check_cosigned(witness: Witness, response: Response, size: int) -> None:
    assert response.status == 200, response
    note = Note(signed(size).note.text, parse_signature_lines(response.body.decode()))
    verified = verify_note(note, witness.keys)
    assert [item.key.name for item in verified] == ["witness.example/w1", "witness.example/w2"]
    assert [item.timestamp_s for item in verified] == [NOW_S, NOW_S]


def check_conflict(response: Response, size: int) -> None:
    assert (response.status, response.body) == (409, f"{size}\n".encode())
    assert response.content_type == "text/x.tlog.size"


def test_it_follows_a_growing_log(witness: Witness) -> None:
    for old, size in ((0, 1), (1, 7), (7, 8), (8, 8), (8, 120)):
        check_cosigned(witness, witness.add_checkpoint(body(old, size)), size)
        assert witness.latest(ORIGIN) == (size, naive_root(ENTRIES[:size]))


def test_an_empty_tree_first(witness: Witness) -> None:
    check_cosigned(witness, witness.add_checkpoint(body(0, 0)), 0)
    check_cosigned(witness, witness.add_checkpoint(body(0, 0)), 0)
    check_cosigned(witness, witness.add_checkpoint(body(0, 9)), 9)


def test_an_empty_tree_has_the_empty_root(witness: Witness) -> None:
    wrong = sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), [SIGNER], NOW_S)
    assert witness.add_checkpoint(ConsistencyProof(0, (), wrong).encode()).status == 422
    assert witness.latest(ORIGIN) == (0, EMPTY_ROOT)


@pytest.mark.parametrize("old", [0, 1, 9, 11, 120])
def test_a_stale_size_is_a_conflict(witness: Witness, old: int) -> None:
    witness.add_checkpoint(body(0, 10))
    check_conflict(witness.add_checkpoint(body(old, 120)), 10)


def test_a_rollback_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(body(0, 100))
    check_conflict(witness.add_checkpoint(body(0, 50)), 100)
    check_conflict(witness.add_checkpoint(body(50, 50)), 100)
    assert witness.add_checkpoint(body(100, 50)).status == 400
    assert witness.latest(ORIGIN)[0] == 100


def test_a_fork_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(body(0, 100))
    assert witness.add_checkpoint(body(100, 120, FORK)).status == 422
    assert witness.add_checkpoint(body(100, 100, FORK)).status == 422
    check_cosigned(witness, witness.add_checkpoint(body(100, 120)), 120)


def test_a_bad_proof_is_refused(witness: Witness) -> None:
    witness.add_checkpoint(body(0, 100))
    path = naive_consistency(100, ENTRIES)
    for wrong in (path[:-1], path[1:], [], [*path, bytes(32)], [bytes(32), *path[1:]], path[::-1]):
        request = ConsistencyProof(100, tuple(wrong), signed(120))
        assert witness.add_checkpoint(request.encode()).status == 422
    assert witness.latest(ORIGIN)[0] == 100


def test_a_proof_where_none_belongs_is_refused(witness: Witness) -> None:
    assert witness.add_checkpoint(ConsistencyProof(0, (bytes(32),), signed(9)).encode()).status == 422
    witness.add_checkpoint(body(0, 9))
    assert witness.add_checkpoint(ConsistencyProof(9, (bytes(32),), signed(9)).encode()).status == 422


def test_an_unknown_origin_is_not_found(witness: Witness) -> None:
    request = ConsistencyProof(0, (), signed(9, origin="other.example"))
    assert witness.add_checkpoint(request.encode()).status == 404


def test_an_unsigned_or_wrongly_signed_checkpoint_is_forbidden(witness: Witness) -> None:
    good = signed(9)
    stranger = sign_checkpoint(good.checkpoint, [Ed25519Signer.generate(ORIGIN)], NOW_S)
    assert witness.add_checkpoint(ConsistencyProof(0, (), stranger).encode()).status == 403
    line = good.note.signatures[0]
    bad = NoteSignature(line.name, line.key_id, bytes(64))
    for lines in ((bad,), (line, bad)):
        request = ConsistencyProof(0, (), SignedCheckpoint(good.checkpoint, Note(good.note.text, lines)))
        assert witness.add_checkpoint(request.encode()).status == 403
    assert witness.latest(ORIGIN)[0] == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        b"\xff",
        body(0, 9).replace(b"old 0", b"old 00"),
        body(0, 9).replace(b"old 0", b"old -1"),
        body(0, 9).replace(b"old 0", b"new 0"),
        body(0, 9).replace(b"old 0\n", b"old 0"),
        body(0, 9).replace(b"old 0\n", b"old 0\nAAAA\n"),
        body(0, 9).replace(b"old 0\n", b"old 0\nnot base64\n"),
        body(0, 9).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n" * 64),
        body(0, 9)[:-1],
        b"old 0\n\n" + b"x" * (1 << 19),
    ],
)
def test_malformed_requests(witness: Witness, raw: bytes) -> None:
    assert witness.add_checkpoint(raw).status == 400


def test_the_example_of_the_specification_parses() -> None:
    raw = (
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo"
        "+zyWE+xeMcTOAYQ8=\n"
    ).encode()
    request = ConsistencyProof.parse(raw)
    assert (request.old_size, len(request.path), request.checkpoint.size) == (20_852_014, 4, 20_852_163)
    assert request.encode() == raw


def test_it_remembers_over_a_restart(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(body(0, 10))
    again = Witness(tmp_path / "w.db", SIGNERS, {ORIGIN: [log_key(SIGNER)]})
    check_conflict(again.add_checkpoint(body(0, 120)), 10)
    assert again.add_checkpoint(body(10, 120)).status == 200
    again.close()
    check_conflict(witness.add_checkpoint(body(10, 120)), 120)


def test_it_is_durable_before_it_answers(witness: Witness, tmp_path: Path) -> None:
    witness.add_checkpoint(body(0, 10))
    with sqlite3.connect(tmp_path / "w.db") as database:
        assert database.execute("SELECT size FROM latest").fetchall() == [(10,)]
    database.close()


def test_racing_requests_never_roll_back(tmp_path: Path) -> None:
    """Many threads over two processes' worth of connections: one winner a step, sizes only rise."""
    logs = {ORIGIN: [log_key(SIGNER)]}
    both = [Witness(tmp_path / "w.db", SIGNERS[:1], logs) for _ in range(2)]
    bodies = {(old, size): body(old, size) for old in range(0, 24, 3) for size in range(old + 1, 25)}
    seen: list[int] = []
    lock = threading.Lock()

    def client(number: int) -> int:
        won, size = 0, 0
        witness = both[number % 2]
        while size < 24:
            target = min(24, (size // 3 + 1) * 3 + (number % 3) * 3)
            response = witness.add_checkpoint(bodies[size, target])
            if response.status == 200:
                won, size = won + 1, target
                with lock:
                    seen.append(target)
            else:
                assert response.status == 409, response
                now = int(response.body)
                assert now >= size
                size = now
        return won

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(client, range(8)))
    assert sum(won) == len(seen) == len(set(seen))
    assert both[0].latest(ORIGIN) == (24, naive_root(ENTRIES[:24]))
    for opened in both:
        opened.close()


def test_monitors_get_the_cosigned_checkpoint(witness: Witness) -> None:
    origin_hash = sha256(ORIGIN.encode()).hexdigest()
    assert witness.checkpoint(origin_hash).status == 404
    witness.add_checkpoint(body(0, 10))
    response = witness.checkpoint(origin_hash)
    assert response.status == 200
    assert open_checkpoint(response.body, ORIGIN, [log_key(SIGNER)]).size == 10
    for key in witness.keys:
        open_checkpoint(response.body, ORIGIN, [key])


def test_a_witness_needs_a_signer_and_origins_that_fit_a_cosignature(tmp_path: Path) -> None:
    with pytest.raises(NoteFormatError):
        Witness(tmp_path / "w.db", [], {})
    with pytest.raises(NoteFormatError):
        Witness(tmp_path / "w.db", SIGNERS, {"x" * 256: [log_key(SIGNER)]})
