"""What the gate answers for a transfer beside the ledger's own statuses.

The numbers are none of the ledger's; they are written nowhere but in answers. Their words:
`jinku.bootstrap.deciding_status`.

Example::

    status_of(1_003) in WAITS  # True: held
"""

from enum import IntEnum

from jinku.ledger.model import CreateTransferStatus


class DecidedStatus(IntEnum):
    """Answers of the gate for one transfer."""

    RISK_DENIED = 1_001
    RISK_CHALLENGED = 1_002
    RISK_HELD = 1_003
    RISK_REFUSED = 1_004
    RISK_ID_DECIDED_OTHERWISE = 1_005
    RISK_PENDING_WAITS = 1_006
    RISK_CANNOT_WAIT = 1_007


_DECIDED = frozenset(DecidedStatus)
Status = CreateTransferStatus | DecidedStatus
WAITS = (DecidedStatus.RISK_HELD, DecidedStatus.RISK_CHALLENGED)
"""Reserved: the same request again tells how it went on."""


def status_of(number: int) -> Status:
    """The ledger's status or the gate's. Raises ValueError for neither."""
    return DecidedStatus(number) if number in _DECIDED else CreateTransferStatus(number)
