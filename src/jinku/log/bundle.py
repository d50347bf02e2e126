"""Entry bundles: up to 256 entries, each after its length as a big-endian uint16
(https://c2sp.org/tlog-tiles).

Example::

    decode_bundle(encode_bundle([b"one", b"two"]))  # [b"one", b"two"]
"""

from collections.abc import Sequence

from jinku.log.errors import EntryTooLongError, TileMissingError
from jinku.log.tiles import TILE_WIDTH

ENTRY_BYTES_MAX = 65_535
BUNDLE_BYTES_MAX = TILE_WIDTH * (ENTRY_BYTES_MAX + 2)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bundle of `entries`. Raises EntryTooLongError for one above 65,535 bytes."""
    lengths = set(map(len, entries))
    if longest := max(lengths, default=0):
        check_entry_length(longest)
    if len(lengths) == 1:
        prefix = longest.to_bytes(2, "big")
        return prefix + prefix.join(entries)
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def decode_bundle(bundle: bytes, path: str = "bundle") -> list[bytes]:
    """The entries of a bundle. Raises TileMissingError, naming `path`, where it is cut short."""
    entries: list[bytes] = []
    offset = 0
    while offset < len(bundle):
        start = offset + 2
        offset = start + int.from_bytes(bundle[offset:start], "big")
        if offset > len(bundle) or start > len(bundle):
            raise TileMissingError(path, f"entry {len(entries)} is cut short")
        entries.append(bundle[start:offset])
    return entries


def check_entry_length(length: int) -> None:
    """Raises EntryTooLongError where an entry of `length` bytes does not fit a bundle."""
    if length > ENTRY_BYTES_MAX:
        raise EntryTooLongError(length, ENTRY_BYTES_MAX)
