"""Tests of a custodian's interface, and the dated record of them (R21).

Rules:

1. A case is one promise of the interface: it calls the bank and says what it saw. Each service that is spoken end to
   end has a case, and so has each way in which a thief or an accident could move money twice.
2. Cases use customers and numbers of their own, named by the run, and small amounts that they collect first.
3. The record is canonical JSON: when, which bank by its certificate and key, which release, every case with its
   outcome. Its SHA-256 is what the log seals (topic 6). A case that did not pass is in the record like any other.

Example::

    record = run_cases(client, link, Run("20261122T1000"))
    record.passed, record.document()["cases"][0]["outcome"]
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from jinku import __version__
from jinku.base.canonical import canonical_json
from jinku.base.clock import Clock, to_rfc3339
from jinku.custody.channel.cases import CASES
from jinku.custody.channel.casework import Bench
from jinku.custody.channel.custodian.client import CustodianClient, Link
from jinku.custody.channel.custodian.table import SERVICES, Standing
from jinku.custody.channel.errors import ChannelError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case ended."""

    name: str
    chinese: str
    services: str
    passed: bool
    said: str


@dataclass(frozen=True, slots=True)
class Record:
    """A run of all cases against one bank."""

    at: int
    run: str
    bank: str
    platform: str
    certificate: str
    bank_key: str
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> int:
        """How many cases passed."""
        return sum(one.passed for one in self.outcomes)

    def document(self) -> dict[str, Any]:
        """The record as JSON values."""
        covered = {name for one in self.outcomes for name in one.services.split()}
        return {
            "document": "jinku/interface-test/v1",
            "at": to_rfc3339(self.at),
            "run": self.run,
            "bank": self.bank,
            "platform": self.platform,
            "certificate_sha256": self.certificate,
            "bank_key": self.bank_key,
            "release": __version__,
            "passed": self.passed,
            "failed": len(self.outcomes) - self.passed,
            "not_tested": sorted(name for name in SERVICES if name not in covered),
            "cases": [
                {
                    "name": one.name,
                    "name_zh": one.chinese,
                    "services": one.services.split(),
                    "outcome": "passed" if one.passed else "failed",
                    "said": one.said,
                }
                for one in self.outcomes
            ],
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return canonical_json(self.document())

    @property
    def digest(self) -> bytes:
        """What the log seals."""
        return hashlib.sha256(self.to_bytes()).digest()


def run_cases(client: CustodianClient, link: Link, run: str, clock: Clock = time.time_ns) -> Record:
    """Every case against the bank of `link`. `run` names the customers and numbers: use a new one each time."""
    at, outcomes = clock(), []
    bench = Bench(client, link, run, clock)
    for case in CASES:
        try:
            said, passed = case.run(bench), True
        except ChannelError as error:
            said, passed = error.message, False
        outcomes.append(Outcome(case.name, case.chinese, case.services, passed, said))
    return Record(
        at=at,
        run=run,
        bank=link.url,
        platform=link.platform,
        certificate=hashlib.sha256(link.certificate.encode()).hexdigest(),
        bank_key=link.bank_key.public_key.hex(),
        outcomes=tuple(outcomes),
    )


def untested() -> list[str]:
    """Services that are spoken end to end and have no case: the bank's own notice, which `callbacks` is tested with."""
    tested = {name for case in CASES for name in case.services.split()}
    return [
        one.name
        for one in SERVICES.values()
        if one.standing is Standing.END_TO_END and one.name not in tested
    ]
