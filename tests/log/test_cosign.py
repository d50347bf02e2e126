"""Cosignatures collected from real witnesses over loopback, good ones and bad ones."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.log.kit import ORIGIN, SIGNER, MemoryJournal, made_entries, publisher
from tests.log.served import served

from jinku.crypto.signer import Ed25519Signer, MlDsa44Signer, Signer
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.cosign import CosignatureCollector, WitnessEndpoint
from jinku.log.errors import WitnessError
from jinku.log.publisher import Publisher
from jinku.log.reader import LogDirectory
from jinku.log.receipt import ReceiptPolicy, make_receipt, verify_receipt
from jinku.log.signature import cosignature_type as type_of
from jinku.log.signature import cosigner_key, log_key, sign
from jinku.log.witness import Witness
from jinku.log.witness_http import witness_app
from jinku.verify import Trust, verify_log_directory

FIRST = Ed25519Signer.generate("w1.example")
SECOND = MlDsa44Signer.generate("w2.example")
KEYS = (cosigner_key(FIRST), cosigner_key(SECOND))
LOGS = {ORIGIN: [log_key(SIGNER)]}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def witness_at(stack: ExitStack, database: Path, signer: Signer) -> WitnessEndpoint:
    witness = stack.enter_context(closing(Witness(database, [signer], LOGS)))
    return WitnessEndpoint(stack.enter_context(served(witness_app(witness))), (cosigner_key(signer),))


def open_log(stack: ExitStack, directory: Path, size: int) -> tuple[MemoryJournal, Publisher]:
    journal = MemoryJournal(made_entries(size))
    return journal, stack.enter_context(publisher(directory, journal))


def collector(
    stack: ExitStack, directory: Path, endpoints: list[WitnessEndpoint], timeout_s: float = 5.0
) -> CosignatureCollector:
    return stack.enter_context(CosignatureCollector(endpoints, LogDirectory(directory), timeout_s=timeout_s))


def test_a_growing_log_is_cosigned_by_two_witnesses(stack: ExitStack, tmp_path: Path) -> None:
    directory = tmp_path / "log"
    journal, opened = open_log(stack, directory, 10)
    endpoints = [
        witness_at(stack, tmp_path / "1.db", FIRST),
        witness_at(stack, tmp_path / "2.db", SECOND),
    ]
    asking = collector(stack, directory, endpoints)
    for size in (10, 300, 300, 2000):
        journal.entries = made_entries(size)
        collected = asking.collect(opened.publish())
        assert collected.failures == {}
        assert collected.names == ("w1.example", "w2.example")
        opened.attach(collected.checkpoint)
        assert (directory / "checkpoint").read_bytes() == (directory / "checkpoint.cosigned").read_bytes()
    policy = ReceiptPolicy(ORIGIN, (log_key(SIGNER),), KEYS, 2)
    log = LogDirectory(directory)
    assert verify_receipt(make_receipt(log, 299), policy) == made_entries(300)[299]
    journal.entries = made_entries(2100)
    opened.publish()
    assert verify_receipt(make_receipt(log, 7, cosigned=True), policy) == made_entries(8)[7]
    trust = Trust.of(str(log_key(SIGNER)), witnesses=[str(key) for key in KEYS])
    report = verify_log_directory(directory, trust, replay=False)
    assert report.ok, report.findings
    assert report.witnessed_size == 2000


def test_a_client_without_memory_learns_the_size_from_the_conflict(stack: ExitStack, tmp_path: Path) -> None:
    directory = tmp_path / "log"
    journal, opened = open_log(stack, directory, 10)
    endpoint = witness_at(stack, tmp_path / "1.db", FIRST)
    assert collector(stack, directory, [endpoint]).collect(opened.publish()).failures == {}
    journal.entries = made_entries(900)
    collected = collector(stack, directory, [endpoint]).collect(opened.publish())
    assert collected.names == ("w1.example",)


def test_a_witness_that_saw_a_fork_or_more_than_we_have_is_reported(stack: ExitStack, tmp_path: Path) -> None:
    endpoint = witness_at(stack, tmp_path / "1.db", FIRST)
    _, longer = open_log(stack, tmp_path / "longer", 500)
    assert collector(stack, tmp_path / "longer", [endpoint]).collect(longer.publish()).failures == {}
    _, shorter = open_log(stack, tmp_path / "shorter", 400)
    failure = (
        collector(stack, tmp_path / "shorter", [endpoint]).collect(shorter.publish()).failures[endpoint.url]
    )
    assert isinstance(failure, WitnessError)
    assert "cosigned size 500" in str(failure)
    fork = stack.enter_context(publisher(tmp_path / "fork", MemoryJournal(made_entries(600, seed=1))))
    collected = collector(stack, tmp_path / "fork", [endpoint]).collect(fork.publish())
    assert "422" in str(collected.failures[endpoint.url])
    assert len(collected.checkpoint.note.signatures) == 1


def answering(body: bytes, status: int = 200, content_type: str = "text/plain") -> Starlette:
    async def answer(_request: Request) -> Response:
        return Response(body, status, {"Content-Type": content_type})

    return Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])


def bad_answers(signed: SignedCheckpoint) -> dict[str, Starlette]:
    right = sign(FIRST, type_of(FIRST.algorithm), signed.note.text, 1)
    untimed = sign(FIRST, type_of(FIRST.algorithm), signed.note.text, 0)
    stranger = sign(Ed25519Signer.generate("w1.example"), type_of(FIRST.algorithm), signed.note.text, 1)
    other_text = sign(FIRST, type_of(FIRST.algorithm), signed.note.text.replace(ORIGIN, "x"), 1)
    return {
        "nothing": answering(b""),
        "no newline": answering(str(right).encode()[:-1]),
        "no text": answering(b"\xff\xfe"),
        "stranger": answering(str(stranger).encode()),
        "untimed": answering(str(untimed).encode()),
        "other text": answering(str(other_text).encode()),
        "error": answering(b"oops", 500),
        "endless conflict": answering(b"1\n", 409, "text/x.tlog.size"),
        "nonsense conflict": answering(b"-1\n", 409, "text/x.tlog.size"),
        "untyped conflict": answering(b"1\n", 409),
        "too long": answering(b"x" * (1 << 19)),
    }


def test_bad_witnesses_take_nothing_from_a_good_one(stack: ExitStack, tmp_path: Path) -> None:
    directory = tmp_path / "log"
    _, opened = open_log(stack, directory, 10)
    signed = opened.publish()
    bad = {
        name: WitnessEndpoint(stack.enter_context(served(app)), (cosigner_key(FIRST),))
        for name, app in bad_answers(signed).items()
    }
    good = witness_at(stack, tmp_path / "2.db", SECOND)
    closed = WitnessEndpoint("http://127.0.0.1:9", (cosigner_key(FIRST),))
    collected = collector(stack, directory, [*bad.values(), closed, good]).collect(signed)
    assert collected.names == ("w2.example",)
    assert set(collected.failures) == {closed.url, *(endpoint.url for endpoint in bad.values())}
    assert [line.name for line in collected.checkpoint.note.signatures] == [ORIGIN, "w2.example"]


def test_a_slow_witness_is_given_up(stack: ExitStack, tmp_path: Path) -> None:
    def answer(_request: Request) -> Response:
        time.sleep(1)
        return Response(b"")

    _, opened = open_log(stack, tmp_path / "log", 10)
    slow = Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])
    endpoint = WitnessEndpoint(stack.enter_context(served(slow)), (cosigner_key(FIRST),))
    collected = collector(stack, tmp_path / "log", [endpoint], 0.1).collect(opened.publish())
    assert "Timeout" in str(collected.failures[endpoint.url])


def test_the_witness_over_http(stack: ExitStack, tmp_path: Path) -> None:
    endpoint = witness_at(stack, tmp_path / "1.db", FIRST)
    with httpx2.Client(base_url=endpoint.url) as client:
        assert client.get("/add-checkpoint").status_code == 405
        assert client.post("/add-checkpoint", content=b"nonsense").status_code == 400
        assert client.post("/add-checkpoint", content=b"x" * (1 << 20)).status_code == 413
        assert client.get(f"/{'0' * 64}/checkpoint").status_code == 404
        assert client.get("/elsewhere").status_code == 404


def trickling(content_type: str, part: bytes) -> Starlette:
    """A witness whose answer never ends."""

    async def answer(_request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield part
                await asyncio.sleep(0.05)

        return StreamingResponse(parts(), headers={"content-type": content_type})

    return Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])


@pytest.mark.parametrize(("part", "problem"), [(b".", "took more than"), (b"." * 200_000, "too long")])
def test_an_answer_without_end_is_left(stack: ExitStack, tmp_path: Path, part: bytes, problem: str) -> None:
    _, opened = open_log(stack, tmp_path / "log", 5)
    url = stack.enter_context(served(trickling("text/plain", part)))
    good = witness_at(stack, tmp_path / "1.db", FIRST)
    asking = collector(stack, tmp_path / "log", [WitnessEndpoint(url, KEYS[1:]), good], timeout_s=0.5)
    collected = asking.collect(opened.publish())
    assert collected.names == ("w1.example",)
    assert problem in collected.failures[url].message


def test_an_url_that_is_none_is_that_witness_failure(stack: ExitStack, tmp_path: Path) -> None:
    _, opened = open_log(stack, tmp_path / "log", 5)
    asking = collector(stack, tmp_path / "log", [WitnessEndpoint("http://w.example:x", KEYS[:1])])
    assert "InvalidURL" in asking.collect(opened.publish()).failures["http://w.example:x"].message
