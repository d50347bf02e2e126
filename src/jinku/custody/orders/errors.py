"""What the corridor, the mandates and the policy refuse as a call; what becomes of an order is in its outcome."""

from jinku.custody.errors import CustodyError


class OrderUnknown(CustodyError, LookupError):
    """The order book has no such order."""

    code = "order_unknown"
    http_status = 404

    def __init__(self, order: str) -> None:
        super().__init__(f"order {order} is not in the book", remedy="check the id")


class NotInState(CustodyError):
    """The order is not in a state in which this can be done with it."""

    code = "order_not_in_state"
    http_status = 409

    def __init__(self, order: str, state: str, wanted: str) -> None:
        super().__init__(
            f"order {order} is {state}, not {wanted}", remedy="look it up with `jinku order show`"
        )


class SamePerson(CustodyError):
    """Four eyes are two persons."""

    code = "four_eyes"
    http_status = 403

    def __init__(self, person: str) -> None:
        super().__init__(f"{person} made it and cannot confirm it", remedy="ask another person")


class NotAllowed(CustodyError):
    """The policy does not let this person do it."""

    code = "not_allowed"
    http_status = 403

    def __init__(self, person: str, what: str) -> None:
        super().__init__(f"{person} may not {what}", remedy="ask somebody whose role the policy names for it")


class MandateUnknown(CustodyError, LookupError):
    """No mandate has this number."""

    code = "mandate_unknown"
    http_status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no mandate {number}", remedy="check the number")


class MandateChanged(CustodyError):
    """A mandate's number was used before, for another mandate."""

    code = "mandate_changed"
    http_status = 409

    def __init__(self, number: int) -> None:
        super().__init__(f"mandate {number} was given with other terms", remedy="give a new one a new number")


class ProjectUnknown(CustodyError, LookupError):
    """No project has this number."""

    code = "project_unknown"
    http_status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no project {number}", remedy="establish it first")


class LimitRefused(CustodyError):
    """The ledger refuses to change a limit as asked."""

    code = "limit_refused"
    http_status = 409

    def __init__(self, what: str, status: str) -> None:
        super().__init__(
            f"{what}: the ledger answers {status}", remedy="more may be used up than the new limit allows"
        )


class BadPolicy(CustodyError, ValueError):
    """A policy that cannot be in force: named by row and field."""

    code = "bad_policy"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: object) -> None:
        super().__init__(f"{field}={value!r}: {problem}", remedy="see docs/orders.md for the form")


class PolicyUnknown(CustodyError, LookupError):
    """No policy has this version."""

    code = "policy_unknown"
    http_status = 404

    def __init__(self, version: int) -> None:
        super().__init__(f"there is no policy {version}", remedy="list them with `jinku order policy`")


class PolicyDecided(CustodyError):
    """The policy's version was decided on before."""

    code = "already_decided"
    http_status = 409

    def __init__(self, version: int) -> None:
        super().__init__(f"policy {version} was decided on", remedy="propose a new version")
