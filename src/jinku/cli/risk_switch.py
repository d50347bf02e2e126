"""`jinku risk switch …`: whether the house decides, and the way out by two persons."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap.risk_switch import RiskSwitch

switch_app = typer.Typer(
    name="switch",
    help="Whether the house decides: recorded, and switched off by two persons.",
    no_args_is_help=True,
)
By = Annotated[str, typer.Option("--by", help="Opaque id of the person.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]


@switch_app.command()
def show(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """How risk stands, what is proposed, and what was done."""
    from jinku.base.clock import to_rfc3339

    with _switch(data) as switch:
        stands, acts = switch.stands(), switch.history()
    told = {"on": stands.on, "settings": dict(stands.settings), "proposed": stands.proposed, "by": stands.by}
    lines = [{"at": to_rfc3339(one.at), "by": one.by, "act": one.what, "digest": one.digest} for one in acts]
    out = Output(json)

    def render() -> None:
        out.pairs({name: str(value) for name, value in told.items()})
        out.table(("at", "by", "act"), [[one["at"], one["by"], one["act"]] for one in lines])

    out.show({**told, "acts": lines}, render)


@switch_app.command()
def off(by: By, reason: Reason, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Switch risk off: one person proposes it, another confirms it by the same call."""
    with _switch(data) as switch:
        done = switch.off(by=by, reason=reason)
    _tell("off" if done else "proposed", by, json)


@switch_app.command()
def accept(by: By, reason: Reason, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Let settings in risk.toml count that look at less than before: one person proposes it, another confirms it."""
    with _switch(data) as switch:
        done = switch.accept(by=by, reason=reason)
    _tell("accepted" if done else "proposed", by, json)


@contextmanager
def _switch(data: Path) -> "Iterator[RiskSwitch]":
    import time

    from jinku.bootstrap.risk_switch import RiskSwitch

    with existing_house(data) as house:
        yield RiskSwitch(house.directory, house.control, house.ledger, time.time_ns)
        house.publish()


def _tell(state: str, by: str, json: bool) -> None:
    out, told = Output(json), {"state": state, "by": by}
    out.show(told, lambda: out.pairs(told))
