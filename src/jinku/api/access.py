"""Who may do what: the house's own token opens everything, a reader's credential only what changes nothing.

Rules:

1. A reader (`jinku.identity.credentials`) may GET every path, and POST only to those of ``READING_POSTS``: questions
   too long for a URL. Anything else is refused, also what is added later.
2. What is in ``OWNER_ONLY`` takes the house's own token; behind that the risk desk asks for a person who is admitted
   (`jinku.risk.cases.access`).
3. A header that opens nothing is refused in the same way, whatever is wrong with it.
"""

from jinku.api.errors import ApiError, ReadOnly, TokenRefused
from jinku.api.token import Token
from jinku.identity.credentials import CredentialBook

READING_METHODS = frozenset({"GET", "HEAD"})
READING_POSTS = frozenset(
    {"/v1/accounts/lookup", "/v1/accounts/query", "/v1/transfers/lookup", "/v1/transfers/query"}
)
OWNER_ONLY = ("/v1/credentials", "/v1/risk/")
"""Who has access is told to the owner alone; of the risk desk's work nobody hears by a reader's credential."""


class Access:
    """Decides on one request by its Authorization header."""

    def __init__(self, token: Token, credentials: CredentialBook) -> None:
        self._token, self._credentials = token, credentials

    def refusal(self, authorization: bytes, method: str, path: str) -> ApiError | None:
        """None where the request may pass. Raises DatabaseUnavailable."""
        if self._token.matches(authorization):
            return None
        if self._credentials.holder(authorization) is None:
            return TokenRefused(
                "this path asks for the bearer token",
                remedy="send Authorization: Bearer TOKEN; `jinku serve` names the file that holds it",
            )
        reading = method in READING_METHODS or (method == "POST" and path in READING_POSTS)
        if reading and not path.startswith(OWNER_ONLY):
            return None
        return ReadOnly("this credential reads and changes nothing", remedy="ask the platform to do it")
