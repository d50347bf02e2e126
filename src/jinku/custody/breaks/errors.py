"""What the breaks desk refuses."""

from jinku.custody.errors import CustodyError


class BreakUnknown(CustodyError, LookupError):
    """No break under that id."""

    code = "break_unknown"
    http_status = 404

    def __init__(self, break_id: int) -> None:
        super().__init__(f"there is no break {break_id:032x}", remedy="see `jinku breaks list`")


class BadBreak(CustodyError, ValueError):
    """What was asked of a break cannot mean anything: named by field and value."""

    code = "bad_break"
    http_status = 422

    def __init__(self, problem: str, *, field: str, value: object, remedy: str = "") -> None:
        super().__init__(f"{field}={str(value)[:80]!r}: {problem}", remedy=remedy)
        self.field = field


class BreakRefused(CustodyError):
    """The break is not in a state in which this can be done."""

    code = "break_refused"
    http_status = 409

    def __init__(self, break_id: int, problem: str, remedy: str) -> None:
        super().__init__(f"break {break_id:032x} {problem}", remedy=remedy)


class SecondPerson(CustodyError):
    """Who proposed an end, or approved it already, cannot approve it (again)."""

    code = "second_person"
    http_status = 403

    def __init__(self, break_id: int, person: str) -> None:
        super().__init__(
            f"break {break_id:032x}: {person} has a hand in it already",
            remedy="have another person approve it",
        )


class NotSenior(CustodyError):
    """A material break needs the approval of a more senior person."""

    code = "not_senior"
    http_status = 403

    def __init__(self, break_id: int, person: str, level: int) -> None:
        super().__init__(
            f"break {break_id:032x} is material: {person} is not of approval level {level}",
            remedy=f"have a person of level {level} approve it",
        )


class BreakTampered(CustodyError):
    """The stored history is not what was sealed."""

    code = "break_tampered"
    http_status = 409

    def __init__(self, what: str, problem: str) -> None:
        super().__init__(f"{what}: {problem}", remedy="keep the database as it is and have it examined")
