"""`jinku risk case …`: from what was seen to an end that two persons stand behind."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import By, Key, Words, chosen, read_transfers, risk_desks, six, whole

if TYPE_CHECKING:
    from jinku.bootstrap.risk_desks import RiskDesks
    from jinku.risk.cases.model import Case

case_app = typer.Typer(
    name="case", help="Cases: investigated by one person, approved by another.", no_args_is_help=True
)
Number = Annotated[list[int], typer.Option("--alert", help="Number of an alert; may be repeated.")]


# --- who may know ---------------------------------------------------------------------------------------------------


@case_app.command()
def admit(
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    role: Annotated[str, typer.Option("--role", help="analyst, approver or auditor.")],
    by: By,
    text: Words,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Admit a person to what nobody else may know of."""
    from jinku.risk.cases.access import Role

    with risk_desks(data) as desks:
        _show_list(desks.access.admit(person, chosen(Role, role, "--role"), by=by, text=text), json)


@case_app.command()
def withdraw(
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    by: By,
    text: Words,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Take a person off the list of those who may know."""
    with risk_desks(data) as desks:
        _show_list(desks.access.withdraw(person, by=by, text=text), json)


def _show_list(listed: "dict[str, Any]", json: bool) -> None:
    out, rows = Output(json), sorted(listed.items())
    out.show({name: role.value for name, role in rows}, lambda: out.table(("person", "role"), rows))


# --- work -----------------------------------------------------------------------------------------------------------


@case_app.command("open")
def open_case(
    by: By,
    text: Words,
    alert: Number = [],  # noqa: B006 - typer's way of saying that it may be repeated
    subject: Annotated[
        str, typer.Option("--subject", help="Customer or account, where there is no alert.")
    ] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Open a case of alerts."""
    with risk_desks(data) as desks:
        about = whole(subject, "--subject") if subject else None
        _answer(desks, desks.cases.open(alert, by, text, subject=about), json)


@case_app.command()
def join(key: Key, alert: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Take further alerts into a case."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.join(key, alert, by), json)


@case_app.command()
def assign(
    key: Key,
    owner: Annotated[str, typer.Option("--owner", help="Id of the person who has it from now on.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Give a case to somebody, or take it oneself."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.assign(key, owner, by), json)


@case_app.command()
def investigate(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Say that work on a case has begun."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.investigate(key, by), json)


@case_app.command()
def note(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Add a note; it can never be changed."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.note(key, by, text), json)


@case_app.command()
def evidence(
    key: Key,
    by: By,
    reference: Annotated[
        str, typer.Option("--reference", help="What it is called: opaque, no names, no blanks.")
    ],
    file: Annotated[
        Path | None, typer.Option("--file", help="A file to be kept as evidence.", dir_okay=False)
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="record, decision, list, transfer, alert, report.")
    ] = "record",
    sha256: Annotated[str, typer.Option("--sha256", help="Its digest, where it is kept elsewhere.")] = "",
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Add evidence: a file that is kept under its digest, or the digest of a record."""
    with risk_desks(data) as desks:
        if file is not None:
            case = desks.cases.keep_file(key, by, reference, file.read_bytes())
        else:
            case = desks.cases.add_evidence(key, by, kind, reference, sha256)
        _answer(desks, case, json)


@case_app.command()
def link(
    key: Key,
    other: Annotated[str, typer.Option("--case", parser=six, help="The other case's number.")],
    why: Annotated[str, typer.Option("--why", help="same_subject, same_network, same_typology or follows.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Link two cases, in both histories."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.link(key, by, other, why), json)


@case_app.command()
def share(
    key: Key,
    person: Annotated[str, typer.Option("--person", help="Id of the person; must be admitted.")],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Let another admitted person see a case."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.share(key, person, by), json)


@case_app.command()
def propose(
    key: Key,
    outcome: Annotated[str, typer.Option("--outcome", help="dismiss, report or measure.")],
    text: Words,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose how a case ends, as its owner."""
    from jinku.risk.cases.model import Outcome

    with risk_desks(data) as desks:
        wanted = chosen(Outcome, outcome, "--outcome")
        _answer(desks, desks.cases.propose(key, by, wanted, text), json)


@case_app.command()
def approve(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Approve what is proposed, as one without a hand in the case."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.approve(key, by), json)


@case_app.command()
def reject(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Send a case back to its owner, with a reason."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.reject(key, by, text), json)


@case_app.command()
def close(
    key: Key,
    by: By,
    made: Annotated[
        list[str],
        typer.Option("--made", parser=six, help="Number of the report or measure; may be repeated."),
    ],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Close an approved case with the report that was submitted or the measure that is in force."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.close(key, by, made), json)


@case_app.command()
def reopen(key: Key, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Open a closed case again; its clocks begin anew."""
    with risk_desks(data) as desks:
        _answer(desks, desks.cases.reopen(key, by, text), json)


# --- looking --------------------------------------------------------------------------------------------------------


@case_app.command("list")
def list_cases(
    by: By,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """List the cases that one may know of. Exit code 1 where a deadline has passed."""
    out = Output(json)
    with risk_desks(data) as desks:
        values = [line(desks, one) for one in desks.cases.cases(by, living=not everything)]
    columns = ("case", "priority ", "subject", "state", "owner", "next", "due", "")
    rows = [
        (
            one["case"], one["priority"], one["subject"], one["state"], one["owner"], one["next"], one["due"],
            "overdue" if one["overdue"] else "",
        )
        for one in values
    ]  # fmt: skip
    out.show(values, lambda: out.table(columns, rows))
    if any(one["overdue"] for one in values):
        raise typer.Exit(Exit.REFUSED)


@case_app.command("show")
def show_case(key: Key, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Show one case: deadlines, alerts, evidence and the whole history."""
    from jinku.base.clock import to_rfc3339

    out = Output(json)
    with risk_desks(data) as desks:
        case = desks.cases.case(key, by)
        value = {
            **line(desks, case),
            "clocks": [
                {
                    **one._asdict(),
                    "began": str(one.began),
                    "due": str(one.due),
                    "done": one.done and str(one.done),
                }
                for one in desks.cases.clocks(case, desks.cases.today())
            ],
            "alerts": [one.document() for one in desks.cases.alerts_of(case.key, by)],
            "evidence": [
                {"kind": one.kind, "reference": one.reference, "sha256": one.sha256} for one in case.evidence
            ],
            "missing_evidence": desks.cases.missing_evidence(case),
            "links": [{"case": other, "why": why} for other, why in case.links],
            "made": list(case.made),
            "history": [
                {"at": to_rfc3339(one.at), "by": one.by, "what": one.what, **one.body, "digest": one.digest}
                for one in desks.cases.history(case.key, by)
            ],
        }

    def render() -> None:
        out.pairs({name: item for name, item in value.items() if not isinstance(item, list)})
        clocks = [
            (one["what"], one["began"], one["due"], one["done"], one["age_days"]) for one in value["clocks"]
        ]
        out.table(("deadline", "began", "due", "done", "days "), clocks)
        told = [
            (one["at"], one["by"], one["what"], one.get("text") or one.get("owner") or "")
            for one in value["history"]
        ]
        out.table(("at", "by", "what", ""), told)

    out.show(value, render)


@case_app.command()
def graph(
    key: Key,
    by: By,
    movements: Annotated[
        Path, typer.Option("--movements", help="CSV: payer,payee,amount,currency.", dir_okay=False)
    ],
    hops: Annotated[int, typer.Option("--hops", help="How far around the subject.", min=1, max=4)] = 2,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Write a drawing (mode 600).", dir_okay=False)
    ] = None,
    dot: Annotated[
        Path | None, typer.Option("--dot", help="Write Graphviz text (mode 600).", dir_okay=False)
    ] = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """The entity graph of a case: accounts and transfers within some hops of its subject."""
    from jinku.base.files import replace_durably
    from jinku.risk.cases.graph import Node, grow, transfers_between

    out = Output(json)
    with risk_desks(data) as desks:
        case = desks.cases.case(key, by)
    found = grow(
        [Node("account", str(case.subject))], transfers_between(read_transfers(movements)), hops=hops
    )
    for path, text in ((svg, found.svg()), (dot, found.dot())):
        if path is not None:
            replace_durably(path, text.encode(), 0o600)
    value = found.json()
    rows = [
        (one["from"], one["to"], one["kind"], one["count"], one["amount"], one["currency"])
        for one in value["edges"]
    ]
    out.show(value, lambda: out.table(("from", "to", "kind", "times ", "amount ", "currency"), rows))


@case_app.command()
def ask(
    by: By,
    subject: Annotated[str, typer.Option("--subject", help="Customer or account.")],
    authority: Annotated[str, typer.Option("--authority", help="The authority's reference.")],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Ask, for an authority, for everything about a subject; another approver hands it over."""
    out = Output(json)
    with risk_desks(data) as desks:
        value = {"inquiry": desks.inquiry.ask(whole(subject, "--subject"), authority, by)}
    out.show(value, lambda: out.pairs(value))


@case_app.command()
def hand_over(
    key: Key,
    by: By,
    file: Annotated[Path, typer.Option("--out", help="The ZIP file to be made (mode 600).", dir_okay=False)],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Make the file of an inquiry, as another approver than asked. Exit code 1 where evidence is missing."""
    out = Output(json)
    with risk_desks(data) as desks:
        value = desks.inquiry.hand_over(key, by, file)
    out.show(
        value,
        lambda: out.pairs(
            {"files": len(value["files"]), "missing": len(value["missing"]), "sha256": value["sha256"]}
        ),
    )
    if value["missing"]:
        raise typer.Exit(Exit.REFUSED)


@case_app.command()
def verify(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Verify every act, seal, alert and rating against the log. Counts only."""
    out = Output(json)
    with risk_desks(data) as desks:
        value = {**desks.audit(), "verified": True}
    out.show(value, lambda: out.pairs(value))


# --- parts ----------------------------------------------------------------------------------------------------------


def line(desks: "RiskDesks", case: "Case") -> dict[str, Any]:
    """A case as one row, with the deadline that runs."""
    clocks = desks.cases.clocks(case, desks.cases.today())
    running = (
        next((one for one in clocks if one.done is None), None) if case.state.value != "closed" else None
    )
    return {
        "case": case.key,
        "subject": str(case.subject),
        "priority": case.priority,
        "state": case.state.value,
        "owner": case.owner,
        "outcome": case.proposal.outcome.value if case.proposal else "",
        "proposed_by": case.proposal.by if case.proposal else "",
        "approved_by": case.approved_by,
        "next": running.what if running else "",
        "due": running.due.isoformat() if running else "",
        "overdue": running.overdue if running else False,
        "notes": case.notes,
        "reopened": case.reopened,
    }


def _answer(desks: "RiskDesks", case: "Case", json: bool) -> None:
    out, value = Output(json), line(desks, case)
    out.show(value, lambda: out.pairs(value))
