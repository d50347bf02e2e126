"""Collecting cosignatures of a checkpoint from witnesses (https://c2sp.org/tlog-witness).

Rules:

1. All witnesses are asked at once; each has `timeout_s` for an answer. A witness that fails takes nothing
   from the others: what it did wrong comes back beside the signatures.
2. The size that a witness last cosigned is remembered; a 409 corrects it and the request is made again, at
   most `ATTEMPTS_MAX` times. A witness that has seen more than we have published is an error, never papered
   over.
3. A cosignature joins the checkpoint only after it verified under a key configured for that witness, and
   with a time.

Example::

    collector = CosignatureCollector([WitnessEndpoint(url, (key,))], LogDirectory(directory))
    publisher.attach(collector.collect(publisher.publish()).checkpoint)
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2

from jinku.base.closing import Closing
from jinku.base.errors import JinkuError
from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.vkey import VerifierKey
from jinku.log.checkpoint import SignedCheckpoint, parse_decimal
from jinku.log.consistency import ConsistencyProof
from jinku.log.errors import NoteFormatError, WitnessError
from jinku.log.note import Note, NoteSignature, parse_signature_lines
from jinku.log.reader import TileReader, Tree
from jinku.log.signature import verify_note
from jinku.log.witness import SIZE_CONTENT_TYPE

ATTEMPTS_MAX = 3
TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class WitnessEndpoint:
    """A witness: where to submit, and the keys it cosigns with."""

    url: str
    """Submission prefix; ``/add-checkpoint`` is appended."""
    keys: tuple[VerifierKey, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What the witnesses answered."""

    checkpoint: SignedCheckpoint
    """The checkpoint with every cosignature that verified."""
    names: tuple[str, ...]
    """Names of the witnesses that cosigned."""
    failures: dict[str, JinkuError]
    """Why others did not, by URL."""


class CosignatureCollector(Closing):
    """Asks `witnesses` to cosign checkpoints of the log behind `tiles`. Use from one thread."""

    def __init__(
        self, witnesses: Sequence[WitnessEndpoint], tiles: TileReader, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.witnesses = tuple(witnesses)
        self._tiles = tiles
        self._sizes = dict.fromkeys((witness.url for witness in witnesses), 0)
        self._timeout_s = timeout_s
        self._client = httpx2.Client(timeout=timeout_s)
        self._pool = ThreadPoolExecutor(max(1, len(self.witnesses)), thread_name_prefix="cosign")

    def collect(self, signed: SignedCheckpoint) -> Collected:
        """Ask every witness to cosign `signed`; see the module's rules. Never raises for a witness's
        failure."""
        asked = [(witness, self._pool.submit(self._ask, witness, signed)) for witness in self.witnesses]
        lines: list[NoteSignature] = []
        failures: dict[str, JinkuError] = {}
        for witness, answer in asked:
            try:
                lines.extend(answer.result())
            except JinkuError as error:
                failures[witness.url] = error
        merged = SignedCheckpoint(signed.checkpoint, signed.note.adding(lines))
        return Collected(merged, tuple(dict.fromkeys(line.name for line in lines)), failures)

    def close(self) -> None:
        """Release connections and threads. Idempotent."""
        self._pool.shutdown()
        self._client.close()

    def _ask(self, witness: WitnessEndpoint, signed: SignedCheckpoint) -> list[NoteSignature]:
        tree = Tree(self._tiles, signed.size)
        for _ in range(ATTEMPTS_MAX):
            old_size = self._sizes[witness.url]
            if old_size > signed.size:
                raise WitnessError(
                    witness.url, f"it has cosigned size {old_size}, but this log is at {signed.size}"
                )
            request = ConsistencyProof(old_size, tuple(tree.consistency_proof(old_size)), signed)
            status, content_type, content = self._post(witness.url, request.encode())
            if status == 200:
                lines = _verified(witness, signed, content)
                self._sizes[witness.url] = signed.size
                return lines
            text = content.decode("utf-8", "replace")
            if status != 409 or content_type != SIZE_CONTENT_TYPE:
                raise WitnessError(witness.url, f"status {status}: {text[:200].strip()!r}")
            self._sizes[witness.url] = _size(witness.url, text)
        raise WitnessError(witness.url, f"it still named another size after {ATTEMPTS_MAX} attempts")

    def _post(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer, which is read no further and no longer than it may be."""
        deadline = time.monotonic() + self._timeout_s
        target, plain = f"{url.rstrip('/')}/add-checkpoint", {"accept-encoding": "identity"}
        content = bytearray()
        try:
            with self._client.stream("POST", target, content=body, headers=plain) as answer:
                for part in answer.iter_raw():
                    content += part
                    if len(content) > ANSWER_BYTES_MAX:
                        raise WitnessError(
                            url, f"an answer of more than {ANSWER_BYTES_MAX} bytes is too long"
                        )
                    if time.monotonic() > deadline:
                        raise WitnessError(url, f"its answer took more than {self._timeout_s} s")
                return answer.status_code, answer.headers.get("content-type", ""), bytes(content)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise WitnessError(url, f"{type(error).__name__}: {error}") from error


def _size(url: str, text: str) -> int:
    try:
        return parse_decimal(text.removesuffix("\n"), "size")
    except NoteFormatError as error:
        raise WitnessError(url, error.message) from error


def _verified(witness: WitnessEndpoint, signed: SignedCheckpoint, answer: bytes) -> list[NoteSignature]:
    """The answer's signature lines that are right cosignatures by the witness's keys; at least one."""
    try:
        lines = parse_signature_lines(answer.decode())
        verified = verify_note(Note(signed.note.text, lines), witness.keys)
    except (UnicodeDecodeError, NoteFormatError, SignatureInvalidError) as error:
        raise WitnessError(witness.url, f"its answer is not right: {error}") from error
    timed = [item.line for item in verified if item.timestamp_s]
    if not timed:
        raise WitnessError(witness.url, "its answer has no timestamped cosignature by a configured key")
    return timed
