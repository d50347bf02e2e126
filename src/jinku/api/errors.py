"""What the API itself refuses. Each has one code, one HTTP status, one sentence and one remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.base.errors import JinkuError


class ApiError(JinkuError):
    """Anything that the API refuses before a room below is asked."""

    code = "api_error"
    http_status = 400


class TokenRefused(ApiError):
    """No bearer token, or a wrong one."""

    code = "token_refused"
    http_status = 401


class ReadOnly(ApiError):
    """A reader's credential, and a request that could change something."""

    code = "read_only"
    http_status = 403


class NotFound(ApiError):
    """Nothing at this path, or no such account, transfer, statement…"""

    code = "not_found"
    http_status = 404


class RiskOff(ApiError):
    """The house has no risk switched on, so nobody can be asked about it."""

    code = "risk_off"
    http_status = 404

    def __init__(self) -> None:
        super().__init__(
            "risk is not switched on in this house",
            remedy="write risk.toml into its directory (docs/risk-decisions.md) and start the server again",
        )


class MethodNotAllowed(ApiError):
    """The path exists and does not know this method; `allow` names those that it does."""

    code = "method_not_allowed"
    http_status = 405

    def __init__(self, method: str, allow: str) -> None:
        super().__init__(
            f"{method[:16]} is not served at this path", remedy=f"use {allow}; see /openapi.json"
        )
        self.allow = allow


class BodyTooSlow(ApiError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    http_status = 408


class BodyTooLarge(ApiError):
    """The body is larger than this path accepts."""

    code = "body_too_large"
    http_status = 413


class MediaTypeUnsupported(ApiError):
    """The body is not of the type that this path reads."""

    code = "media_type_unsupported"
    http_status = 415


class HeadersTooLarge(ApiError):
    """The request line and headers are larger than accepted."""

    code = "headers_too_large"
    http_status = 431


class BodyMalformed(ApiError):
    """The body is not JSON, or is nested too deeply."""

    code = "body_malformed"
    http_status = 400


class CursorRefused(ApiError):
    """The cursor was not made here, was changed, or belongs to another list."""

    code = "cursor_refused"
    http_status = 422


class IdempotencyKeyMalformed(ApiError):
    """The Idempotency-Key is empty, too long or holds characters outside printable ASCII."""

    code = "idempotency_key_malformed"
    http_status = 400


class IdempotencyKeyReused(ApiError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    http_status = 409


class IdempotencyKeyInUse(ApiError):
    """A request with the same Idempotency-Key is being executed."""

    code = "idempotency_key_in_use"
    http_status = 409


class IdempotencyKeysFull(ApiError):
    """As many keys are kept as are allowed."""

    code = "idempotency_keys_full"
    http_status = 503


class TooBusy(ApiError):
    """As many requests are being answered as are allowed."""

    code = "too_busy"
    http_status = 503


class InternalError(ApiError):
    """Something that should not happen; the log has it under the request id."""

    code = "internal_error"
    http_status = 500


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: where it is and what is wrong with it."""

    pointer: str
    """A JSON pointer into the body (RFC 6901), or the name of a path or query parameter."""
    detail: str


class FieldsInvalid(ApiError):
    """The request is well-formed and some of its fields are not valid."""

    code = "fields_invalid"
    http_status = 422

    def __init__(self, errors: Sequence[FieldError]) -> None:
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(
            f"{first.pointer}: {first.detail}{more}",
            remedy="correct the fields that `errors` names and send again",
        )
        self.errors = tuple(errors)
