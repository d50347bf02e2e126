"""``/v1/credentials``: who may read, granted and revoked by the owner of the house."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jinku.api.json import Json, read_json
from jinku.api.routing import json_body, post
from jinku.api.services import Services
from jinku.api.wire.numbers import InstantText, instant_out
from jinku.identity.credentials import CREDENTIAL_DAYS_MAX, Credential, Grant, Holder

_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, Field(pattern=_NAME)]


class GrantIn(BaseModel):
    """A reader's credential, asked for."""

    model_config = ConfigDict(
        extra="forbid",
        title="CredentialRequest",
        json_schema_extra={
            "examples": [{"name": "auditor-1", "holder": "auditor", "days": 30, "by": "clerk-1"}]
        },
    )

    name: Name
    holder: Holder
    days: int = Field(ge=1, le=CREDENTIAL_DAYS_MAX, strict=True)
    """How long it is in force."""
    by: Name
    """The operator who grants it."""


class RevocationIn(BaseModel):
    """The end of a credential."""

    model_config = ConfigDict(
        extra="forbid",
        title="CredentialRevocation",
        json_schema_extra={"examples": [{"name": "auditor-1", "by": "clerk-2"}]},
    )

    name: Name
    by: Name


class CredentialOut(BaseModel):
    """A credential as it is kept; without its secret."""

    model_config = ConfigDict(title="Credential")

    name: str
    holder: Holder
    granted_by: str
    granted_at: InstantText
    until: InstantText
    revoked_by: str | None
    revoked_at: InstantText | None


class GrantedOut(BaseModel):
    """A new credential's secret: it is shown this once."""

    model_config = ConfigDict(title="CredentialGranted")

    name: str
    secret: str


class CredentialsOut(BaseModel):
    """Every credential that ever was."""

    model_config = ConfigDict(title="Credentials")

    credentials: list[CredentialOut]


_GRANT, _REVOCATION = TypeAdapter(GrantIn), TypeAdapter(RevocationIn)


def credentials_router(services: Services) -> APIRouter:
    """The routes of this module."""
    router = APIRouter(prefix="/v1/credentials", tags=["access"])
    book = services.credentials

    @post(router, "", json_body(GrantIn), {201: ("Granted and sealed", GrantedOut)})
    async def grant_credential(request: Request) -> Response:
        """Grant a reader's credential; its secret is in this answer and nowhere else."""
        asked = await read_json(request, _GRANT)
        grant = Grant(asked.name, asked.holder, asked.days, asked.by)
        return Json({"name": asked.name, "secret": await run_in_threadpool(book.grant, grant)}, 201)

    @post(router, "/revocations", json_body(RevocationIn), {201: ("Revoked and sealed", CredentialOut)})
    async def revoke_credential(request: Request) -> Response:
        """End a credential: it opens nothing any more."""
        asked = await read_json(request, _REVOCATION)
        return Json(credential_out(await run_in_threadpool(book.revoke, asked.name, asked.by)), 201)

    @router.get(
        "", operation_id="list_credentials", response_model=None, responses={200: {"model": CredentialsOut}}
    )
    def list_credentials() -> Response:
        """Every credential that ever was, oldest first."""
        return Json({"credentials": [credential_out(one) for one in book.credentials()]})

    return router


def credential_out(one: Credential) -> dict[str, Any]:
    """A credential as JSON values."""
    return {
        "name": one.name,
        "holder": one.holder.value,
        "granted_by": one.granted_by,
        "granted_at": instant_out(one.granted_at),
        "until": instant_out(one.until),
        "revoked_by": one.revoked_by or None,
        "revoked_at": instant_out(one.revoked_at) if one.revoked_at else None,
    }
