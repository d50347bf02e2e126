"""What the verifier raises. It stands apart from the rest of Jinku, so it has its own small family.

1. `Unreadable`: the input is not what it claims to be, so nothing can be said about it.
2. `NotVerified`: the input is well formed and the proof does not hold.
3. `NotChecked`: this machine has nothing that can check a signature.

In each case the input must not be trusted. A message names the place and the value, never a person.

Example::

    try:
        verify_receipt(receipt, leaf, trust)
    except VerifyError as error:
        print(error.code, error)
"""


class VerifyError(Exception):
    """Base of all; `code` is stable and short, for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Unreadable(VerifyError):
    """Malformed, too large, or a file that cannot be read."""


class NotVerified(VerifyError):
    """Well formed, but a hash, a signature, a sum or a rule does not hold."""


class NotChecked(VerifyError):
    """A signature that nothing on this machine can check."""
