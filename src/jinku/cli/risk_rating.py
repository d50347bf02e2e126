"""`jinku risk rating …`: how risky a customer is and why, until when, and who stands behind a company."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.inputs import parse_day
from jinku.cli.naming import named
from jinku.cli.options import By
from jinku.cli.output import Json, Output
from jinku.cli.risk_desk import Words, risk_desks, whole

if TYPE_CHECKING:
    from jinku.risk.rating.desk import Counts, Override
    from jinku.risk.rating.engine import Profile
    from jinku.risk.rating.ownership import Holding

_PERCENT = re.compile(r"[0-9]{1,9}(/[0-9]{1,9}|\.[0-9]{1,12})?", re.ASCII)
rating_app = typer.Typer(
    name="rating", help="Rate customers, review in time, look through ownership.", no_args_is_help=True
)
Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's number.")]
Day = Annotated[str, typer.Option("--day", help="YYYY-MM-DD; today where left out.")]


@rating_app.command("rate")
def rate_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: customer,geography,product,channel,kind,behaviour,list,pep,identity_until.",
            dir_okay=False,
        ),
    ],
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Rate the customers of a file by the table in force today."""
    out, profiles = Output(json), read_profiles(file)
    with risk_desks(data) as desks:
        found = desks.ratings.rate(profiles, by)
    rows = [(one.customer, one.grade, one.score, one.review) for one in found]
    out.show(
        [one.document() for one in found], lambda: out.table(("customer", "grade ", "score ", "review"), rows)
    )


