"""`jinku risk model …`: the registry of models; every step by two persons, every act sealed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.naming import named
from jinku.cli.options import By, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.risk.models.registry import Registered, Registry

model_app = typer.Typer(
    name="model", help="The registry of models: candidate, shadow, champion, retired.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="The model's number.", min=1)]
Purpose = Annotated[str, typer.Option("--purpose", help="What the model decides about.")]


@model_app.command()
def register(
    file: Annotated[Path, typer.Argument(help="A model file.", exists=True, dir_okay=False)],
    owner: Annotated[str, typer.Option("--owner", help="Id of the person who answers for it.")],
    threshold: Annotated[float, typer.Option("--threshold", help="The score at which it alerts.")],
    purpose: Purpose = "cards",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take in a trained model as candidate."""
    with _registry(data) as registry, named(file):
        made = registry.register(file.read_bytes(), purpose=purpose, owner=owner, threshold=threshold)
    _show(made, json)


@model_app.command()
def ask(
    number: Number,
    state: Annotated[str, typer.Option("--state", help="shadow or champion.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask for a model's next step: shadow, then champion."""
    from jinku.base.errors import InputError
    from jinku.risk.models.registry import UP, State

    if state not in {one.value for one in UP.values()}:
        raise InputError("is neither shadow nor champion", field="--state", value=state[:40])
    with _registry(data) as registry:
        made = registry.ask(number, State(state), by=by)
    _show(made, json)


@model_app.command()
def confirm(number: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Confirm what another person asked; the champion before it retires."""
    with _registry(data) as registry:
        made = registry.confirm(number, by=by)
    _show(made, json)


@model_app.command()
def retire(number: Number, by: By, reason: Reason, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Take a model out of use."""
    with _registry(data) as registry:
        made = registry.retire(number, by=by, reason=reason)
    _show(made, json)


@model_app.command()
def rollback(
    by: By,
    reason: Reason,
    purpose: Purpose = "cards",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Make the champion before champion again: one person proposes it, another confirms it by the same call."""
    with _registry(data) as registry:
        made = registry.roll_back(purpose, by=by, reason=reason)
    if made is not None:
        _show(made, json)
        return
    out, told = Output(json), {"state": "proposed", "by": by}
    out.show(told, lambda: out.pairs(told))


@model_app.command()
def override(
    number: Number,
    subject: Annotated[str, typer.Option("--subject", help="Id of the decision.")],
    answer: Annotated[str, typer.Option("--answer", help="What the model said.")],
    instead: Annotated[str, typer.Option("--instead", help="What was decided.")],
    by: By,
    reason: Reason,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Note that a person decided otherwise than the model."""
    from jinku.risk.models.registry import Override

    with _registry(data) as registry:
        act = registry.override(number, Override(subject, answer, instead, reason), by=by)
    out = Output(json)
    told = {"number": number, "act": act}
    out.show(told, lambda: out.pairs(told))


@model_app.command("list")
def list_(
    purpose: Annotated[str | None, typer.Option("--purpose", help="Of one purpose alone.")] = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Models, the newest first."""
    with _registry(data) as registry:
        rows = [one.document() for one in registry.listed(purpose)]
    out = Output(json)
    keys = ("number", "purpose", "state", "asked_state", "owner", "threshold", "model")
    out.show({"models": rows}, lambda: out.table(keys, [[row[key] for key in keys] for row in rows]))


@model_app.command()
def show(number: Number, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """One model: what it was made of, what it brings, and all that was done with it."""
    with _registry(data) as registry:
        found, head, acts = registry.show(number), registry.model(number).head(), registry.acts(number)
    kept = {key: head[key] for key in ("origin", "recipe", "metrics", "thresholds")}
    told = {**found.document(), **kept, "acts": acts}
    out = Output(json)

    def render() -> None:
        out.pairs({**found.document(), **head["origin"], **head["metrics"]})
        out.table(
            ("act", "by", "at", "entry "), [(a["act"], a["by"], a["at"], a["sealed_entry"]) for a in acts]
        )

    out.show(told, render)


def _show(made: "Registered", json: bool) -> None:
    out = Output(json)
    out.show(made.document(), lambda: out.pairs(made.document()))


@contextmanager
def _registry(data: Path) -> "Iterator[Registry]":
    from jinku.risk.models.registry import Registry

    with existing_house(data) as house:
        yield Registry(house.ledger, house.control, clock=time.time_ns)
        house.publish()
