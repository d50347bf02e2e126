"""A sealed folder or zip file: every byte against its manifest, the manifest against the log. Needs Python alone.

1. ``manifest.json`` names every file with length and SHA-256; a file more, a file less or a changed byte is a fault.
   Names are plain relative paths: nothing outside of the folder is ever read, and no link is followed.
2. The manifest's SHA-256 is sealed in the log: ``seal.tlog-proof`` is checked as any receipt of the log is.
3. The key should come from elsewhere than the folder. Where none is given, the folder's own is used and said so:
   then the folder agrees with itself, and whose it is must be found out by comparing the key.

Example::

    sealed = open_folder(Path("pack"))
    report = check_seal(sealed, trust=None)
    report.ok, report.lines
"""

import hashlib
import json
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from jinku.verify.entries import decode
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.receipt import verify_receipt
from jinku.verify.trust import Trust

MANIFEST_FILE, SEAL_FILE = "manifest.json", "seal.tlog-proof"
MANIFEST_BYTES_MAX = 64 << 20
SMALL_BYTES_MAX = 16 << 20
FILE_BYTES_MAX = 1 << 40
SEAL_TOPIC_REPORT = 9
_CHUNK = 1 << 20


@dataclass(slots=True)
class Checks:
    """What was checked, in order: (did it hold, English, Chinese)."""

    lines: list[tuple[bool, str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return all(held for held, _, _ in self.lines)

    def add(self, held: bool, english: str, chinese: str) -> bool:
        """Note one check."""
        self.lines.append((held, english, chinese))
        return held

    def warn(self, english: str, chinese: str) -> None:
        """Note what a reader must know, though nothing failed."""
        self.warnings.append((english, chinese))


class Source:
    """Files of a folder, read by name; links and odd names are refused."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """Every file's name, relative, with forward slashes. Raises Unreadable for a link or device."""
        found = []
        for path in sorted(self.root.rglob("*")):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                continue
            if not stat.S_ISREG(mode):
                raise Unreadable("bad_folder", f"{path.name!r} is no plain file")
            found.append(path.relative_to(self.root).as_posix())
        return found

    def open(self, name: str) -> BinaryIO:
        """The file `name`, which `names` has listed."""
        return (self.root / name).open("rb")

    def size(self, name: str) -> int:
        """Its length in bytes."""
        return (self.root / name).stat().st_size


class ZipSource(Source):
    """Files of a zip file, read in place; nothing is unpacked."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        try:
            self._zip = zipfile.ZipFile(root)
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise Unreadable("bad_zip", f"not a readable zip file: {type(error).__name__}") from error
        inside = [one.filename for one in self._zip.infolist() if not one.is_dir()]
        if len(set(inside)) != len(inside):
            raise Unreadable("bad_zip", "the zip file has two files of one name")
        tops = {name.split("/", 1)[0] for name in inside}
        self._top = f"{tops.pop()}/" if len(tops) == 1 and MANIFEST_FILE not in inside else ""

    def names(self) -> list[str]:
        """Every file's name below the one folder of the zip file."""
        return sorted(one.filename[len(self._top) :] for one in self._zip.infolist() if not one.is_dir())

    def open(self, name: str) -> BinaryIO:
        """The file `name`."""
        return cast(BinaryIO, self._zip.open(self._top + name))

    def size(self, name: str) -> int:
        """Its length when unpacked, as the zip file says."""
        return self._zip.getinfo(self._top + name).file_size


@dataclass(slots=True)
class Folder:
    """An opened folder and its manifest; nothing in it is trusted yet."""

    source: Source
    manifest: dict[str, Any]
    manifest_sha256: bytes

    def read(self, name: str, limit: int = SMALL_BYTES_MAX) -> bytes:
        """The bytes of a listed file. Raises Unreadable where it is missing or too large."""
        return _read(self.source, name, limit)


def open_folder(path: Path) -> Folder:
    """Open a sealed folder or zip file. Raises Unreadable."""
    if path.is_dir():
        source = Source(path)
    elif path.is_file():
        source = ZipSource(path)
    else:
        raise Unreadable("cannot_read", f"no such folder or zip file: {path}")
    raw = _read(source, MANIFEST_FILE, MANIFEST_BYTES_MAX)
    try:
        manifest = json.loads(raw.decode("utf-8"))
        listed = manifest["files"]
        for one in listed:
            _plain(one["path"])
            if not isinstance(one["bytes"], int) or not 0 <= one["bytes"] <= FILE_BYTES_MAX:
                raise Unreadable("bad_manifest", "a length in the manifest is not a length")
            bytes.fromhex(one["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable("bad_manifest", f"the manifest cannot be read: {type(error).__name__}") from error
    return Folder(source, manifest, hashlib.sha256(raw).digest())


def check_files(folder: Folder, checks: Checks) -> None:
    """Every file of the manifest, byte for byte, and no other."""
    listed = {one["path"]: one for one in folder.manifest["files"]}
    there = set(folder.source.names()) - {MANIFEST_FILE, SEAL_FILE}
    for name in sorted(listed.keys() - there):
        checks.add(False, f"missing: {name}", f"缺少文件：{name}")
    for name in sorted(there - listed.keys()):
        checks.add(False, f"not in the manifest: {name}", f"清单之外的文件：{name}")
    changed, total = 0, 0
    for name in sorted(listed.keys() & there):
        total += listed[name]["bytes"]
        if not _unchanged(folder.source, name, listed[name]):
            changed += 1
            checks.add(False, f"changed: {name}", f"已被改动：{name}")
    good = not changed and listed.keys() == there and len(listed) == len(folder.manifest["files"])
    checks.add(
        good,
        f"{len(listed):,} files of {total:,} bytes are as the manifest says",
        f"{len(listed):,} 个文件（{total:,} 字节）与清单一致",
    )


def check_seal(folder: Folder, trust: Trust | None, checks: Checks) -> None:
    """The manifest is the one that the log sealed. Without `trust` the folder's own key is used, with a warning."""
    if trust is None:
        trust = Trust.of([str(one) for one in folder.manifest.get("log_keys", [])])
        names = ", ".join(f"{key.name}+{key.key_id.hex()}" for key in trust.log_keys)
        checks.warn(
            f"The log's key was taken from the folder itself: {names}. Compare it "
            f"with the key that the custodian bank, "
            "the auditor or the supervisor has; give it with --key.",
            f"日志公钥取自资料包自身：{names}。请与存管行、审计师或监管机构持有的公钥核对，并以 --key 指定。",
        )
    try:
        proved = verify_receipt(folder.read(SEAL_FILE), None, trust)
        said = decode(proved.leaf)
    except NotVerified as error:
        checks.add(False, f"seal: {error}", "封存凭证不成立")
        return
    held = said.get("digest") == folder.manifest_sha256.hex() and said.get("topic") == SEAL_TOPIC_REPORT
    checks.add(
        held,
        f"the manifest is sealed as entry {proved.index} of the log {proved.checkpoint.body.origin}"
        if held
        else f"entry {proved.index} of the log seals another manifest",
        f"清单已封存为日志第 {proved.index} 号记录" if held else "日志封存的不是本清单",
    )


def sealed_digest(folder: Folder, receipt: str, trust: Trust | None) -> tuple[str, int]:
    """The digest and topic that a receipt inside the folder proves to be sealed. Raises VerifyError."""
    if trust is None:
        trust = Trust.of([str(one) for one in folder.manifest.get("log_keys", [])])
    said = decode(verify_receipt(folder.read(receipt), None, trust).leaf)
    return str(said.get("digest")), int(str(said.get("topic", -1)))


def read_parts(source: Source, name: str) -> Iterator[bytes]:
    """A file's bytes in parts."""
    with source.open(name) as file:
        while part := file.read(_CHUNK):
            yield part


def _unchanged(source: Source, name: str, said: dict[str, Any]) -> bool:
    if source.size(name) != said["bytes"]:
        return False
    digest, count = hashlib.sha256(), 0
    try:
        for part in read_parts(source, name):
            digest.update(part)
            count += len(part)
            if count > said["bytes"]:
                return False
    except (zipfile.BadZipFile, EOFError, ValueError):
        return False
    return count == said["bytes"] and digest.hexdigest() == str(said["sha256"])


def _read(source: Source, name: str, limit: int) -> bytes:
    try:
        if source.size(name) > limit:
            raise Unreadable("too_large", f"{name} is larger than {limit} bytes")
        with source.open(name) as file:
            return file.read(limit + 1)
    except (OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise Unreadable("cannot_read", f"no such file, or not readable: {name}") from error


def _plain(name: object) -> None:
    if (
        not isinstance(name, str)
        or not name
        or name.startswith("/")
        or "\\" in name
        or ":" in name
        or "\0" in name
    ):
        raise Unreadable("bad_manifest", f"not a plain relative path: {str(name)[:80]!r}")
    if any(part in ("", ".", "..") for part in name.split("/")):
        raise Unreadable("bad_manifest", f"not a plain relative path: {name[:80]!r}")
