"""What the account structure refuses: money that is nobody's, and structures that may not come into force."""

from jinku.custody.errors import CustodyError


class MoneyAstray(CustodyError):
    """Units of money that cannot be said to be a client's or the institution's own: the pool is named."""

    code = "money_astray"
    http_status = 409

    def __init__(self, place: str, problem: str, others: int) -> None:
        more = f", and {others} more faults" if others else ""
        super().__init__(
            f"{place}: {problem}{more}", remedy="see `jinku structure check` and `jinku ledger check`"
        )
        self.place, self.problem = place, problem


class SumsDiffer(CustodyError):
    """A sum of postings is not what an account can hold: below zero, or beyond 128 bits."""

    code = "sums_differ"
    http_status = 409


class StructureRefused(CustodyError):
    """A structure that may not come into force for a legal entity."""

    code = "structure_refused"
    http_status = 409
