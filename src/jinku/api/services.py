"""What the API needs from the house, in one frozen value; nothing here is global."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from jinku.api.idempotency import IdempotencyStore
from jinku.api.token import Token, load_or_make_token
from jinku.bootstrap import House
from jinku.bootstrap.custody import Custody
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.reconciliation.statement_desk import StatementDesk
from jinku.identity.credentials import CredentialBook
from jinku.ledger.asynchronous import AsyncLedger
from jinku.ledger.service import Ledger

IDEMPOTENCY_FILE = "idempotency.db"


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that requests are answered with."""

    house: House
    asynchronous: AsyncLedger
    """The twin of the house's ledger, used on the server's event loop."""
    token: Token
    idempotency: IdempotencyStore
    desk: StatementDesk
    attestations: AttestationDesk
    credentials: CredentialBook
    custody: Custody
    """The desks and offices over the house."""
    open_log: bool = True
    """Whether ``/log`` is served without a token, so that any tlog-tiles client can audit it. Entry bundles
    hold amounts and account ids, no personal data; say False where strangers reach the port."""

    @property
    def ledger(self) -> Ledger:
        """The house's ledger."""
        return self.house.ledger

    def close(self) -> None:
        """Release what the API itself opened; the house is its owner's to close."""
        self.custody.close()
        self.idempotency.close()


def open_services(
    house: House, *, open_log: bool = True, clock: Callable[[], int] = time.time_ns
) -> Services:
    """The API's services over `house`: the token and the file of idempotency keys lie in its directory. What a crash
    left half done in custody is brought to its end first.

    Raises InputError for a token file that others can read, and what `Custody.recover` raises.
    """
    token = load_or_make_token(house.directory)
    custody = Custody(house, clock)
    custody.recover()
    return Services(
        house=house,
        asynchronous=AsyncLedger(house.ledger),
        token=token,
        idempotency=IdempotencyStore(house.directory / IDEMPOTENCY_FILE, clock),
        desk=StatementDesk(house.directory, clock, custody.closing.screen_taken_in),
        attestations=custody.attestations(),
        credentials=CredentialBook(house.control, house.ledger.seal, clock),
        custody=custody,
        open_log=open_log,
    )
