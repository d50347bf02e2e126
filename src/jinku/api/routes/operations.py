"""``/healthz``, ``/readyz`` and ``/metrics``: what an operator's tools ask for.

Health and readiness are open: they say one word. Metrics ask for the token as ``/v1`` does: a peer's address
proves nothing behind a reverse proxy on the same machine, and Prometheus sends a bearer token by itself.
"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from jinku.api.json import Json
from jinku.api.metrics import CONTENT_TYPE, Metrics
from jinku.api.services import Services
from jinku.ledger.errors import LedgerHalted


class HealthOut(BaseModel):
    """The process answers."""

    model_config = ConfigDict(title="Health")

    status: Literal["ok"]


class ReadyOut(BaseModel):
    """The ledger accepts writes."""

    model_config = ConfigDict(title="Readiness")

    status: Literal["ready"]


def operations_router(services: Services, metrics: Metrics) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(tags=["operations"])
    ledger = services.ledger
    metrics.gauge("jinku_ledger_entries", "Durable entries of the journal", ledger.size)
    metrics.gauge(
        "jinku_ledger_halted", "1 while the ledger accepts nothing", lambda: float(bool(ledger.halted))
    )

    @router.get(
        "/healthz", operation_id="get_health", response_model=None, responses={200: {"model": HealthOut}}
    )
    async def get_health() -> Response:
        """Whether the process answers."""
        return Json({"status": "ok"})

    @router.get(
        "/readyz", operation_id="get_readiness", response_model=None, responses={200: {"model": ReadyOut}}
    )
    async def get_readiness() -> Response:
        """Whether the ledger accepts writes; 503 while it is halted, or risk is on and its desk cannot open."""
        if ledger.halted:
            raise LedgerHalted("the ledger is halted", remedy="look at the log, find the cause, start anew")
        services.house.door.require_open()
        return Json({"status": "ready"})

    @router.get(
        "/metrics",
        operation_id="get_metrics",
        response_model=None,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def get_metrics() -> Response:
        """Prometheus metrics."""
        return Response(metrics.page(), headers={"content-type": CONTENT_TYPE})

    return router
