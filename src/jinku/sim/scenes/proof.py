"""What is owed, attested in the evening and cosigned by the bank's witness; receipts that anybody can check; a page.

Rules:

1. A customer stands in the attestation under the account's id, as `jinku attest` has it.
2. The witness has a key and a memory of its own, and is reached over HTTP like any other.

Example::

    proven = attest_day(stage, day, "2026-11-23")
    receipts = balance_receipts(stage, proven, accounts)
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import uvicorn

from jinku.base.currency import currency_by_number
from jinku.crypto.signer import Ed25519Signer
from jinku.crypto.vkey import VerifierKey
from jinku.custody.proof.desk import Attested
from jinku.custody.proof.limits import LIMITS
from jinku.log.cosign import CosignatureCollector, WitnessEndpoint
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipts
from jinku.log.witness import Witness
from jinku.log.witness_http import witness_app
from jinku.sim.close import Stage
from jinku.sim.errors import SimulationFault
from jinku.verify.webpage import Settings, web_page

WITNESS = "bank.example/witness"
_START_S = 10.0
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Proven:
    """An attestation that the bank's witness has cosigned."""

    attested: Attested
    witness: str
    """The witness's public key."""


def attest_day(stage: Stage, day: date, directory: Path) -> Proven:
    """Attest what is owed for `day`, publish it, and have the bank's witness cosign. Raises SimulationFault."""
    house = stage.house
    code = currency_by_number(stage.chart.currency).code
    attested = stage.custody.attestations().attest(stage.chart.entity, code, day)
    published = house.publish()
    with _witness(directory, house.vkeys) as endpoint:
        with CosignatureCollector([endpoint], LogDirectory(house.log_directory)) as collector:
            collected = collector.collect(published)
        for failure in collected.failures.values():
            raise SimulationFault(f"the bank's witness did not cosign: {failure.message}")
        house.publisher.attach(collected.checkpoint)
    return Proven(attested, str(endpoint.keys[0]))


@contextmanager
def _witness(directory: Path, vkeys: Sequence[str]) -> Iterator[WitnessEndpoint]:
    """The bank's witness, served on loopback."""
    directory.mkdir()
    logs: dict[str, list[VerifierKey]] = {}
    for key in map(VerifierKey.parse, vkeys):
        logs.setdefault(key.name, []).append(key)
    witness = Witness(directory / "witness.db", [Ed25519Signer.generate(WITNESS)], logs)
    config = uvicorn.Config(witness_app(witness), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="bank-witness", daemon=True)
    thread.start()
    try:
        end = time.monotonic() + _START_S
        while not server.started:
            if time.monotonic() > end:
                raise SimulationFault("the bank's witness did not start")
            time.sleep(_LOOK_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield WitnessEndpoint(f"http://127.0.0.1:{port}", (witness.keys[0],))
    finally:
        server.should_exit = True
        thread.join()
        witness.close()


def balance_receipts(stage: Stage, proven: Proven, accounts: Sequence[int]) -> Mapping[str, bytes]:
    """The balance receipt of each of `accounts`."""
    desk = stage.custody.attestations()
    return {str(one): desk.customer_receipt(proven.attested, str(one)) for one in accounts}


def transfer_receipts(stage: Stage, transfers: Sequence[int]) -> Mapping[int, bytes]:
    """The log's receipt (tlog-proof) of each transfer; the log must be published beyond them."""
    entries = [stage.house.ledger.transfer_sequence(one) for one in transfers]
    made = make_receipts(LogDirectory(stage.house.log_directory), entries)
    return {one: receipt.encode() for one, receipt in zip(transfers, made, strict=True)}


def page(stage: Stage, proven: Proven) -> bytes:
    """The page on which customers check receipts, for this log and this witness."""
    return web_page(Settings(tuple(stage.house.vkeys), (proven.witness,), 1, LIMITS))
