"""A folder of files that proves itself: a manifest of every file, its hash sealed in the log, the receipt beside it.

Rules:

1. ``manifest.json`` names every file with its length and SHA-256, in order of path; it is canonical JSON. Its own
   SHA-256 is sealed in the log under ``SEAL_TOPIC_REPORT``, and ``seal.tlog-proof`` is the log's receipt of that
   seal. So the log's key, and every witness of the log, vouch for each byte of the folder.
2. A folder appears whole or not at all: it is filled under another name and renamed.
3. Files and folder are for their owner only, since most hold personal data.

Example::

    with new_folder(Path("out")) as draft:
        (draft / "a.csv").write_text(…)
        seal_folder(draft, {"format": …}, house)
"""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jinku.base.canonical import canonical_json
from jinku.base.errors import JinkuError
from jinku.base.files import sync_directory
from jinku.custody.reports.house import OpenHouse
from jinku.log.reader import LogDirectory
from jinku.log.receipt import make_receipt

SEAL_TOPIC_REPORT = 9
MANIFEST_FILE = "manifest.json"
SEAL_FILE = "seal.tlog-proof"
_CHUNK = 1 << 20


class FolderTaken(JinkuError):
    """The folder asked for is there already."""

    code: ClassVar[str] = "folder_taken"
    http_status: ClassVar[int] = 409


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed folder: where it is, its manifest's SHA-256, and the log entry that seals it."""

    path: Path
    digest: bytes
    entry: int


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` when the block ends well. Raises FolderTaken."""
    if target.exists() or target.is_symlink():
        raise FolderTaken(f"{target} is there already", remedy="name a folder that is not")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    draft.mkdir(mode=0o700)
    try:
        yield draft
        draft.rename(target)
    finally:
        if draft.exists():  # it did not end well
            shutil.rmtree(draft, ignore_errors=True)
    sync_directory(target.parent)


def seal_folder(folder: Path, about: Mapping[str, Any], house: OpenHouse) -> Sealed:
    """Write the manifest of everything in `folder` with `about` beside it, seal it in the log, and add the receipt."""
    files = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        path.chmod(0o600)
        name = path.relative_to(folder).as_posix()
        files.append({"path": name, "bytes": path.stat().st_size, "sha256": file_sha256(path).hex()})
    manifest = canonical_json({**about, "files": files})
    write_private(folder / MANIFEST_FILE, manifest)
    digest = hashlib.sha256(manifest).digest()
    entry, _ = house.ledger.seal(digest, SEAL_TOPIC_REPORT)
    write_private(folder / SEAL_FILE, receipt_of(house, entry))
    return Sealed(folder, digest, entry)


def receipt_of(house: OpenHouse, entry: int) -> bytes:
    """The log's receipt of journal entry `entry`, with the entry in it; the log is published up to it first."""
    current = house.publisher.checkpoint
    if current is None or current.size <= entry:
        house.publish()
    return make_receipt(LogDirectory(house.publisher.directory), entry).encode()


def file_sha256(path: Path) -> bytes:
    """The SHA-256 of a file, read in parts."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.digest()


def write_private(path: Path, data: bytes | str) -> None:
    """Write a new file that only its owner reads, durably."""
    raw = data.encode() if isinstance(data, str) else data
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(descriptor)
