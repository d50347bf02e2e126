"""Every bound that the API puts on what a client may send, in one place."""

BATCH_EVENTS_MAX = 8_189
"""Events in one batch, ids in one lookup and rows in one page: the model's own limit."""

BODY_BYTES_MAX = 8 * 1024 * 1024
"""A JSON body: a full batch with every field at its longest stays below 7 MiB."""

STATEMENT_BYTES_MAX = 32 * 1024 * 1024
"""A bank statement."""

JSON_NESTING_MAX = 8
"""Depth of arrays and objects in a JSON body; the deepest valid one has four."""

HEADER_BYTES_MAX = 16 * 1024
"""All header lines and the request target together."""

BODY_SECONDS_MAX = 30.0
"""A client that sends its body more slowly is answered 408."""

HEAD_SECONDS_MAX = 30.0
"""A connection that does not complete the head of its next request in this time is closed."""

ANSWER_STALL_SECONDS_MAX = 60.0
"""A client that takes nothing of its answer for this long is cut off."""

REQUESTS_IN_FLIGHT_MAX = 1_024
"""More at the same time are answered 503 with Retry-After."""

CONNECTIONS_MAX = 4_096
"""Open connections; more are answered 503 by the server."""

CONNECTION_IDLE_SECONDS_MAX = 75
"""A kept-alive connection that says nothing is closed."""

PAGE_ROWS_DEFAULT = 100
"""Rows of a page when the client does not say."""

CURSOR_CHARACTERS_MAX = 512
"""A cursor that we made is shorter."""

IDEMPOTENCY_KEY_CHARACTERS_MAX = 255
"""Longest Idempotency-Key."""

IDEMPOTENCY_KEPT_SECONDS = 24 * 60 * 60
"""How long a stored answer is replayed."""

IDEMPOTENCY_ANSWER_BYTES_MAX = 4 * 1024 * 1024
"""Largest answer that is stored; a full batch's is below 2 MiB."""

IDEMPOTENCY_KEYS_MAX = 1_000_000
"""Keys kept at a time; at the limit, new keys are refused until old ones expire."""

REQUEST_ID_CHARACTERS_MAX = 64
"""Longest X-Request-Id that is taken over from the client."""

PROBLEM_ERRORS_MAX = 20
"""Field errors listed in one problem document."""

VALUE_CHARACTERS_MAX = 60
"""Characters of a wrong value quoted in a problem document."""

NUMBER_EXACT_MAX = 2**53
"""Largest JSON number that every client keeps exact (RFC 8259, section 6); above it a string is asked for."""
