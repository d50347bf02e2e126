"""`jinku risk decide|decisions|release|refuse|answer|replay`: what was decided before money moved, and by what."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.naming import named
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap.risk import Risk

By = Annotated[str, typer.Option("--by", help="Who does it: an opaque id.")]
Note = Annotated[str, typer.Option("--note", help="Why, in a few words.")]
Transfer = Annotated[str, typer.Argument(metavar="ID", help="The transfer's id, digits.")]
LIMIT_MAX = 10_000


@contextmanager
def opened_risk(data: Path) -> "Iterator[Risk]":
    """The risk desk of the data directory `data`, what a crash left finished; what was sealed is published at the end.

    Raises InputError where risk is not switched on there, and what opening raises."""
    from jinku.base.errors import InputError
    from jinku.bootstrap.risk import Risk
    from jinku.bootstrap.risk_settings import RISK_FILE

    with existing_house(data) as house:
        if not (data / RISK_FILE).exists():
            raise InputError(
                "has no risk switched on",
                field="--data",
                value=str(data),
                remedy=f"write {RISK_FILE} into it",
            )
        with Risk(house) as risk:
            risk.recover()
            yield risk
        house.publish()


def decide(
    event: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A JSON object with event fields.")
    ],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Decide about one event without writing anything, and explain it: a dry run on today's history."""
    import numpy as np

    from jinku.risk.decision.combining import Basis, decisions
    from jinku.risk.decision.explaining import explained, raised
    from jinku.risk.decision.model import Findings

    with opened_risk(data) as risk:
        with named(event):
            batch = _event_of(event, risk)
        engines, policy = risk.load(risk.versions)
        engines.restore(risk.office.desk.engines.snapshot())
        frame = engines.features(batch)
        findings = Findings(frame.values, engines.model(frame, batch), engines.rules(frame, batch))
        basis = Basis(risk.versions, engines.lines, policy)
        decided = decisions(batch, findings, np.zeros(1, np.uint8), np.zeros(1, np.bool_), basis)
        value = explained(decided, 0, frame.names, engines.lines)
        value["reasons"] = raised(decided, 0, engines)
    out = Output(json)

    def render() -> None:
        out.pairs({name: value[name] for name in ("action", "why", "points", "score")}, "The decision")
        rows = [
            (one["name"], one["action"], one["points"], "shadow" if one["shadow"] else "", one["reason"])
            for one in value["rules"]
        ]
        out.table(("rule", "action", "points ", "", "reason"), rows, "Rules that fired")
        _reasons(out, value["reasons"])
        out.table(("feature", "value "), value["features"].items(), "Features")

    out.show(value, render)


def decided(
    action: Annotated[str, typer.Option(help="Only allow, challenge, hold or deny.")] = "",
    transfer: Annotated[str, typer.Option("--id", help="Only this transfer, with all that made it.")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="With --id: which features raised the model's score.")
    ] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a word now.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX)] = 50,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Decisions, the newest first."""
    from jinku.base.errors import InputError

    out = Output(json)
    if explain and not transfer:
        raise InputError("needs one decision", field="--explain", remedy="name it with --id")
    with opened_risk(data) as risk:
        if transfer:
            one = _one(risk, _number(transfer), explain=explain)
            out.show(one, lambda: _show_one(out, one))
            return
        rows = list(_waiting(risk, limit) if waiting else _newest(risk, _action(action), limit))
    columns = ("id", "time", "action", "why", "amount", "currency", "state")
    out.show(rows, lambda: out.table(columns, [[row[name] for name in columns] for row in rows]))


def release(transfer: Transfer, by: By, note: Note, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Let a held transfer post: the first person proposes, another one confirms."""
    with opened_risk(data) as risk:
        _show(transfer, risk.acts.release(_number(transfer), by=by, note=note), json)


