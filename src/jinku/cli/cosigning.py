"""Collecting cosignatures while the server runs: a thread asks the witnesses for every new checkpoint.

A witness that is away delays nothing: transfers are answered and checkpoints published without it.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from jinku.base.errors import InputError, JinkuError
from jinku.bootstrap import House
from jinku.crypto.vkey import VerifierKey
from jinku.log.cosign import CosignatureCollector, WitnessEndpoint
from jinku.log.reader import LogDirectory

INTERVAL_S = 1.0
_logger = logging.getLogger("jinku.api")


def parse_witness(text: str) -> WitnessEndpoint:
    """``VKEY@URL`` as an endpoint. Raises InputError."""
    vkey, _, url = text.partition("@http")
    if not url:
        raise InputError(
            "is not VKEY@URL",
            field="--witness",
            value=text,
            remedy="write it like name+1234abcd+AQ…@https://host/path",
        )
    return WitnessEndpoint(f"http{url}", (VerifierKey.parse(vkey),))


@contextmanager
def cosigning(house: House, witnesses: Sequence[str]) -> Iterator[None]:
    """Collect cosignatures from `witnesses` (each ``VKEY@URL``) while the context lasts."""
    endpoints = [parse_witness(text) for text in witnesses]
    if not endpoints:
        yield
        return
    stopping = threading.Event()
    thread = threading.Thread(
        target=_collect, args=(house, endpoints, stopping), name="cosigning", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _collect(house: House, endpoints: Sequence[WitnessEndpoint], stopping: threading.Event) -> None:
    done = -1
    with CosignatureCollector(endpoints, LogDirectory(house.log_directory)) as collector:
        while not stopping.wait(INTERVAL_S):
            current = house.publisher.checkpoint
            if current is None or current.size == done:
                continue
            try:
                collected = collector.collect(current)
                if collected.names:
                    house.publisher.attach(collected.checkpoint)
            except (JinkuError, OSError) as error:
                _logger.warning("cosigning", extra={"fields": {"failure": type(error).__name__}})
                continue
            for url, failure in collected.failures.items():
                _logger.warning("cosigning", extra={"fields": {"witness": url, "failure": failure.message}})
            if not collected.failures:
                done = current.size
