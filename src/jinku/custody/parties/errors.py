"""What the office of parties refuses. No message names a person: only numbers, roles, states and operators."""

from jinku.base.errors import JinkuError
from jinku.custody.errors import CustodyError


class BadParty(CustodyError, ValueError):
    """A request that cannot mean what it says: named by field; personal values are never repeated."""

    code = "bad_party"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: str = "", remedy: str = "") -> None:
        super().__init__(f"{field}={value!r}: {problem}" if value else f"{field}: {problem}", remedy=remedy)
        self.field = field


class NoSuchParty(CustodyError, LookupError):
    """The register has no party, change, card or hold of that number."""

    code = "party_not_registered"
    http_status = 404


class PartyKnown(CustodyError):
    """Somebody with the same identifier, or the same card, is in the register already."""

    code = "party_known"
    http_status = 409

    def __init__(self, what: str, number: int) -> None:
        super().__init__(
            f"party {number} has the same {what}", remedy="use that party, or close it before opening another"
        )
        self.number = number


class ApplicationChanged(CustodyError):
    """The same application id came again with other data."""

    code = "application_changed"
    http_status = 409

    def __init__(self, number: int) -> None:
        super().__init__(
            f"this application made party {number} from other data", remedy="use a new application id"
        )


class WrongState(CustodyError):
    """The party is not in a state in which this can be done."""

    code = "party_state"
    http_status = 409

    def __init__(self, number: int, status: str, wanted: str) -> None:
        super().__init__(
            f"party {number} is {status}, and this needs {wanted}", remedy="see `jinku party show`"
        )


class TwoPersons(CustodyError):
    """What one person asked for, another has to confirm."""

    code = "four_eyes"
    http_status = 403

    def __init__(self, person: str) -> None:
        super().__init__(
            f"{person} asked for it and cannot confirm it", remedy="have another person confirm it"
        )


class MoneyHeld(CustodyError):
    """Money of the party is held, on its way out, or cannot leave."""

    code = "money_held"
    http_status = 409


class LedgerRefused(CustodyError):
    """The ledger did not take what the office asked of it."""

    code = "ledger_refused"
    http_status = 409


class NotErasable(CustodyError):
    """Personal data that must still be kept."""

    code = "must_be_kept"
    http_status = 409


class HistoryBroken(CustodyError):
    """A party's history is not what the log sealed."""

    code = "history_broken"
    http_status = 409


class WrongKey(JinkuError):
    """The key for identifiers is not the one that the register was made with."""

    code = "wrong_key"
    http_status = 503
