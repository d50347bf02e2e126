"""Writing small files so that a crash leaves the old one or the new one, never half of either."""

import os
from pathlib import Path


def replace_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Make `data` the content of `path`, durable when this returns. Raises OSError, leaving `path` as it was."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    sync_directory(path.parent)


def make_private(path: Path) -> None:
    """Make `path` a file that only its owner reads, before a database writes into it. What SQLite puts beside it has
    the same mode. Raises OSError, also for a symbolic link."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.is_symlink():
            raise
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
