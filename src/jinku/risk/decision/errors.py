"""What the decision desk and its journal refuse."""

from typing import ClassVar

from jinku.risk.errors import RiskError


class JournalAltered(RiskError):
    """The journal of decisions is not what was written and sealed."""

    code: ClassVar[str] = "decision_journal_altered"
    http_status: ClassVar[int] = 503

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the journal of decisions was altered: {what}",
            remedy="restore it from a backup; the log's seals say which bytes are the right ones",
        )


class JournalElsewhere(RiskError):
    """Another journal of decisions is sealed into the same ledger, or has this one open."""

    code: ClassVar[str] = "decision_journal_elsewhere"
    http_status: ClassVar[int] = 503

    def __init__(self, what: str) -> None:
        super().__init__(
            f"one ledger has one journal of decisions: {what}",
            remedy="open the house whose journal it is; a house of its own needs a ledger of its own",
        )


class JournalErased(RiskError):
    """What a record of the journal held was erased after its term; its head and digest stay."""

    code: ClassVar[str] = "decision_erased"
    http_status: ClassVar[int] = 410

    def __init__(self, number: int, act: int) -> None:
        super().__init__(
            f"record {number} was erased under retention act {act}",
            remedy=f"`jinku retention show {act}` tells who stood behind it",
        )
        self.number, self.act = number, act


class JournalUnusable(RiskError):
    """The journal of decisions cannot be read or written."""

    code: ClassVar[str] = "decision_journal_unusable"
    http_status: ClassVar[int] = 503


class DecisionsHalted(RiskError):
    """A decision could not be made durable: nothing is decided any more, so nothing moves."""

    code: ClassVar[str] = "decisions_halted"
    http_status: ClassVar[int] = 503

    def __init__(self, why: str) -> None:
        super().__init__(f"decisions halted: {why}", remedy="find the cause, then open the house anew")


class DecisionsBusy(RiskError):
    """Something had to wait for what was decided before, and that was not done in time: tried again, it may be."""

    code: ClassVar[str] = "decisions_busy"
    http_status: ClassVar[int] = 503

    def __init__(self, why: str) -> None:
        super().__init__(why, remedy="try again; where it stays so, open the house anew")


class ContextsFull(RiskError):
    """More was told of movements beforehand than is kept at once."""

    code: ClassVar[str] = "contexts_full"
    http_status: ClassVar[int] = 503

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} contexts wait for their movements already", remedy="send it again a little later"
        )


class BadPolicy(RiskError):
    """A decision policy says something that cannot be."""

    code: ClassVar[str] = "bad_decision_policy"

    def __init__(self, problem: str, *, file: str, field: str = "", value: object = "") -> None:
        named = f"{field}={str(value)[:80]!r}: " if field else ""
        super().__init__(f"{file}: {named}{problem}", remedy="see docs/risk-decisions.md")


class BadBatch(RiskError):
    """A batch of events cannot be decided as it is."""

    code: ClassVar[str] = "bad_decision_batch"


class VersionUnknown(RiskError):
    """A version that decisions were made with is not on the shelf, or is not what it was."""

    code: ClassVar[str] = "decision_version_unknown"
    http_status: ClassVar[int] = 503


class DecisionUnknown(RiskError):
    """No decision was made under this id."""

    code: ClassVar[str] = "decision_unknown"
    http_status: ClassVar[int] = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no decision about transfer {number}", remedy="look at the id")


class WaitingAltered(RiskError):
    """What waits in the control data is not what the journal has decided."""

    code: ClassVar[str] = "waiting_altered"
    http_status: ClassVar[int] = 503

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(
            f"transfer {number} that waits is not as it was decided: {problem}",
            remedy="restore the control database from a backup",
        )


class NotWaiting(RiskError):
    """The transfer does not wait for what is asked."""

    code: ClassVar[str] = "transfer_not_waiting"
    http_status: ClassVar[int] = 409

    def __init__(self, number: int, state: str, wanted: str) -> None:
        super().__init__(f"transfer {number} is {state}, not {wanted}", remedy="`jinku risk decisions` tells")


class SameApprover(RiskError):
    """The second pair of eyes is the first."""

    code: ClassVar[str] = "same_person"
    http_status: ClassVar[int] = 409

    def __init__(self, person: str) -> None:
        super().__init__(
            f"{person} has proposed this already", remedy="another person must confirm it, or refuse it"
        )
