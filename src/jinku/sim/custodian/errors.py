"""What the simulated bank refuses."""

from jinku.base.errors import JinkuError


class BankSays(JinkuError):
    """The bank does not do what was asked: `reply` is the code that it answers with."""

    code = "bank_says"
    http_status = 409

    def __init__(self, reply: str, message: str) -> None:
        super().__init__(message)
        self.reply = reply


class NotEnough(BankSays):
    """An account has less than is asked of it."""

    def __init__(self, account: str, amount: int) -> None:
        super().__init__("REFUSED", f"the {account.partition(':')[0]} account has less than {amount}")
