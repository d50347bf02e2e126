"""What can go wrong with the transparency log."""

from typing import ClassVar

from jinku.base.errors import JinkuError


class LogError(JinkuError):
    """Base of this room's errors."""

    code: ClassVar[str] = "log_error"


class NoteFormatError(LogError):
    """A signed note, checkpoint, proof or witness request is not written in the form it must have."""

    code: ClassVar[str] = "note_malformed"
    http_status: ClassVar[int] = 422

    def __init__(self, problem: str) -> None:
        super().__init__(problem, remedy="use the bytes exactly as they were served")


class NoteUnsignedError(LogError):
    """No signature by a known key."""

    code: ClassVar[str] = "note_unsigned"
    http_status: ClassVar[int] = 403

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"no signature by a known key; signed by {', '.join(names) or 'nobody'}",
            remedy="configure the public key of the signer that you trust",
        )


class ProofInvalidError(LogError):
    """An inclusion or consistency proof does not hold."""

    code: ClassVar[str] = "proof_invalid"
    http_status: ClassVar[int] = 422

    def __init__(self, problem: str) -> None:
        super().__init__(problem, remedy="do not trust this log before it explains the difference")


class RangeError(LogError):
    """An entry or tree outside the log was asked for."""

    code: ClassVar[str] = "log_range"
    http_status: ClassVar[int] = 404

    def __init__(self, what: str, value: int, size: int) -> None:
        super().__init__(f"{what} {value} is not within the log of size {size}", remedy="ask below its size")


class TileMissingError(LogError):
    """A tile or bundle is absent, cut short or malformed."""

    code: ClassVar[str] = "tile_missing"
    http_status: ClassVar[int] = 404

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}", remedy="open the log's publisher: it rewrites files from the journal"
        )


class EntryTooLongError(LogError):
    """An entry does not fit an entry bundle."""

    code: ClassVar[str] = "entry_too_long"
    http_status: ClassVar[int] = 422

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"an entry has {length} bytes, more than {limit}", remedy="log its digest instead")


class LogLockedError(LogError):
    """Another publisher has the directory."""

    code: ClassVar[str] = "log_locked"
    http_status: ClassVar[int] = 409

    def __init__(self, directory: str) -> None:
        super().__init__(
            f"another publisher is writing {directory}", remedy="stop it, or use another directory"
        )


class LogForeignError(LogError):
    """The directory's checkpoint is damaged, of another origin, or signed by other keys."""

    code: ClassVar[str] = "log_foreign"

    def __init__(self, directory: str, problem: str) -> None:
        super().__init__(
            f"refusing to publish into {directory}: {problem}",
            remedy="use the origin and key that this log was started with, or an empty directory",
        )


class JournalChangedError(LogError):
    """The journal gave fewer or other entries than before."""

    code: ClassVar[str] = "journal_changed"

    def __init__(self, problem: str) -> None:
        super().__init__(problem, remedy="restore the journal that this log was published from")


class LogForkError(LogError):
    """The journal contradicts a checkpoint that was published from it."""

    code: ClassVar[str] = "log_fork"

    def __init__(self, directory: str, problem: str) -> None:
        super().__init__(
            f"refusing to publish into {directory}: {problem}",
            remedy="restore the journal that this log was published from; going on would fork the log",
        )


class WitnessError(LogError):
    """A witness refused, or answered what it must not."""

    code: ClassVar[str] = "witness_failed"
    http_status: ClassVar[int] = 502

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(f"witness {url}: {problem}", remedy="ask its operator if it goes on")
