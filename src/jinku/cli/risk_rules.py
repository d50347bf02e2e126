"""`jinku risk rules …`: write, check, try on history, publish by two persons, roll back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.options import By, Reason
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.risk.rules.backtest import BackTest, Measure
    from jinku.risk.rules.difference import Difference
    from jinku.risk.rules.model import RuleSet
    from jinku.risk.rules.publishing import RuleDesk
    from jinku.risk.rules.store import Publication, Version

rules_app = typer.Typer(
    name="rules",
    help="Rules: check, try on history, publish by two persons, roll back.",
    no_args_is_help=True,
)

Rules = Annotated[str, typer.Argument(help="A rule set file, a built-in name, or the number of a version.")]
Features = Annotated[str, typer.Option("--features", help="Feature set: a file or a built-in name.")]
Events = Annotated[
    Path, typer.Option("--events", help="Parquet or CSV of events, features and labels.", dir_okay=False)
]
Label = Annotated[str, typer.Option("--label", help="The column that says what was confirmed.")]
Number = Annotated[int, typer.Argument(help="The version's number.", min=1)]
FEATURES_DEFAULT = "payments"
LABEL_DEFAULT = "label"


@rules_app.command()
def check(
    rules: Rules, features: Features = FEATURES_DEFAULT, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Read a rule set as publishing would, against the fields and features that there are."""
    found = _rule_set(rules, features, data)
    out = Output(json)
    told = {
        "name": found.name,
        "rules": len(found.rules),
        "shadow": sum(rule.shadow for rule in found.rules),
        "digest": found.digest.hex(),
    }
    out.show(told, lambda: out.pairs(told))


