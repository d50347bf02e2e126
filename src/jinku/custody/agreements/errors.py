"""The closed family of errors about agreements as documents.

What a program itself is refused for lies in `jinku.custody.numscript.errors`.
"""

from jinku.custody.errors import CustodyError


class AgreementError(CustodyError):
    """Anything refused about an agreement, its approval or its runs."""

    code = "agreement_error"
    http_status = 409


class BadAgreement(AgreementError, ValueError):
    """A name, person or text that cannot stand in the book of agreements."""

    code = "bad_agreement"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: object, remedy: str = "") -> None:
        super().__init__(f"{field}={value!r}: {problem}", remedy=remedy)
        self.field, self.value = field, value


class AgreementUnknown(AgreementError, LookupError):
    """No such agreement, version or run."""

    code = "agreement_unknown"
    http_status = 404


class NotApproved(AgreementError):
    """The version is not in force."""

    code = "agreement_not_approved"

    def __init__(self, name: str, version: int, status: str) -> None:
        super().__init__(f"{name} version {version} is {status}", remedy="only an approved version runs")


class FourEyes(AgreementError):
    """Who proposed a version may not decide on it."""

    code = "agreement_four_eyes"
    http_status = 403

    def __init__(self, name: str, version: int, person: str) -> None:
        super().__init__(
            f"{person} proposed {name} version {version}", remedy="somebody else must approve or reject it"
        )


class AlreadyDecided(AgreementError):
    """A version is decided on once."""

    code = "agreement_already_decided"

    def __init__(self, name: str, version: int, status: str) -> None:
        super().__init__(f"{name} version {version} is {status}", remedy="propose a new version")


class AgreementTampered(AgreementError):
    """The stored text is not what was approved and sealed."""

    code = "agreement_tampered"

    def __init__(self, name: str, version: int, problem: str) -> None:
        super().__init__(
            f"{name} version {version}: {problem}",
            remedy="do not run it; compare the store with its backup and the log",
        )


class RunChanged(AgreementError):
    """A run's id was used before for something else."""

    code = "agreement_run_changed"

    def __init__(self, run_id: int) -> None:
        super().__init__(
            f"run {run_id} was asked for with other values before", remedy="use a new id for a new run"
        )


class NotBookable(AgreementError):
    """What a program yields cannot be booked on the ledger."""

    code = "agreement_not_bookable"
    http_status = 422


class AccountNameRefused(NotBookable):
    """A name in a program that is no account of these books."""

    code = "agreement_account_name"

    def __init__(self, name: str, problem: str, remedy: str) -> None:
        super().__init__(f"@{name[:80]}: {problem}", remedy=remedy)
        self.name = name


class AgreementsUnavailable(AgreementError):
    """The book of agreements cannot be opened or written."""

    code = "agreements_unavailable"
    http_status = 503
