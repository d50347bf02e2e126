"""`jinku mandate …`, `jinku project …`, `jinku policy …`: what orders are measured against."""

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.naming import named
from jinku.cli.options import CurrencyCode, Entity
from jinku.cli.order import By, opened_acts
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.custody.orders.granting import Left

mandate_app = typer.Typer(name="mandate", help="Customers' standing authorisations.", no_args_is_help=True)
project_app = typer.Typer(
    name="project", help="Projects: what money is raised for, and their limits.", no_args_is_help=True
)
policy_app = typer.Typer(
    name="policy", help="Who may give which orders, and who must confirm.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="Its number.", min=1)]


@mandate_app.command()
def give(
    file: Annotated[Path, typer.Argument(help="The mandate's terms as JSON.", dir_okay=False)],
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put a customer's mandate into force, once, and seal it; its total becomes a limit in the ledger."""
    from jinku.base.errors import InputError
    from jinku.custody.errors import BadOrder
    from jinku.custody.orders.mandates import Mandate

    try:
        mandate = Mandate.of({"project": "0", "payee": "0", **_json(file)})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, BadOrder):
            raise
        raise InputError(
            f"is not a mandate's terms: {type(error).__name__}", file=file.name, remedy="see docs/mandates.md"
        ) from None
    with opened_acts(data, entity, currency) as acts:
        found = acts.corridor.rooms.mandates.give(mandate).document()
    _pairs(found, json)


@mandate_app.command()
def revoke(
    number: Number,
    by: By,
    evidence: Annotated[str, typer.Option("--evidence", help="Id of the customer's word.")],
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take a mandate back from now on; what is held under it may still be settled."""
    with opened_acts(data, entity, currency) as acts:
        found = acts.corridor.rooms.mandates.revoke(number, by=by, evidence=evidence).document()
    _pairs(found, json)


@mandate_app.command()
def show(
    number: Number,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """One mandate, and what the ledger says is used, reserved and free of it."""
    with opened_acts(data, entity, currency) as acts:
        found = acts.corridor.rooms.mandates.show(number).document()
    _pairs(found, json)


@mandate_app.command("list")
def list_mandates(
    account: Annotated[str, typer.Option("--account", help="Only those of this account, by id.")] = "0",
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Every mandate, or those of one account."""
    from jinku.cli.inputs import parse_id

    with opened_acts(data, entity, currency) as acts:
        rows = [one.document() for one in acts.corridor.rooms.mandates.list(parse_id(account))]
    out = Output(json)
    columns = ("number ", "account ", "state", "per_order ", "total ", "free ", "valid_until")
    out.show(
        {"mandates": rows},
        lambda: out.table(columns, [[row[key.strip()] for key in columns] for row in rows]),
    )


@project_app.command()
def establish(
    number: Number,
    borrower: Annotated[str, typer.Option("--borrower", help="Id of the borrower's account.")],
    limit: Annotated[str, typer.Option("--limit", help="What it may raise, in minor units.")],
    by: By,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Open a project with a borrower and a limit; the same again changes nothing."""
    from jinku.cli.inputs import parse_id
    from jinku.custody.orders.projects import Project

    project = Project(number=number, borrower=parse_id(borrower), limit=parse_id(limit))
    with opened_acts(data, entity, currency) as acts:
        left = acts.corridor.rooms.projects.establish(project, by=by)
    _pairs(_left(number, left), json)


@project_app.command("limit")
def change_limit(
    number: Number,
    limit: Annotated[str, typer.Option("--limit", help="The new limit, in minor units.")],
    by: By,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Raise a project's limit, or lower it by what is free."""
    from jinku.cli.inputs import parse_id

    with opened_acts(data, entity, currency) as acts:
        left = acts.corridor.rooms.projects.modify(number, parse_id(limit), by=by)
    _pairs(_left(number, left), json)


@project_app.command("show")
def show_project(
    number: Number,
    entity: Entity = 1,
    currency: CurrencyCode = "CNY",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """A project's limit, and who is owed how much of its principal."""
    with opened_acts(data, entity, currency) as acts:
        projects = acts.corridor.rooms.projects
        left, shares = projects.left(number), projects.shares(number)
    told, out = _left(number, left), Output(json)
    rows = [{"account": str(one.account), "principal": str(one.principal)} for one in shares]

    def render() -> None:
        out.pairs(told)
        out.table(("account ", "principal "), [list(row.values()) for row in rows])

    out.show({**told, "shares": rows}, render)


@policy_app.command()
def propose(
    file: Annotated[Path, typer.Argument(help="Rows and roles as JSON.", dir_okay=False)],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Keep a policy as the next version."""
    from jinku.custody.orders.policy import read_policy

    with named(file):
        policy = read_policy(_json(file))
    with opened_acts(data, 1, "CNY") as acts:
        found = acts.corridor.rooms.policies.propose(policy, by=by).document()
    _policy(found, json)


@policy_app.command()
def approve(
    version: Annotated[int, typer.Argument(help="The version's number.", min=1)],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put a version into force, as another person than its author, and seal it in the log."""
    with opened_acts(data, 1, "CNY") as acts:
        found = acts.corridor.rooms.policies.approve(version, by=by).document()
    _policy(found, json)


@policy_app.command("list")
def list_policies(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Every version with its rows, and the built-in one that counts until the first is approved."""
    with opened_acts(data, 1, "CNY") as acts:
        shelf = acts.corridor.rooms.policies
        rows = [one.document() for one in shelf.list()]
        now = shelf.in_force().document()
    out = Output(json)
    columns = ("role", "type", "per_order ", "daily ", "checked_from ", "since")

    def render() -> None:
        out.table(
            ("version ", "state", "proposed_by", "decided_by"),
            [[row[key] for key in _VERSION] for row in rows],
        )
        table = [[row[key.strip()] or "" for key in columns] for row in now["rows"]]
        out.table(columns, table, "in force")

    out.show({"versions": rows, "in_force": now}, render)


_VERSION = ("version", "state", "proposed_by", "decided_by")


def _json(file: Path) -> Any:
    from jinku.base.errors import InputError

    try:
        return json_module.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"is not readable JSON: {type(error).__name__}", file=file.name) from None


def _left(number: int, left: "Left") -> dict[str, str]:
    return {
        "project": str(number),
        "limit": str(left.granted),
        "used": str(left.used),
        "reserved": str(left.reserved),
        "free": str(left.free),
    }


def _policy(found: dict[str, Any], json: bool) -> None:
    out = Output(json)
    shown = {name: value for name, value in found.items() if name not in ("rows", "roles")}
    out.show(found, lambda: out.pairs(shown))


def _pairs(found: dict[str, Any], json: bool) -> None:
    out = Output(json)
    out.show(found, lambda: out.pairs(found))
