"""What closing a day refuses."""

from jinku.custody.errors import CustodyError


class CloseRefused(CustodyError):
    """The day book does not allow this now."""

    code = "close_refused"
    http_status = 409


class NoDayBook(CustodyError, LookupError):
    """Nobody has begun a day book for this legal entity and currency, or no such day is in it."""

    code = "not_found"
    http_status = 404


class CutOffNotReached(CloseRefused):
    """The day is not over at its cut-off, or a clock has gone back."""

    code = "cut_off_not_reached"


class DayIsClosed(CloseRefused):
    """What was asked would change a closed day."""

    code = "day_is_closed"


class SamePerson(CloseRefused):
    """Two persons are needed, and one asked for both parts."""

    code = "same_person"
    http_status = 403


class ChangedInput(CustodyError):
    """A stored input is not there, or its bytes are no longer those that the record names."""

    code = "input_changed"
    http_status = 409


class ClosedDayChanged(CustodyError):
    """A statement for a closed day says something else than the one that the day was closed with."""

    code = "closed_day_changed"
    http_status = 409


class ChainBroken(CustodyError):
    """The records of the closed days do not follow from one another, or are not what the log sealed."""

    code = "close_chain_broken"
    http_status = 409
