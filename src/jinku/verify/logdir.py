"""A whole log directory, checked offline: every byte of every file is recomputed or explained.

1. The checkpoint must carry the signatures of the trusted log keys; its size says which files must exist.
2. Entries, tiles and root must agree with each other and with the checkpoint (`jinku.verify.logpass`).
3. Where witnesses are asked for, enough of them must have cosigned the checkpoint or, since theirs may lag
   behind, the one in `checkpoint.cosigned`.
4. Each earlier checkpoint, that one and those an auditor kept, must be the root over the log's beginning.
5. Jinku's entries are replayed from the first on (`jinku.verify.replay`).
6. No file may be there that the checkpoint does not call for, except an empty `.lock` and the list of attestations,
   which `jinku.verify.attestations` compares with the log.

Memory does not grow with the log, except for what replay keeps: one record for each account and open hold.

Example::

    report = verify_log_directory(Path("log"), "ledger.example/jinku+1234abcd+AQ…")
    print(report.ok, [finding.where for finding in report.findings])
"""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jinku.verify.checkpoint import Body
from jinku.verify.errors import NotVerified, Unreadable, VerifyError
from jinku.verify.logpass import CHECKPOINT, LogPass, Progress
from jinku.verify.note import NOTE_BYTES_MAX
from jinku.verify.replay import Replay
from jinku.verify.report import LogReport
from jinku.verify.tiles import ENTRIES, WIDTH, parse_name, read_file, walk
from jinku.verify.trust import Opened, Trust, as_trust, open_checkpoint

COSIGNED = "checkpoint.cosigned"
ATTESTATIONS = "attestations.json"
LOCK = ".lock"
WRITING = ".writing"
EARLIER_MAX = 10_000


def verify_log_directory(
    directory: Path | str,
    trust: Trust | str,
    *,
    replay: bool = True,
    earlier: Sequence[bytes] = (),
    live: bool = False,
    progress: Progress | None = None,
) -> LogReport:
    """Check a whole log directory. Faults are findings in the report, never exceptions.

    `earlier` are checkpoints kept from before. `live` accepts files beyond the checkpoint, as a running
    publisher leaves them for a moment. `progress` is called with entries done and entries in all. Raises
    Unreadable when there is no directory or no checkpoint in it, or the keys are unusable.
    """
    start, path, policy = time.monotonic(), Path(directory), as_trust(trust)
    if not path.is_dir():
        raise Unreadable("cannot_read", f"not a directory: {directory}")
    report = LogReport(str(directory))
    cosigned = _read_cosigned(report, path)  # first: a live log's checkpoint is never behind it
    checkpoint = read_file(path, CHECKPOINT, NOTE_BYTES_MAX)
    if checkpoint is None:
        raise Unreadable("cannot_read", f"no checkpoint in {directory}")
    opened = _open(report, CHECKPOINT, checkpoint, replace(policy, quorum=0))
    if opened is None:
        return report
    report.origin, report.size, report.root = opened.body.origin, opened.body.size, opened.body.root.hex()
    report.signed_by, report.witnesses = opened.signed_by, opened.witnesses
    check = LogPass(path, report, live=live, replay=Replay() if replay else None)
    for body in _kept(report, policy, earlier) + _witnessed(report, policy, cosigned):
        check.expect(body)
    check.run(progress)
    _look_for_strays(report, path, live=live)
    report.seconds = time.monotonic() - start
    return report


def _open(report: LogReport, name: str, data: bytes, policy: Trust) -> Opened | None:
    """A verified checkpoint that is not beyond the log's own, or None and a finding."""
    try:
        opened = open_checkpoint(data, policy)
        if name != CHECKPOINT and opened.body.size > report.size:
            raise NotVerified(
                "went_back", f"the log went back from {opened.body.size} entries to {report.size}"
            )
    except VerifyError as error:
        report.add(error.code, name, None, str(error))
        return None
    return opened


def _kept(report: LogReport, policy: Trust, earlier: Sequence[bytes]) -> list[Body]:
    if len(earlier) > EARLIER_MAX:
        raise Unreadable("too_large", f"{len(earlier)} earlier checkpoints, more than {EARLIER_MAX}")
    opened = [
        _open(report, f"earlier checkpoint {number}", data, replace(policy, quorum=0))
        for number, data in enumerate(earlier, 1)
    ]
    return [one.body for one in opened if one is not None]


def _read_cosigned(report: LogReport, path: Path) -> bytes | None:
    try:
        return read_file(path, COSIGNED, NOTE_BYTES_MAX)
    except Unreadable as error:
        report.add(error.code, COSIGNED, None, str(error))
        return None


def _witnessed(report: LogReport, policy: Trust, data: bytes | None) -> list[Body]:
    """The cosigned checkpoint, if there is one; sets how far the witnesses' word reaches."""
    met = len(report.witnesses) >= policy.quorum
    report.witnessed_size = report.size if met and policy.quorum else 0
    if data is None:
        if not met:
            message = f"{len(report.witnesses)} trusted witnesses cosigned, {policy.quorum} must"
            report.add("quorum_not_met", CHECKPOINT, None, message)
        return []
    opened = _open(report, COSIGNED, data, replace(policy, quorum=0) if met else policy)
    if opened is None:
        return []
    if not met:
        report.witnesses, report.witnessed_size = opened.witnesses, opened.body.size
    return [opened.body]


def _look_for_strays(report: LogReport, path: Path, *, live: bool) -> None:
    """Every file that the checkpoint does not call for is named."""
    for name, plain in walk(path):
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        place = parse_name(name) if plain else None
        if plain and (
            name in (CHECKPOINT, COSIGNED, ATTESTATIONS) or (live and name.rpartition("/")[2] == WRITING)
        ):
            continue
        if plain and name == LOCK:
            if (path / LOCK).stat().st_size:
                report.add("extra_bytes", LOCK, 0, f"{LOCK} is not empty")
            continue
        if place is None:
            report.add("stray", shown, None, f"{shown} does not belong to a log")
            continue
        level, index, width = place
        if (index * WIDTH + width) * (1 if level == ENTRIES else WIDTH ** int(level)) <= report.size:
            continue
        if live:
            report.ahead += 1
        else:
            report.add("ahead", shown, None, f"{shown} is beyond the {report.size} entries signed")
