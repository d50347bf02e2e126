"""The published list of attestations, compared with the log: one attestation a day, and the same one for everybody.

1. ``attestations.json`` in the log's directory lists every attestation with its fields and the entry that seals it.
2. Each listed attestation hashes to the digest in its entry; every seal of topic 1 in the log is listed, or somebody
   was shown an attestation that others were not; no legal entity has two of one currency and day.
3. Whoever holds a receipt compares it with the list (`check_listed`); whoever has the log compares the list with the
   log (`verify_attestations`), after its files have been checked against the signed root.

Example::

    listed = verify_attestations(Path("log"), vkey)
    check_listed(proved, listed)
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jinku.verify.attested import FIELDS, TOPIC, Attested
from jinku.verify.balance import Balance
from jinku.verify.checkpoint import SIZE_MAX
from jinku.verify.entries import ENTRY_BYTES, SEAL
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.logdir import verify_log_directory
from jinku.verify.logpass import Progress
from jinku.verify.text import decimal
from jinku.verify.tiles import BUNDLE_BYTES_MAX, ENTRIES, WIDTH, entry_spans, read_file, tile_name
from jinku.verify.trust import Trust

LIST_FILE = "attestations.json"
LIST_FORMAT = "jinku-attestations/v1"
LIST_BYTES_MAX = 1 << 28
_SEAL_KIND, _EVENT = 5, 24


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list."""

    entry: int
    """The log entry that seals it."""
    attested: Attested


def parse_list(data: bytes) -> tuple[Listed, ...]:
    """Read the list, in ascending order of entries, each day once. Raises Unreadable, NotVerified."""
    if len(data) > LIST_BYTES_MAX:
        raise Unreadable("too_large", f"{len(data)} bytes, more than {LIST_BYTES_MAX}")
    try:
        document = json.loads(data.decode("utf-8"))
        spelled = (json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    except (ValueError, RecursionError) as error:
        raise Unreadable("bad_json", "the list is not JSON in UTF-8") from error
    if spelled != data or not isinstance(document, dict) or set(document) != {"attestations", "format"}:
        raise Unreadable("bad_list", f"not a {LIST_FORMAT} in its one spelling")
    lines = document["attestations"]
    if document["format"] != LIST_FORMAT or not isinstance(lines, list):
        raise Unreadable("bad_list", f"not a {LIST_FORMAT}")
    listed = tuple(_line(line) for line in lines)
    days = {(one.attested.entity, one.attested.currency, one.attested.day) for one in listed}
    if len(days) != len(listed):
        raise NotVerified("attested_twice", "a legal entity has two attestations of one currency and day")
    if any(one.entry >= later.entry for one, later in pairwise(listed)):
        raise Unreadable("bad_list", "the list is not in the order of the log")
    return listed


def _line(line: object) -> Listed:
    if (
        not isinstance(line, dict)
        or set(line) != {"attestation", "entry"}
        or not isinstance(line["entry"], str)
    ):
        raise Unreadable("bad_list", "a line has the fields attestation and entry")
    fields = line["attestation"]
    if (
        not isinstance(fields, dict)
        or set(fields) != set(FIELDS)
        or not all(isinstance(one, str) for one in fields.values())
    ):
        raise Unreadable("bad_list", f"an attestation has the fields {sorted(FIELDS)}, each a text")
    return Listed(decimal(line["entry"], "entry", SIZE_MAX), Attested.of(fields))


def check_listed(proved: Balance, listed: Sequence[Listed]) -> None:
    """Check that the receipt's attestation is the published one of its day. Raises NotVerified."""
    found = [one for one in listed if one.entry == proved.sealed.index]
    if not found or found[0].attested.digest != proved.attested.digest:
        raise NotVerified("not_listed", "the receipt's attestation is not the one that is published for all")


def verify_attestations(
    directory: Path | str, trust: Trust | str, *, progress: Progress | None = None
) -> tuple[Listed, ...]:
    """Check a log directory's hashes and signatures and its list of attestations; the list.

    Raises NotVerified where the log or the list does not hold, Unreadable.
    """
    path = Path(directory)
    data = read_file(path, LIST_FILE, LIST_BYTES_MAX)
    if data is None:
        raise Unreadable("cannot_read", f"no {LIST_FILE} in {directory}")
    listed = parse_list(data)
    report = verify_log_directory(path, trust, replay=False, live=True, progress=progress)
    if not report.ok:
        first = report.findings[0]
        raise NotVerified(first.code, f"{first.where}: {first.message}")
    sealed = dict(_seals(path, report.size))
    for one in listed:
        if one.entry < report.size:
            one.attested.check_seal(sealed.pop(one.entry, b""), one.entry)
    if sealed:
        raise NotVerified(
            "not_listed",
            f"entry {min(sealed)} seals an attestation that is not published ({len(sealed)} in all)",
        )
    return tuple(one for one in listed if one.entry < report.size)


def _seals(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """Every entry below `size` that seals an attestation."""
    for index in range(-(-size // WIDTH)):
        count = min(WIDTH, size - index * WIDTH)
        name = tile_name(ENTRIES, index, count)
        bundle = read_file(path, name, BUNDLE_BYTES_MAX) or read_file(
            path, tile_name(ENTRIES, index), BUNDLE_BYTES_MAX
        )
        for at, (start, end) in enumerate(entry_spans(bundle or b"", count)[0]):
            leaf = (bundle or b"")[start:end]
            if (
                len(leaf) == ENTRY_BYTES
                and leaf[0] == _SEAL_KIND
                and SEAL.unpack_from(leaf, _EVENT)[1] == TOPIC
            ):
                yield index * WIDTH + at, leaf
