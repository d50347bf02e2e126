"""The HTTP API: the only room besides the console that speaks HTTP; it decides nothing, it translates.

Rules:

1. Every path under ``/v1`` asks for the bearer token, also a path that does not exist.
2. What an event fails with is a result (HTTP 200), never an HTTP error; everything else that goes wrong is an
   ``application/problem+json`` document (RFC 9457) with a stable ``code`` and a ``remedy``.
3. Ids, amounts and 64-bit user data are strings of digits; instants are RFC 3339 with nanoseconds.
4. No amount, id or name of a person reaches a log line or a metric label.

Example::

    app = create_app(services)      # jinku.api.app
    serve(app, Binding(host, port)) # jinku.api.server
"""
