"""The closed family of custody's errors.

What the ledger refuses is a status in an outcome, not one of these.
"""

from jinku.base.errors import InputError, JinkuError


class CustodyError(JinkuError):
    """Anything custody refuses."""

    code = "custody_error"


class BadOrder(CustodyError, ValueError):
    """An order that cannot mean what it says: named by field and value."""

    code = "bad_order"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: object, remedy: str = "") -> None:
        super().__init__(f"{field}={value!r}: {problem}", remedy=remedy)
        self.field, self.value = field, value


class OrderTooLarge(CustodyError):
    """An order needs more transfers than one linked chain can hold."""

    code = "order_too_large"
    http_status = 413

    def __init__(self, order_id: int, legs: int, legs_max: int) -> None:
        super().__init__(
            f"order {order_id} needs {legs} transfers in one chain, at most {legs_max} fit",
            remedy="split the project into tranches with an order each",
        )


class AccountsRefused(CustodyError):
    """The ledger refused accounts that the chart asked for."""

    code = "accounts_refused"
    http_status = 409

    def __init__(self, refused: int, first_status: str) -> None:
        super().__init__(
            f"{refused} accounts were refused, the first with {first_status}",
            remedy="check that the ids are not taken by accounts of another kind",
        )


class NotKept(CustodyError, LookupError):
    """No such statement file, statement, account at the bank or reconciliation is kept."""

    code = "not_found"
    http_status = 404


class NotAtRest(CustodyError):
    """The ledger was written without a pause, so that balances and log could not be read at one instant."""

    code = "too_busy"
    http_status = 503


class PartyUnknown(CustodyError, LookupError):
    """No personal record under that number: never there, or erased."""

    code = "party_unknown"
    http_status = 404

    def __init__(self, number: int) -> None:
        super().__init__(
            f"party {number} has no personal record",
            remedy="check the number; an erased person cannot be brought back",
        )


class PartyExists(CustodyError):
    """A personal record is already kept under that number."""

    code = "party_exists"
    http_status = 409

    def __init__(self, number: int) -> None:
        super().__init__(f"party {number} already has a personal record", remedy="use a new party number")


class BadLiability(CustodyError, ValueError):
    """A customer's balance that cannot stand in a sum tree: negative, too large, twice, or badly salted."""

    code = "bad_liability"
    http_status = 422

    def __init__(self, problem: str, *, position: int, remedy: str = "") -> None:
        super().__init__(f"liability {position}: {problem}", remedy=remedy)
        self.position = position


class LiabilityUnknown(CustodyError, LookupError):
    """No such customer in a sum tree."""

    code = "liability_unknown"
    http_status = 404

    def __init__(self) -> None:
        super().__init__(
            "the attestation covers no customer of that number", remedy="check its currency and its day"
        )


class BadAttestation(CustodyError, ValueError):
    """An attestation that contradicts itself, the ledger's own total, or its seal."""

    code = "bad_attestation"
    http_status = 409

    def __init__(self, problem: str, *, field: str, value: object) -> None:
        super().__init__(f"{field}={value!r}: {problem}", remedy="compute the balances and the total anew")
        self.field, self.value = field, value


class ImportRefused(CustodyError):
    """A file is sound in itself but does not fit what the ledger already holds."""

    code = "import_refused"
    http_status = 409


class DuplicateFile(InputError):
    """A file, message or statement that was accepted before."""

    code = "duplicate_file"
    http_status = 409


class IntakeUnavailable(CustodyError):
    """The register of accepted files cannot be opened or written."""

    code = "intake_unavailable"
    http_status = 503


class ReconciliationBroken(CustodyError):
    """A reconciliation does not add up or lost a record: a fault of the program, never of the data."""

    code = "reconciliation_broken"
