"""`jinku risk report …`: drafts, files valid by their schema, what went to the FIU and what it answered."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.naming import named
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import By, Key, Words, risk_desks, six

if TYPE_CHECKING:
    from jinku.risk.reports.content import Content, Moved
    from jinku.risk.reports.large import Line
    from jinku.risk.reports.model import Report

reporting_app = typer.Typer(
    name="report", help="Suspicious and large-value reports, from draft to receipt.", no_args_is_help=True
)
Movements = Annotated[
    Path, typer.Option("--movements", help="CSV of movements (see docs/risk-cases.md).", dir_okay=False)
]
Rates = Annotated[
    Path | None, typer.Option("--rates", help="CSV day,currency,usd: dollars for one unit.", dir_okay=False)
]
Format = Annotated[str, typer.Option("--format", help="goaml, china-xml or china-csv.")]
Receipt = Annotated[str, typer.Option("--receipt", help="The FIU's reference.")]
Schema = Annotated[
    Path | None,
    typer.Option("--schema", help="The format's schema; then the file is validated.", dir_okay=False),
]


@reporting_app.command()
def large(
    movements: Movements,
    rates: Rates = None,
    check: Annotated[bool, typer.Option("--check", help="Compute in a second way too, and compare.")] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Begin the report of what was found.")] = False,
    by: Annotated[str, typer.Option("--by", help="Who drafts it.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Large values of customers' days. Exit code 1 where the two ways differ."""
    from jinku.risk.reports.content import Content, line_document
    from jinku.risk.reports.large import large_values, large_values_plain, read_movements, read_rates

    moved, given = read_movements(movements), read_rates(rates) if rates else []
    found = large_values(moved, given)
    same = not check or found == large_values_plain(moved, given)
    value: dict[str, Any] = {
        "large_values": [line_document(one) for one in found],
        "ways_agree": same if check else None,
    }
    if draft and found and same:
        with risk_desks(data) as desks:
            value["report"] = desks.reports.draft(Content("large_value", "CNY", lines=tuple(found)), by).key
        value["duties"] = _arisen(data, found)
    out = Output(json)

    def render() -> None:
        columns = ("customer", "day", "direction", "rule", "total ", "single")
        out.table(columns, [_line(one) for one in found])
        if "report" in value:
            out.pairs({"report": value["report"]})

    out.show(value, render)
    if not same:
        raise typer.Exit(Exit.REFUSED)


@reporting_app.command()
def draft(
    case: Annotated[str, typer.Option("--case", parser=six, help="Number of the approved case.")],
    by: By,
    movements: Annotated[
        Path | None,
        typer.Option(
            "--movements", help="CSV reference,day,payer,payee,amount,currency,way[,rate].", dir_okay=False
        ),
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help="The report's currency.")] = "CNY",
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Begin a suspicious report from what the case has."""
    from jinku.risk.reports.drafting import Facts, draft_of

    with risk_desks(data) as desks:
        found = desks.cases.case(case, by)
        measures = desks.measures.measures(by, customer=found.subject)
        moved = read_moved(movements) if movements else []
        facts = Facts(found, desks.cases.alerts_of(found.key, by), measures, moved)
        content = draft_of(facts, currency, language, desks.clockwork)
        _answer(desks.reports.draft(content, by, case=found.key), json, content)


@reporting_app.command()
def correct(
    key: Key,
    by: By,
    file: Annotated[Path, typer.Option("--content", help="JSON: the corrected content.", dir_okay=False)],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Begin the correction of a report that was submitted."""
    content = read_content_file(file)
    with risk_desks(data) as desks:
        _answer(desks.reports.draft(content, by, corrects=key), json, content)


@reporting_app.command()
def revise(
    key: Key,
    by: By,
    file: Annotated[
        Path, typer.Option("--content", help="JSON, as `report show --json` gives it.", dir_okay=False)
    ],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Replace the content of a report that is not submitted; it needs approval again."""
    content = read_content_file(file)
    with risk_desks(data) as desks:
        _answer(desks.reports.revise(key, content, by), json, content)


@reporting_app.command()
def approve(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Approve a draft, as one without a hand in it or its case."""
    with risk_desks(data) as desks:
        _answer(desks.reports.approve(key, by), json)


@reporting_app.command()
def drop(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Drop a report that was not submitted."""
    with risk_desks(data) as desks:
        _answer(desks.reports.drop(key, by, text), json)


@reporting_app.command()
def export(
    key: Key,
    by: By,
    name: Format,
    people: Annotated[
        Path, typer.Option("--people", help="JSON: who is behind the references.", dir_okay=False)
    ],
    institution: Annotated[
        Path, typer.Option("--institution", help="JSON: who reports, with codes.", dir_okay=False)
    ],
    file: Annotated[Path, typer.Option("--out", help="The file to be made (mode 600).", dir_okay=False)],
    schema: Schema = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Make the file of an approved report."""
    from jinku.risk.reports.desk import Making
    from jinku.risk.reports.exporter import Institution
    from jinku.risk.reports.people import PeopleFile

    making = Making(name, PeopleFile.read(people), Institution.read(institution), file, schema)
    out = Output(json)
    with risk_desks(data) as desks:
        _, digest = desks.reports.export(key, by, making)
    value = {"report": key, "file_sha256": digest, "schema_checked": schema is not None}
    out.show(value, lambda: out.pairs(value))


@reporting_app.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="A file of that format.", dir_okay=False)],
    name: Format,
    schema: Schema = None,
    json: Json = False,
) -> None:
    """Check a file by its format's rules. Says lines and elements, never values."""
    from jinku.base.errors import InputError
    from jinku.risk.reports.formats import built_in

    exporter = built_in().get(name)
    if exporter is None:
        raise InputError("is no format", field="--format", value=name[:40], remedy=", ".join(built_in()))
    with named(file):
        exporter.check(file.read_bytes(), schema)
    out, value = Output(json), {"valid": True, "schema_checked": schema is not None}
    out.show(value, lambda: out.pairs(value))


