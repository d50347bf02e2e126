"""Bounds that every reader of a bank's file keeps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Bounds on what one file may hold."""

    file_bytes_max: int = 256 << 20
    depth_max: int = 32
    statements_max: int = 10_000
    entries_max: int = 1_000_000
    field_chars_max: int = 2_000