@rules_app.command()
def show(
    rules: Rules,
    rule: Annotated[str, typer.Option("--rule", help="One rule, with its text for DuckDB and Flink.")] = "",
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """A rule set as a table, or one rule whole."""
    from jinku.risk.rules.errors import RulesRefused

    found, out = _rule_set(rules, features, data), Output(json)
    if rule:
        one = next((each for each in found.rules if each.name == rule), None)
        if one is None:
            raise RulesRefused(f"there is no rule {rule[:64]}", remedy="see the table without --rule")
        told = {**one.document(), "duckdb": one.when.duckdb(), "flink": one.when.flink()}
        out.show(told, lambda: out.pairs(told))
        return
    rows = [one.document() for one in found.rules]
    keys = ("name", "outcome", "score", "typology", "when")
    columns = ("rule", "outcome", "score ", "typology", "when")

    def table() -> None:
        out.table(columns, [[str(row[key]) + _mark(key, row) for key in keys] for row in rows])

    out.show({"name": found.name, "digest": found.digest.hex(), "rules": rows}, table)


@rules_app.command()
def propose(
    file: Annotated[Path, typer.Argument(help="A rule set file.", dir_okay=False)],
    by: By,
    note: Annotated[str, typer.Option("--note", help="What is new.")] = "",
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Keep a rule set as the next version, to be approved by another person."""
    from jinku.risk.rules.reading import text_of

    text, name = text_of(file)
    with _desk(data, features) as desk:
        made = desk.propose(text, by=by, note=note, file=name)
    _show_version(made, "proposed", json)


@rules_app.command()
def approve(
    version: Number,
    by: By,
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Approve a version that another person proposed."""
    with _desk(data, features) as desk:
        made = desk.approve(version, by=by)
    _show_version(made, "approved", json)


@rules_app.command()
def publish(
    version: Number,
    by: By,
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Only watch it beside what is in force.")
    ] = False,
    reason: Reason = "",
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put an approved version into force; its digest is sealed in the log."""
    from jinku.risk.rules.store import Role

    role = Role.CHALLENGER if challenger else Role.CHAMPION
    with _desk(data, features) as desk:
        made = desk.publish(version, by=by, reason=reason, role=role)
    _show_publication(made, json)


@rules_app.command()
def rollback(
    by: By,
    reason: Reason,
    by_two: Annotated[
        bool, typer.Option("--by-two", help="Propose it, or confirm what another person proposed.")
    ] = False,
    to: Annotated[int, typer.Option("--to", help="Version; 0 for the one before.", min=0)] = 0,
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Put an earlier version back into force: any by two persons, each by an own call; the one before alone, at once,
    and to be confirmed."""
    with _desk(data, features) as desk:
        back = desk.rollback_by_two if by_two else desk.rollback
        made = back(by=by, reason=reason, to=to)
    if made is not None:
        _show_publication(made, json)
        return
    out, told = Output(json), {"state": "proposed", "by": by}
    out.show(told, lambda: out.pairs(told))


@rules_app.command()
def confirm(
    number: Annotated[int, typer.Argument(help="The publication's number.", min=1)],
    by: By,
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Confirm a rollback that another person did alone."""
    with _desk(data, features) as desk:
        made = desk.confirm(number, by=by)
    _show_publication(made, json)


@rules_app.command("stop-challenger")
def stop_challenger(
    by: By,
    reason: Reason = "",
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Let the challenger run no longer."""
    with _desk(data, features) as desk:
        made = desk.stop_challenger(by=by, reason=reason)
    _show_publication(made, json)


@rules_app.command("list")
def list_(features: Features = FEATURES_DEFAULT, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Versions with their state, and what was put into force when and by whom. 1: a rollback is not confirmed."""
    from jinku.risk.rules.publishing import describe

    with _desk(data, features) as desk:
        versions = [describe(*one) for one in desk.versions()]
        acts = [one.document() for one in desk.publications()]
    out = Output(json)

    def tables() -> None:
        keys = ("version", "state", "proposed_by", "approved_by", "note")
        out.table(("version ", "state", "proposed by", "approved by", "note"), _cells(versions, keys))
        of_acts = (
            "number",
            "act",
            "role",
            "version",
            "by",
            "second",
            "confirmed_by",
            "sealed_entry",
            "reason",
        )
        columns = ("no. ", "act", "as", "version ", "by", "second", "confirmed by", "log entry ", "reason")
        out.table(columns, _cells(acts, of_acts))

    out.show({"versions": versions, "publications": acts}, tables)
    if any(one["waits"] for one in acts):
        raise typer.Exit(Exit.REFUSED)


@rules_app.command()
def backtest(
    rules: Rules,
    events: Events,
    budget: Annotated[int, typer.Option("--budget", help="Alerts a day that can be looked at.", min=0)] = 0,
    label: Label = LABEL_DEFAULT,
    both_ways: Annotated[
        bool, typer.Option("--both-ways", help="Count over columns too, and compare.")
    ] = False,
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """What a rule set would have found: precision, recall, alerts a day. 1: over the budget, or the ways differ."""
    from jinku.risk.features.reading import load
    from jinku.risk.rules.backtest import counted, counted_in_columns, measured
    from jinku.risk.rules.history import History

    found, out = _rule_set(rules, features, data), Output(json)
    with History.open(events, load(features).namespace, found.inputs, label=label) as history:
        counts = counted(history, found)
        same = counts == counted_in_columns(history, found) if both_ways else None
    result = measured(counts, found, budget)
    told = {**result.document(), **({} if same is None else {"both_ways_equal": same})}

    def tables() -> None:
        _show_backtest(result, out)
        if same is not None:
            out.line(f"DuckDB and columns count {'the same' if same else 'DIFFERENTLY'}.")

    out.show(told, tables)
    if same is False or result.whole.days_over_budget:
        raise typer.Exit(Exit.REFUSED)


@rules_app.command()
def diff(
    old: Rules,
    new: Rules,
    events: Events,
    sample: Annotated[int, typer.Option("--sample", help="Examples to show.", min=0, max=1000)] = 10,
    label: Label = LABEL_DEFAULT,
    features: Features = FEATURES_DEFAULT,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Which past events get another outcome by NEW than by OLD, with examples."""
    from jinku.risk.features.reading import load
    from jinku.risk.rules.difference import difference
    from jinku.risk.rules.history import History

    before, after = (_rule_set(one, features, data) for one in (old, new))
    names = {*before.inputs, *after.inputs}
    with History.open(events, load(features).namespace, names, label=label) as history:
        found = difference(history, before, after, sample=sample)
    out = Output(json)
    out.show(found.document(), lambda: _show_difference(found, out))


@contextmanager
def _desk(data: Path, features: str) -> "Iterator[RuleDesk]":
    """The published rules of the data directory `data`; what was sealed is published after."""
    import time

    from jinku.risk.features.reading import load
    from jinku.risk.rules.publishing import RuleDesk

    namespace = load(features).namespace
    with existing_house(data) as house:
        yield RuleDesk(house.control, house.ledger, namespace, clock=time.time_ns)
        house.publish()


def _rule_set(rules: str, features: str, data: Path) -> "RuleSet":
    """A rule set by its file, built-in name, or version in the data directory."""
    from jinku.risk.features.reading import load as load_features
    from jinku.risk.rules.reading import load

    if rules.isascii() and rules.isdigit():
        with _desk(data, features) as desk:
            return desk.rule_set(int(rules))
    return load(rules, load_features(features).namespace)


def _mark(key: str, row: dict[str, Any]) -> str:
    return " (shadow)" if key == "outcome" and row["shadow"] else ""


def _cells(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[list[Any]]:
    return [[row[key] for key in keys] for row in rows]


def _show_version(version: "Version", state: str, json: bool) -> None:
    from jinku.risk.rules.publishing import describe

    out, told = Output(json), describe(version, state)
    out.show(told, lambda: out.pairs(told))


def _show_publication(act: "Publication", json: bool) -> None:
    out, told = Output(json), act.document()
    out.show(told, lambda: out.pairs(told))


def _show_backtest(found: "BackTest", out: Output) -> None:
    out.pairs(
        {
            "events": found.events,
            "days": f"{found.days} ({found.first_day} … {found.last_day})",
            "true events": found.true_events,
            "days over the budget": found.whole.days_over_budget if found.budget else "no budget",
        }
    )
    columns = (
        "rule",
        "outcome",
        "alerts ",
        "a day ",
        "true ",
        "false ",
        "alone ",
        "precision ",
        "recall ",
        "by value ",
    )
    lines = sorted(found.rules, key=lambda one: -one.alerts)
    fired = [_line(one) for one in lines if one.alerts]
    out.table(columns, [_line(found.whole), *fired])
    silent = [one.name for one in lines if not one.alerts]
    if silent:
        out.line(f"never fired: {', '.join(silent)}")


def _line(one: "Measure") -> list[Any]:
    return [
        one.name,
        f"{one.outcome}{' (shadow)' if one.shadow else ''}",
        one.alerts,
        f"{one.alerts_per_day:.1f}",
        one.true,
        one.false,
        one.alone_true,
        _percent(one.precision),
        _percent(one.recall),
        f"{_percent(one.value_precision)} / {_percent(one.value_recall)}",
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _show_difference(found: "Difference", out: Output) -> None:
    out.pairs({"events": found.events, "changed": found.changed})
    moves = [one for one in found.moves if one.before != one.after]
    rows = [[one.before, one.after, one.events, one.amount, one.true, one.false] for one in moves]
    out.table(("before", "after", "events ", "amount ", "true ", "false "), rows)
    if found.examples:
        lines = [
            [one.id, one.time, one.amount, one.label, one.before, one.after, ", ".join(one.fired_after)]
            for one in found.examples
        ]
        out.table(("event", "time", "amount ", "label", "before", "after", "rules after"), lines, "examples")
