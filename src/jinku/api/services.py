"""What the API needs from the house, in one frozen value; nothing here is global."""

from dataclasses import dataclass
from pathlib import Path

from jinku.api.idempotency import IdempotencyStore
from jinku.api.token import Token
from jinku.ledger.asynchronous import AsyncLedger
from jinku.ledger.service import Ledger


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that requests are answered with."""

    ledger: Ledger
    asynchronous: AsyncLedger
    """The twin of `ledger`, used on the server's event loop."""
    log_directory: Path
    """The published log: checkpoint and tiles."""
    token: Token
    idempotency: IdempotencyStore
    open_log: bool = True
    """Whether the log directory is served without a token (so that any tlog-tiles client can audit it). Entry
    bundles hold amounts and account ids, no personal data; say False where the port is reachable by
    strangers."""
