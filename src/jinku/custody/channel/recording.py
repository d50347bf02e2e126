"""The record of an interface test: made, written, sealed (R21).

Example::

    test_interface(opened, "custodian", Path("jinku-data/bank-tests")).document["passed"]
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.base.errors import InputError
from jinku.base.files import replace_durably
from jinku.custody.channel.booking import SEAL_TOPIC_BANK
from jinku.custody.channel.conformance import run_cases
from jinku.custody.channel.opening import OpenChannel


@dataclass(frozen=True, slots=True)
class Kept:
    """A record: its values, where it lies, its SHA-256 in hex, the log's entry that seals it."""

    document: dict[str, Any]
    path: str
    digest: str
    entry: int


def test_interface(opened: OpenChannel, channel: str, directory: Path) -> Kept:
    """Run every case against the bank of `channel`; the record, sealed and written. Raises InputError."""
    if channel not in opened.links:
        raise InputError("is no signed channel", field="--channel", value=channel, remedy="see banks.json")
    client, link = opened.links[channel]
    run = to_rfc3339(opened.clock()).replace("-", "").replace(":", "").replace(".", "")
    record = run_cases(client, link, run, opened.clock)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{channel}-{run}.json"
    replace_durably(path, record.to_bytes())
    entry, _ = opened.books.seal(record.digest, SEAL_TOPIC_BANK)
    return Kept(record.document(), str(path), record.digest.hex(), entry)
