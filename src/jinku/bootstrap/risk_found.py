"""What screening found of each subject, kept over restarts: nobody is searched twice among the same lists.

Rules:

1. A result belongs to the digest of the subject (names, kind, facts) and to one state of lists and program: `basis`
   is the SHA-256 of each list's content and of the program's own screening. Anything else is searched anew.
2. Results are hits before clearances: a clearance changes no search.
3. The file is used only where the log seals its bytes (topic 17). One that was changed with a pen is as none; an older
   one that was put back says what is true of the same subjects and the same lists.
4. The file has digests, ids of entries and scores, no names; only of those that are asked about today. It is derived.
5. Any thread may ask; searches take turns.

Example::

    found = Found(running, read_found(path, ledger, basis_of(running)))
    found.hits(subject)  # (("un:6908555", "5c…", 0.97),)
    found.save(path, ledger)
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from jinku.base.canonical import canonical_json
from jinku.base.files import replace_durably
from jinku.ledger.sealed import SealingLedger, is_sealed
from jinku.risk.screening.lists import Running
from jinku.risk.screening.model import Subject

SEAL_TOPIC_FOUND = 17
FORM = "jinku/screening-found/v1"
SAVED_FROM, SAVED_SHARE = 100, 4
"""So many searches, and one in so many of all results, are worth writing the file again."""
_ENTRY_BYTES = 8
Hit = tuple[str, str, float]
"""Key of an entry, its digest, score."""
Hits = tuple[Hit, ...]


class Found:
    """See the module's rules."""

    def __init__(self, running: Running, known: dict[str, Hits] | None = None) -> None:
        """`known` are results of the same basis, by the digest of the subject."""
        self.running, self.basis = running, basis_of(running)
        self._known, self._asked = known or {}, dict[str, Hits]()
        self._turn = threading.Lock()
        self.searched = 0
        """How many searches were made since the file was read or written."""

    def hits(self, subject: Subject) -> Hits:
        """Whom a subject may be, cleared or not; none for one without a name."""
        if not any(name.strip() for name in subject.names):
            return ()
        digest = subject.digest
        found = self._asked.get(digest)
        if found is None:
            found = self._known.get(digest)
            if found is None:
                found = self._searched(subject)
            self._asked[digest] = found
        return found

    def save(self, path: Path, ledger: SealingLedger) -> bool:
        """Keep what was asked about; whether there was enough that is new. Raises OSError, and what sealing raises."""
        asked = dict(self._asked)
        if self.searched < max(SAVED_FROM, len(asked) // SAVED_SHARE):
            return False
        self.searched = 0
        told = {
            "form": FORM,
            "basis": self.basis,
            "clean": sorted(digest for digest, hits in asked.items() if not hits),
            "hits": {
                digest: [[key, entry, repr(score)] for key, entry, score in hits]
                for digest, hits in asked.items()
                if hits
            },
        }
        raw = canonical_json(told)
        number, _ = ledger.seal(hashlib.sha256(raw).digest(), SEAL_TOPIC_FOUND)
        replace_durably(path, number.to_bytes(_ENTRY_BYTES, "little") + raw, 0o600)
        return True

    def _searched(self, subject: Subject) -> Hits:
        with self._turn:
            self.searched += 1
            return tuple(
                (hit.entry.key, self.running.digests[hit.entry.key], float(hit.score))
                for hit in self.running.index.search(subject)
            )


def read_found(path: Path, ledger: SealingLedger, basis: str) -> dict[str, Hits]:
    """What was kept of this basis; nothing where the file is absent, of another basis, or not as it was sealed."""
    try:
        whole = path.read_bytes()
    except OSError:
        return {}
    raw = whole[_ENTRY_BYTES:]
    number, digest = int.from_bytes(whole[:_ENTRY_BYTES], "little"), hashlib.sha256(raw).digest()
    if number >= ledger.size() or not is_sealed(ledger, number, digest, SEAL_TOPIC_FOUND):
        return {}
    told = json.loads(raw)
    if told["form"] != FORM or told["basis"] != basis:
        return {}
    clean: dict[str, Hits] = dict.fromkeys(told["clean"], ())
    return clean | {
        subject: tuple((key, entry, float(score)) for key, entry, score in hits)
        for subject, hits in told["hits"].items()
    }


def basis_of(running: Running) -> str:
    """See rule 1; hexadecimal."""
    lists = sorted([one.list, one.content] for one in running.versions)
    return hashlib.sha256(canonical_json({"lists": lists, "program": _program()})).hexdigest()


@cache
def _program() -> str:
    """The digest of the program's own screening."""
    told = hashlib.sha256()
    for path in sorted(_sources(files("jinku.risk.screening")), key=str):
        told.update(path.name.encode() + b"\0" + path.read_bytes())
    return told.hexdigest()


def _sources(directory: Traversable) -> Iterator[Traversable]:
    for one in directory.iterdir():
        if one.is_dir():
            if one.name != "__pycache__":
                yield from _sources(one)
        else:
            yield one
