"""Prometheus metrics of one application, in a registry of its own.

Rules:

1. Labels are method, route template and status: a bounded set, never an id, a path or a customer.
2. What the ledger and the log report is read when the page is asked for, not kept up to date meanwhile.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "jinku_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "jinku_http_request_seconds",
            "Time to answer",
            ["method", "route"],
            buckets=SECONDS_BUCKETS,
            registry=self._registry,
        )
        self._events = Counter(
            "jinku_events",
            "Accounts and transfers asked for, by answer",
            ["kind", "status"],
            registry=self._registry,
        )
        self._bound: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._bound_events: dict[tuple[str, str], Counter] = {}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the template, `seconds` the time it took."""
        key = (method, route, status)
        bound = self._bound.get(key)
        if bound is None:
            name = method if method in _METHODS else "other"
            bound = (self._requests.labels(name, route, str(status)), self._seconds.labels(name, route))
            if name == method:
                self._bound[key] = bound
        bound[0].inc()
        bound[1].observe(seconds)

    def events(self, kind: str, status: str, count: int = 1) -> None:
        """Count `count` events of `kind` (account or transfer) that were answered with `status`."""
        bound = self._bound_events.get((kind, status))
        if bound is None:
            bound = self._bound_events[kind, status] = self._events.labels(kind, status)
        bound.inc(count)

    def gauge(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        """Add a gauge that `read` is asked for whenever the page is."""
        Gauge(name, meaning, registry=self._registry).set_function(read)

    def page(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self._registry)
