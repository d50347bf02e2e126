"""The log's directory as files: atomic writes, one sync for many, one writer.

Rules:

1. A file appears whole or not at all: it is written as ``.writing`` in its own folder and renamed. Its name may not
   survive power loss before `sync`, its content neither. What a crash leaves as ``.writing`` is written over when
   the publish that was cut short is done anew, since that begins with the same folders.
2. `sync` makes all that was written durable in one pass over the file system; `replace` writes one file and
   makes it durable by itself.
3. A lock file holds off a second writer, in this process or another, and lets go when the process dies.
"""

import ctypes
import fcntl
import os
import shutil
import sys
from pathlib import Path

from jinku.log.errors import LogLockedError

LOCK_NAME = ".lock"
WRITING_NAME = ".writing"


class LogFiles:
    """The writer's hold on a directory; see the module's rules. Raises LogLockedError when another has it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise LogLockedError(str(directory)) from None
        self._root = str(directory) + os.sep
        (directory / WRITING_NAME).unlink(missing_ok=True)
        self._unsynced: list[str] = []

    def write(self, path: str, content: bytes) -> None:
        """Put `content` at `path`, relative to the directory (rule 1)."""
        try:
            self._put(path, content, durable=False)
        except FileNotFoundError:
            folder = Path(self._root + path).parent
            for one in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
                one.mkdir(mode=0o755, exist_ok=True)
            self._put(path, content, durable=False)
        self._unsynced.append(path)

    def sync(self) -> None:
        """Make everything written so far durable (rule 2)."""
        if not _sync_file_system(self._lock):
            files = [self.directory / path for path in self._unsynced]
            folders = {
                folder for file in files for folder in file.parents if folder.is_relative_to(self.directory)
            }
            for path in (*files, *folders):
                _sync_path(path)
        self._unsynced.clear()

    def replace(self, path: str, content: bytes) -> None:
        """Put `content` at `path`, in the directory itself, atomically and durably."""
        self._put(path, content, durable=True)
        _sync_path(self.directory)

    def read(self, path: str) -> bytes | None:
        """The content at `path`, None where there is no such file."""
        try:
            return Path(self._root + path).read_bytes()
        except FileNotFoundError:
            return None

    def drop_folder(self, path: str) -> None:
        """Remove the folder `path` with its files, if it is there."""
        if Path(self._root + path).is_dir():
            shutil.rmtree(self._root + path)

    def _put(self, path: str, content: bytes, *, durable: bool) -> None:
        target = self._root + path
        # In the target's own folder: ext4 looks for a free inode where the file is made, and one folder for all of
        # a log's files would search longer for each one.
        writing = f"{target[: target.rindex(os.sep)]}{os.sep}{WRITING_NAME}"
        descriptor = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(writing, target)  # noqa: PTH104 - thousands a second: pathlib costs more than the call itself

    def close(self) -> None:
        """Let another writer in. Idempotent."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _sync_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(descriptor: int) -> bool:
    """Linux syncfs(2), which since 5.8 reports failed writes; False where the system lacks it."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(descriptor) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return True
