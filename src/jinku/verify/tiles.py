"""Names and bytes of the files of a tiled log (C2SP tlog-tiles), read without trusting them.

1. A tile is `tile/<level>/<index>`, an entry bundle `tile/entries/<index>`; a partial one ends in
   `.p/<width>`.
2. An index is written in groups of three digits, all but the last with an `x` before it: 1234067 is
   x001/x234/067.
3. A full tile has 256 hashes of 32 bytes. A bundle is 256 entries, each behind its length in two bytes,
   big-endian.
4. Only regular files are read, and never more than the greatest size that such a file can have.

Example::

    tile_name("entries", 1234067, 12)  # "tile/entries/x001/x234/067.p/12"
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from jinku.verify.errors import Unreadable

WIDTH = 256
TILE_BYTES = WIDTH * 32
BUNDLE_BYTES_MAX = WIDTH * (2 + 65_535)
LEVEL_MAX = 7
"""A log of 2**63 entries has levels 0 to 7."""
ENTRIES = "entries"
_NAME = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


def tile_name(level: str | int, index: int, width: int = WIDTH) -> str:
    """Path below the log directory of tile `index` at `level` ("entries" for bundles)."""
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    name = f"tile/{level}/{'/'.join(groups)}"
    return name if width == WIDTH else f"{name}.p/{width}"


def parse_name(name: str) -> tuple[str, int, int] | None:
    """Level, index and width behind a path, None where it is not the one spelling of any tile."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    level, groups, width = match[1], match[2], int(match[3] or WIDTH)
    index = int(groups.replace("/", "").replace("x", ""))
    if tile_name(level, index, width) != name or (match[3] and width >= WIDTH):
        return None
    return level, index, width


def read_file(directory: Path, name: str, limit: int) -> bytes | None:
    """The bytes of one regular file, None where there is none.

    Raises Unreadable beyond `limit` bytes or on failure.
    """
    try:
        handle = os.open(directory / name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Unreadable("cannot_read", f"{name}: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable("cannot_read", f"{name}: not a regular file")
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise Unreadable("cannot_read", f"{name}: {error.strerror}") from error
    finally:
        os.close(handle)
    if len(data) > limit:
        raise Unreadable("too_large", f"{name}: more than {limit} bytes")
    return data


def partial_widths(directory: Path, level: str | int, index: int) -> list[int]:
    """Widths of the partial files that exist of one tile, ascending; names that are no width are left out."""
    try:
        names = [path.name for path in (directory / f"{tile_name(level, index)}.p").iterdir()]
    except OSError:
        return []
    return sorted(
        int(name) for name in names if re.fullmatch("[1-9][0-9]{0,2}", name, re.ASCII) and int(name) < WIDTH
    )


def walk(directory: Path, below: str = "") -> Iterator[tuple[str, bool]]:
    """Every path below `directory` that is no folder, with "/", and whether it is a plain file.

    Links are not followed. A folder that cannot be listed comes as a path; one that has just gone is left out.
    """
    try:
        with os.scandir(directory / below) as listing:
            entries = list(listing)
    except FileNotFoundError:
        return
    except OSError:
        yield below, False
        return
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from walk(directory, name)
        else:
            yield name, entry.is_file(follow_symlinks=False)


def entry_spans(bundle: bytes, count: int) -> tuple[list[tuple[int, int]], str, int]:
    """Start and end offset of up to `count` entries of a bundle, then what is wrong after them ("" if
    nothing) and where."""
    spans: list[tuple[int, int]] = []
    at = 0
    while len(spans) < count:
        if at + 2 > len(bundle):
            return spans, f"ends after {len(spans)} of {count} entries", len(bundle)
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if end > len(bundle):
            return spans, f"entry {len(spans)} of the bundle is cut short", at
        spans.append((at + 2, end))
        at = end
    return spans, (f"{len(bundle) - at} bytes too many" if at < len(bundle) else ""), at
