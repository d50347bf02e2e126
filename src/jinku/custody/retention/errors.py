"""What the retention office and the restore drill refuse."""

from jinku.custody.errors import CustodyError


class BadRetention(CustodyError, ValueError):
    """What was asked cannot mean anything: named by field and value."""

    code = "bad_retention"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: object, remedy: str = "") -> None:
        super().__init__(f"{field}={str(value)[:80]!r}: {problem}", remedy=remedy)


class PlanRefused(CustodyError):
    """A purge plan or a legal hold is not in a state in which this can be done."""

    code = "purge_refused"
    http_status = 409

    def __init__(self, what: str, problem: str, remedy: str) -> None:
        super().__init__(f"{what} {problem}", remedy=remedy)


class RetentionSecondPerson(CustodyError):
    """Who proposed it cannot approve it."""

    code = "second_person"
    http_status = 403

    def __init__(self, what: str, person: str) -> None:
        super().__init__(f"{what}: {person} proposed it", remedy="have another person approve it")


class RetentionUnknown(CustodyError, LookupError):
    """No such plan, hold or drill."""

    code = "not_found"
    http_status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no {what}", remedy="see the list")


class BackupFailed(CustodyError):
    """A copy of the house could not be made, or the place for it is taken."""

    code = "backup_failed"
    http_status = 503


class RestoreDiffers(CustodyError):
    """A restored house is not what its journal says."""

    code = "restore_differs"
    http_status = 409