@reporting_app.command()
def submit(
    key: Key,
    by: By,
    sha256: Annotated[str, typer.Option("--file-sha256", help="Digest of the file that went to the FIU.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Note that a file of the report went to the FIU."""
    with risk_desks(data) as desks:
        _answer(desks.reports.submit(key, by, sha256), json)


@reporting_app.command()
def acknowledge(
    key: Key,
    receipt: Receipt,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Note the FIU's receipt."""
    with risk_desks(data) as desks:
        _answer(desks.reports.acknowledge(key, by, receipt), json)


@reporting_app.command()
def reject(
    key: Key,
    receipt: Receipt,
    text: Words,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Note that the FIU sent it back, and why."""
    with risk_desks(data) as desks:
        _answer(desks.reports.reject(key, by, receipt, text), json)


@reporting_app.command("list")
def list_reports(by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """List reports and what they wait for. Exit code 1 where one is overdue."""
    out = Output(json)
    with risk_desks(data) as desks:
        waits = {one.report.key: one for one in desks.reports.waiting(by, desks.cases.today())}
        values = []
        for one in desks.reports.reports(by):
            wait = waits.get(one.key)
            values.append(
                {
                    **_value(one),
                    "next": wait.what if wait else "",
                    "due": wait.due.isoformat() if wait else "",
                    "overdue": bool(wait and wait.overdue),
                }
            )
    names = ("report", "kind", "case", "state", "next", "due", "overdue")
    out.show(values, lambda: out.table(names, [[one[name] for name in names] for one in values]))
    if any(one["overdue"] for one in values):
        raise typer.Exit(Exit.REFUSED)


@reporting_app.command("show")
def show(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Show one report and what it says."""
    with risk_desks(data) as desks:
        report = desks.reports.report(key, by)
        _answer(report, json, desks.reports.content(report.key, by))


def _value(one: "Report") -> dict[str, Any]:
    return {
        "report": one.key,
        "kind": one.kind,
        "case": one.case,
        "state": one.stage.value,
        "corrects": one.corrects,
        "corrected_by": one.corrected_by,
        "approved_by": one.approved_by,
        "content_sha256": one.content_digest,
        "files": [{"format": name, "sha256": digest} for name, digest in one.files],
        "submitted_file": one.submitted_file,
        "receipt": one.receipt,
    }


def _answer(one: "Report", json: bool, content: "Content | None" = None) -> None:
    out, value = Output(json), _value(one)
    if content is not None:
        value["content"] = content.document()

    def render() -> None:
        out.pairs({name: item for name, item in value.items() if name not in ("files", "content")})
        if content is not None and content.narrative:
            out.line(content.narrative)
        if value["files"]:
            out.table(("format", "sha256"), [list(each.values()) for each in value["files"]])

    out.show(value, render)


def _line(one: "Line") -> tuple[Any, ...]:
    from jinku.base.currency import currency
    from jinku.base.decimals import format_minor

    together = one.currency == "***"
    unit = currency("USD" if together else one.currency)
    total = f"{format_minor(one.total, unit.exponent)} {'in USD' if together else unit.code}"
    return one.customer, one.day, one.direction, one.rule, total, "yes" if one.single else "no"


def read_content_file(file: Path) -> "Content":
    """The content in a JSON file. Raises InputError, BadAct."""
    from jinku.risk.reports.content import Content
    from jinku.risk.reports.people import read_json

    found = read_json(file)
    return Content.read(found.get("content", found))


def read_moved(file: Path) -> "list[Moved]":
    """Movements of a suspicious report, from a CSV file. Raises InputError."""
    from datetime import date

    from jinku.base.csvfile import read_rows
    from jinku.base.decimals import parse_minor
    from jinku.base.errors import InputError
    from jinku.risk.reports.content import Moved
    from jinku.risk.reports.large import RATE_DECIMALS

    columns, found = ("reference", "day", "payer", "payee", "amount", "currency", "way"), []
    for line, row in read_rows(file, columns):
        try:
            reference, day, payer, payee, amount, currency, way = (row[name] for name in columns)
            rate = parse_minor(row["rate"], RATE_DECIMALS) if row.get("rate") else 0
            found.append(
                Moved(reference, date.fromisoformat(day), payer, payee, int(amount), currency, way, rate)
            )
        except (ValueError, InputError):
            raise InputError(
                "is no movement",
                file=file.name,
                line=line,
                remedy="a day as 2026-11-20, amounts in minor units",
            ) from None
    return found


def _arisen(data: Path, found: "list[Line]") -> int:
    """Let the duty to report each of these lines arise; how many."""
    from jinku.bootstrap.risk_raising import large_value_duties
    from jinku.cli.risk_operational import opened_duties

    with opened_duties(data) as office:
        return large_value_duties(office, found)