def refuse(transfer: Transfer, by: By, note: Note, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Refuse a held or challenged transfer and free its money: one proposes, another confirms."""
    with opened_risk(data) as risk:
        _show(transfer, risk.acts.refuse(_number(transfer), by=by, note=note), json)


def answer(
    transfer: Transfer,
    evidence: Annotated[str, typer.Option("--evidence", help="The opaque id of the customer's word.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The customer has given a word for a challenged transfer: it posts."""
    with opened_risk(data) as risk:
        _show(transfer, risk.acts.answer(_number(transfer), evidence=evidence, by=by), json)


def replay(
    day: Annotated[str, typer.Option("--day", help="The UTC day, YYYY-MM-DD.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Decide a past day again, with the versions then in force; compare byte for byte. Exit code 1 on a difference."""
    from jinku.cli.inputs import parse_day

    with opened_risk(data) as risk:
        found = risk.replay(parse_day(day))
    value = {
        "day": day,
        "records": found.records,
        "decisions": found.decisions,
        "replay_mismatches": found.mismatches,
        "erased": found.erased,
        "rebuilt_from_events": found.rebuilt,
        "versions": [one.as_json() for one in found.versions],
        "findings": found.findings,
    }
    out = Output(json)

    def render() -> None:
        out.pairs({name: _text(one) for name, one in value.items() if name != "versions"}, "Replayed")

    out.show(value, render)
    if found.mismatches:
        raise typer.Exit(Exit.REFUSED)


def _show_one(out: Output, one: dict[str, Any]) -> None:
    pairs = {name: _text(value) for name, value in one.items() if name != "reasons"}
    out.pairs(pairs, "The decision")
    if "reasons" in one:
        _reasons(out, one["reasons"])


def _reasons(out: Output, reasons: list[dict[str, str]]) -> None:
    """The model's reasons as a table; a line where there are none."""
    if not reasons:
        out.line("No model raised a score here. / 没有模型给出理由。")
        return
    rows = [(one["feature"], f"{one['zh']} / {one['en']}", one["value"], one["gave"]) for one in reasons]
    out.table(("feature", "what it is", "value ", "gave "), rows, "What raised the model's score (log-odds)")


def _show(transfer: str, state: Any, json: bool) -> None:
    out = Output(json)
    value = {"id": transfer, "state": str(state)}
    out.show(value, lambda: out.pairs(value))


def _text(value: Any) -> Any:
    return "\n".join(map(str, value)) if isinstance(value, list) else value


def _number(text: str) -> int:
    from jinku.base.errors import InputError

    if not text.isascii() or not text.isdigit() or len(text) > 39:
        raise InputError("is no id: digits", field="ID", value=text[:40])
    return int(text)


def _action(text: str) -> Any:
    from jinku.base.errors import InputError
    from jinku.risk.decision.model import Action

    if text and text.upper() not in Action.__members__:
        raise InputError("is not allow, challenge, hold or deny", field="--action", value=text[:40])
    return Action[text.upper()] if text else None


def _event_of(file: Path, risk: "Risk") -> Any:
    """The event in a JSON file, after all that were."""
    import json
    import time

    from jinku.base.errors import InputError
    from jinku.risk.decision.office import last_time
    from jinku.risk.events.columns import Column
    from jinku.risk.events.payments import payments
    from jinku.risk.events.schema import PAYMENTS, FieldType

    try:
        fields = json.loads(file.read_bytes())
        if not isinstance(fields, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise InputError("is no JSON object", file=file.name) from None
    makers = {
        FieldType.KEY: lambda value: Column.of_keys([int(value) if str(value).isdigit() else str(value)]),
        FieldType.BIGINT: lambda value: Column.of_integers([int(value)]),
        FieldType.BOOLEAN: lambda value: Column.of_booleans([value]),
        FieldType.VARCHAR: lambda value: Column.of_texts([str(value)]),
    }
    moment = max(time.time_ns() // 1_000, last_time(risk.journal) + 1)
    columns = {"id": Column.of_keys([1]), "time": Column.of_integers([moment])}
    for name, value in fields.items():
        if name in columns:
            continue
        try:
            columns[name] = makers[PAYMENTS.field(name).type](value)
        except (TypeError, ValueError, OverflowError):
            raise InputError(
                "has not the field's type", file=file.name, field=name, value=str(value)[:60]
            ) from None
    return payments(columns, risk.scene.place)


def _newest(risk: "Risk", action: Any, limit: int) -> Iterator[dict[str, Any]]:
    import numpy as np

    from jinku.risk.decision.record import RecordKind, decode

    left = limit
    for number in range(risk.journal.size - 1, -1, -1):
        if int(risk.journal.place(number)["kind"]) != RecordKind.DECISIONS:
            continue
        kept = decode(risk.journal.read(number))
        actions = kept.decided.outcomes["action"]
        places = np.arange(len(actions)) if action is None else np.flatnonzero(actions == action)
        chosen = places[::-1][:left]
        yield from _rows(risk, kept, chosen.tolist())
        left -= len(chosen)
        if not left:
            return


def _rows(risk: "Risk", kept: Any, places: list[int]) -> Iterator[dict[str, Any]]:
    from jinku.base.clock import to_rfc3339
    from jinku.risk.decision.explaining import told

    if not places:
        return
    events = kept.asked.events
    columns = {name: events.column(name).to_list() for name in ("id", "amount", "currency")}
    states = risk.waiting.among([columns["id"][at] for at in places])
    for at in places:
        number = columns["id"][at]
        yield {
            "id": str(number),
            "time": to_rfc3339(int(events.times[at]) * 1_000),
            **told(kept.decided, at),
            "amount": str(columns["amount"][at]),
            "currency": columns["currency"][at],
            "state": str(states[number].state) if number in states else "",
        }


def _waiting(risk: "Risk", limit: int) -> Iterator[dict[str, Any]]:
    from jinku.base.clock import to_rfc3339
    from jinku.risk.decision.waiting import OPEN

    listed = sorted(
        (one for state in OPEN for one in risk.waiting.listed(state, limit)), key=lambda one: -one.since
    )
    for one in listed[:limit]:
        yield {
            "id": str(one.id),
            "time": to_rfc3339(one.since),
            "action": "hold" if one.state == "held" else "challenge",
            "why": one.why,
            "amount": str(one.amount),
            "currency": str(one.ledger),
            "state": str(one.state),
            "proposed": one.proposed,
            "proposed_by": one.proposed_by,
        }


def _one(risk: "Risk", number: int, *, explain: bool) -> dict[str, Any]:
    from jinku.risk.decision.explaining import explained, raised
    from jinku.risk.decision.record import decode

    record, row = risk.office.find(number)
    kept = decode(risk.journal.read(record))
    engines, _ = risk.load(kept.decided.versions)
    [head] = _rows(risk, kept, [row])
    acts = [f"{act['at']} {act['verdict']} by {act['by']}: {act['note']}" for act in risk.acts_of(number)]
    sealed = int(risk.journal.place(record)["seal"])
    values = explained(kept.decided, row, engines.names, engines.lines)
    if explain:
        values["reasons"] = raised(kept.decided, row, engines)
    return head | values | {"record": record, "row": row, "log_entry": sealed, "acts": acts}