@rating_app.command("show")
def show(customer: Customer, day: Day = "", data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Show what counts for a customer: grade, every factor, identity, override, next review."""
    out = Output(json)
    with risk_desks(data) as desks:
        on = parse_day(day) if day else desks.ratings.today()
        counts = desks.ratings.counts(whole(customer, "CUSTOMER"), on)
    value = {**_value(counts), "reasons": [one.document() for one in counts.rating.reasons]}
    rows = [
        (one.factor.value, one.value, one.points, one.floor, one.english, one.chinese)
        for one in counts.rating.reasons
    ]

    def render() -> None:
        out.pairs(_value(counts))
        out.table(("factor", "value", "points ", "floor ", "why", "原因"), rows)

    out.show(value, render)


@rating_app.command()
def due(day: Day = "", data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Whom to rate again by a day. Exit code 1 where somebody is due."""
    out = Output(json)
    with risk_desks(data) as desks:
        found = desks.ratings.due(parse_day(day) if day else desks.ratings.today())
    values = [_value(one) for one in found]
    names = ("customer", "grade", "identity", "review")
    out.show(values, lambda: out.table(names, [[one[name] for name in names] for one in values]))
    if values:
        raise typer.Exit(Exit.REFUSED)


@rating_app.command()
def override(
    customer: Customer,
    grade: Annotated[int, typer.Option("--grade", help="The person's own grade.", min=1, max=5)],
    until: Annotated[str, typer.Option("--until", help="The last day, at most a year away.")],
    text: Words,
    by: By,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Propose another grade than the table's, for a while."""
    with risk_desks(data) as desks:
        number, last = whole(customer, "CUSTOMER"), parse_day(until, "--until")
        _answer(desks.ratings.propose_override(number, grade, last, by, text), json)


@rating_app.command()
def approve(customer: Customer, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Approve what was proposed, a grade of a person's own or its end, as another person."""
    with risk_desks(data) as desks:
        _answer(desks.ratings.approve_override(whole(customer, "CUSTOMER"), by), json)


@rating_app.command()
def refuse(customer: Customer, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Refuse what was proposed; what is in force stays."""
    with risk_desks(data) as desks:
        _answer(desks.ratings.refuse_override(whole(customer, "CUSTOMER"), by, text), json)


@rating_app.command("end")
def end_override(
    customer: Customer, text: Words, by: By, data: Data = DATA_DEFAULT, json: Json = False
) -> None:
    """Propose to end a person's own grade: once another person has approved, the table's counts again."""
    with risk_desks(data) as desks:
        _answer(desks.ratings.end_override(whole(customer, "CUSTOMER"), by, text), json)


@rating_app.command()
def owners(
    file: Annotated[Path, typer.Argument(help="CSV: owner,company,percent[,from,until].", dir_okay=False)],
    company: Annotated[str, typer.Argument(help="Reference of the company.")],
    day: Day = "",
    listed: Annotated[
        str, typer.Option("--listed", help="Names on lists, with commas: what they control.")
    ] = "",
    json: Json = False,
) -> None:
    """Beneficial owners of a company, through all layers and cycles. Exit code 1 where listed names control it."""
    from datetime import date

    from jinku.risk.rating.ownership import beneficial_owners, controlled_by, direct_on

    on = parse_day(day) if day else date.today()  # noqa: DTZ011 - the day of whoever asks
    holdings = read_holdings(file)
    found = beneficial_owners(holdings, company, on)
    names = [one for one in listed.split(",") if one]
    is_controlled = company in controlled_by(names, direct_on(holdings, on)) if names else False
    value: dict[str, Any] = {
        "company": company,
        "day": on.isoformat(),
        "owners": [
            {
                "owner": one.reference,
                "share": str(one.share),
                "percent": f"{float(one.share) * 100:.4f}",
                "controls": one.controls,
                "through": list(one.through),
            }
            for one in found
        ],
        "controlled_by_listed": is_controlled,
    }
    out = Output(json)
    rows = [
        (one["owner"], one["percent"], one["controls"], " → ".join(one["through"])) for one in value["owners"]
    ]
    out.show(value, lambda: out.table(("owner", "percent ", "controls", "through"), rows))
    if is_controlled:
        raise typer.Exit(Exit.REFUSED)


def _value(one: "Counts") -> dict[str, Any]:
    return {
        "customer": str(one.rating.customer),
        "grade": one.grade,
        "table_grade": one.rating.grade,
        "score": one.rating.score,
        "rated": one.rating.day.isoformat(),
        "identity": one.identity.name.lower(),
        "override_until": one.override.until.isoformat() if one.override else "",
        "review": one.review.isoformat(),
    }


def _answer(one: "Override", json: bool) -> None:
    value = {
        "customer": str(one.customer),
        "grade": one.grade,
        "until": one.until.isoformat(),
        "state": one.state,
        "proposed_by": one.by,
        "approved_by": one.approved_by,
    }
    out = Output(json)
    out.show(value, lambda: out.pairs(value))


def read_profiles(file: Path) -> "list[Profile]":
    """The profiles of a CSV file. Raises InputError."""
    from datetime import date

    from jinku.base.csvfile import read_rows
    from jinku.base.errors import InputError
    from jinku.risk.rating.engine import Profile
    from jinku.risk.rating.table import FACTORS

    found = []
    for number, row in read_rows(file, ("customer",)):
        values = {factor: row[factor.value] for factor in FACTORS if row.get(factor.value)}
        try:
            until = date.fromisoformat(row["identity_until"]) if row.get("identity_until") else None
            found.append(Profile(int(row["customer"]), values, until))
        except (ValueError, InputError):
            raise InputError(
                "is no profile", file=file.name, line=number, remedy="customer,geography,…"
            ) from None
    return found


def read_holdings(file: Path) -> "list[Holding]":
    """The holdings of a CSV file. Raises InputError, BadOwnership."""
    from datetime import date
    from fractions import Fraction

    from jinku.base.csvfile import read_rows
    from jinku.base.errors import InputError
    from jinku.risk.rating.errors import BadOwnership
    from jinku.risk.rating.ownership import Holding

    found = []
    for number, row in read_rows(file, ("owner", "company", "percent")):
        try:
            first = date.fromisoformat(row["from"]) if row.get("from") else date.min
            last = date.fromisoformat(row["until"]) if row.get("until") else date.max
            if not _PERCENT.fullmatch(
                row["percent"]
            ):  # a power of ten would be written out before it is refused
                raise ValueError
            with named(file, number):
                share = Fraction(row["percent"]) / 100
                found.append(Holding(row["owner"], row["company"], share, first, last))
        except BadOwnership:
            raise
        except (ValueError, ZeroDivisionError):
            raise InputError(
                "is no holding", file=file.name, line=number, remedy="owner,company,percent"
            ) from None
    return found
