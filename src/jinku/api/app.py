"""The application: one function that reads like a table of contents."""

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Router

from jinku import __version__
from jinku.api.access import Access
from jinku.api.guard import Guard, Openness
from jinku.api.metrics import Metrics
from jinku.api.openapi import describe
from jinku.api.problem import answer_http_exception, answer_jinku_error, answer_validation_error
from jinku.api.replay import Replay
from jinku.api.routes.accounts import accounts_router
from jinku.api.routes.agreements import ApprovalIn, EndIn, ProposalIn, RunIn, agreements_router
from jinku.api.routes.attestations import AttestationIn, attestations_router
from jinku.api.routes.bank import bank_router
from jinku.api.routes.breaks import (
    ActIn,
    AssignmentIn,
    BreakApprovalIn,
    CommentIn,
    ExplanationIn,
    WriteOffIn,
    breaks_router,
)
from jinku.api.routes.credentials import GrantIn, RevocationIn, credentials_router
from jinku.api.routes.custody import ReconciliationIn, custody_router
from jinku.api.routes.days import days_router
from jinku.api.routes.events import events_router
from jinku.api.routes.mandates import (
    MandateIn,
    MandateRevocationIn,
    ProjectIn,
    ProjectLimitIn,
    mandates_router,
)
from jinku.api.routes.operations import operations_router
from jinku.api.routes.orders import orders_router
from jinku.api.routes.owners import owners_router
from jinku.api.routes.parties import (
    ApplicationIn,
    CardIn,
    ChangeIn,
    DecisionIn,
    RefusalIn,
    parties_router,
)
from jinku.api.routes.proofs import proofs_router
from jinku.api.routes.risk_cases import CASE_PATHS, risk_cases_router
from jinku.api.routes.risk_decisions import risk_decisions_router
from jinku.api.routes.risk_tables import NameIn, risk_tables_router
from jinku.api.routes.transfers import transfers_router
from jinku.api.routing import DirectLane
from jinku.api.services import Services
from jinku.api.wire.accounts import AccountIn, AccountsIn
from jinku.api.wire.filters import IdsIn, QueryIn
from jinku.api.wire.orders import AuthorisationIn, CancellationIn, ConfirmationIn, OrdersIn, ResolutionIn
from jinku.api.wire.risk_decisions import VerdictIn, WordIn
from jinku.api.wire.transfers import TransferIn, TransfersIn
from jinku.base.errors import JinkuError
from jinku.log.http import log_routes

LOG_PREFIX = "/log"
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
DESCRIPTION = """Accounts and transfers with the model of a double-entry ledger, and the proof of each.

The log itself is served as static files by the paths of C2SP tlog-tiles: `/log/checkpoint` and `/log/tile/…`.
Amounts and ids are strings of digits; instants are RFC 3339; errors are RFC 9457 problem documents."""
BODIES: tuple[type[BaseModel], ...] = (
    AccountIn,
    AccountsIn,
    TransferIn,
    TransfersIn,
    IdsIn,
    QueryIn,
    ReconciliationIn,
    AttestationIn,
    GrantIn,
    RevocationIn,
    OrdersIn,
    ConfirmationIn,
    CancellationIn,
    AuthorisationIn,
    ResolutionIn,
    MandateIn,
    MandateRevocationIn,
    ProjectIn,
    ProjectLimitIn,
    ProposalIn,
    ApprovalIn,
    EndIn,
    RunIn,
    ActIn,
    AssignmentIn,
    CommentIn,
    ExplanationIn,
    WriteOffIn,
    BreakApprovalIn,
    ApplicationIn,
    CardIn,
    ChangeIn,
    DecisionIn,
    RefusalIn,
    VerdictIn,
    WordIn,
    NameIn,
    *dict.fromkeys(one.model for one in CASE_PATHS),
)


def create_app(services: Services) -> FastAPI:
    """The whole API over `services`."""
    metrics = Metrics()
    openness = Openness(OPEN_PATHS, (f"{LOG_PREFIX}/",) if services.open_log else ())
    app = FastAPI(
        title="Jinku",
        version=__version__,
        summary="A custody ledger that proves itself",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # ours are in jinku.api.metrics and logs
    )
    routers = (
        transfers_router(services, metrics),
        accounts_router(services, metrics),
        proofs_router(services),
        events_router(services),
        custody_router(services),
        days_router(services),
        orders_router(services),
        mandates_router(services),
        parties_router(services),
        agreements_router(services),
        bank_router(services),
        breaks_router(services),
        risk_decisions_router(services),
        risk_cases_router(services),
        risk_tables_router(services),
        attestations_router(services),
        owners_router(services),
        credentials_router(services),
        operations_router(services, metrics),
    )
    for router in routers:
        app.include_router(router)
    app.mount(LOG_PREFIX, Router(log_routes(services.house.log_directory), redirect_slashes=False))
    app.add_exception_handler(JinkuError, answer_jinku_error)
    app.add_exception_handler(RequestValidationError, answer_validation_error)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_middleware(DirectLane, routers=routers)
    app.add_middleware(Replay, store=services.idempotency)
    app.add_middleware(
        Guard, access=Access(services.token, services.credentials), openness=openness, metrics=metrics
    )
    _document(app, openness)
    return app


def _document(app: FastAPI, openness: Openness) -> None:
    """Make ``/openapi.json`` answer our completed document, built once when first asked for."""
    built: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not built:
            built.update(describe(app, BODIES, openness))
        return built

    app.openapi = openapi  # type: ignore[method-assign]
