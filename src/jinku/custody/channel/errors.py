"""What the bank channel refuses."""

from jinku.custody.errors import CustodyError


class ChannelError(CustodyError):
    """Anything the bank channel refuses."""

    code = "channel_error"


class InstructionUnknown(ChannelError, LookupError):
    """No such instruction."""

    code = "instruction_unknown"
    http_status = 404

    def __init__(self, instruction: int) -> None:
        super().__init__(f"there is no instruction {instruction}", remedy="give the id of its order")


class InstructionDiffers(ChannelError):
    """An order was instructed before, with other words."""

    code = "instruction_differs"
    http_status = 409

    def __init__(self, instruction: int, field: str) -> None:
        super().__init__(
            f"order {instruction} was instructed before with another {field}",
            remedy="send what was sent then, or give a new order",
        )


class NotHeld(ChannelError):
    """The ledger holds no such withdrawal: there is nothing to pay out."""

    code = "not_held"
    http_status = 409

    def __init__(self, instruction: int, problem: str) -> None:
        super().__init__(
            f"order {instruction}: {problem}", remedy="book the withdrawal first, then instruct it"
        )


class StepRefused(ChannelError):
    """The table of transitions has no such step."""

    code = "step_refused"
    http_status = 409

    def __init__(self, instruction: int, state: str, news: str) -> None:
        super().__init__(
            f"instruction {instruction} is {state}: {news} is no step from there", remedy="look at it again"
        )


class SamePerson(ChannelError):
    """Maker and checker are one person."""

    code = "same_person"
    http_status = 403

    def __init__(self, instruction: int) -> None:
        super().__init__(
            f"instruction {instruction} is approved by another person than its maker",
            remedy="have a second person decide",
        )


class MessageRefused(ChannelError):
    """A message of the bank's is not what it must be: unsigned, changed, old, replayed or badly formed."""

    code = "message_refused"
    http_status = 403


class NoAnswer(ChannelError):
    """The bank gave no answer that can be relied on: what became of the request is unknown."""

    code = "bank_no_answer"
    http_status = 504


class ServiceRefused(ChannelError):
    """The bank answered, signed, that it does not do what was asked."""

    code = "bank_refused"
    http_status = 409

    def __init__(self, service: str, reason: str, message: str) -> None:
        super().__init__(
            f"{service}: {reason}: {message[:200]}", remedy="see the bank's code in docs/bank-channel.md"
        )
        self.reason = reason


class WorkBusy(ChannelError):
    """A second durable worker was started in one process."""

    code = "work_busy"
    http_status = 503


class PayeeUnknown(ChannelError, LookupError):
    """Nobody stands behind a token."""

    code = "payee_unknown"
    http_status = 404

    def __init__(self, token: str) -> None:
        super().__init__(f"no account is kept behind {token!r}", remedy="bind the customer's account first")


class CaseFailed(ChannelError):
    """A bank's interface does not keep a promise."""

    code = "case_failed"
    http_status = 409
