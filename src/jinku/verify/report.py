"""What the check of a whole log directory found: one finding per fault, each with file and offset.

1. A report is `ok` only when it has no finding at all.
2. Findings are kept up to `FINDINGS_MAX`; those beyond are counted.

Example::

    report = verify_log_directory(directory, vkey)
    report.ok or report.findings[0].where
"""

from dataclasses import dataclass, field

FINDINGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault."""

    code: str
    """Stable and short: `tile_differs`, `missing`, `stray`, `root_differs`, `balance_differs`, …"""
    file: str
    """Path below the log directory, or what it concerns where no one file does."""
    offset: int | None
    """Byte in that file where it begins, None where the file as a whole is meant."""
    message: str
    """One sentence with the values."""

    @property
    def where(self) -> str:
        """File and offset in one word."""
        return self.file if self.offset is None else f"{self.file}:{self.offset}"

    def as_json(self) -> dict[str, object]:
        """The finding as plain JSON values."""
        return {"code": self.code, "file": self.file, "offset": self.offset, "message": self.message}


@dataclass(slots=True)
class LedgerTotals:
    """Sums over all accounts of one ledger, in minor units, at the end of the replay."""

    accounts: int = 0
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0

    def as_json(self) -> dict[str, str]:
        """The sums as strings of digits."""
        return {name: str(getattr(self, name)) for name in self.__slots__}


@dataclass(slots=True)
class LogReport:
    """See the module's rules. Counts are of what was read and compared."""

    directory: str
    origin: str = ""
    size: int = 0
    """Entries that the signed checkpoint covers."""
    root: str = ""
    """The signed root, hex."""
    signed_by: tuple[str, ...] = ()
    witnesses: dict[str, int] = field(default_factory=dict)
    witnessed_size: int = 0
    """Entries that the quorum of witnesses vouches for; 0 where none was asked for."""
    root_matches: bool = False
    """Whether the root computed from the entries is the signed one."""
    bundles: int = 0
    tiles: int = 0
    earlier_partials: int = 0
    """Partial tiles and bundles of earlier checkpoints that were found and compared."""
    ahead: int = 0
    """Files beyond the checkpoint, accepted because the log was said to be live."""
    earlier_checkpoints: int = 0
    """Earlier checkpoints, a cosigned one among them, that the log was found to continue."""
    replayed: bool = False
    entries_by_kind: dict[str, int] = field(default_factory=dict)
    open_pending: int = 0
    ledgers: dict[int, LedgerTotals] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    findings_total: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for holds."""
        return self.findings_total == 0

    def add(self, code: str, file: str, offset: int | None, message: str) -> None:
        """Record one fault."""
        self.findings_total += 1
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, file, offset, message))

    def as_json(self) -> dict[str, object]:
        """The report as plain JSON values, amounts as strings of digits."""
        plain: dict[str, object] = {"ok": self.ok}
        for name in self.__slots__:
            plain[name] = getattr(self, name)
        plain["signed_by"] = list(self.signed_by)
        plain["ledgers"] = {str(number): totals.as_json() for number, totals in sorted(self.ledgers.items())}
        plain["findings"] = [finding.as_json() for finding in self.findings]
        plain["seconds"] = f"{self.seconds:.1f}"
        return plain
