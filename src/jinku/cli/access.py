"""`jinku access …`: credentials of those who read and change nothing. A served house is asked by HTTP."""

from typing import Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output

access_app = typer.Typer(
    name="access", help="Who may read: the auditor's and the bank's credentials.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The holder's name.")]
By = Annotated[str, typer.Option(help="The operator who does it.")]


@access_app.command()
def grant(
    name: Name,
    by: By,
    holder: Annotated[str, typer.Option(help="auditor or bank.")] = "auditor",
    days: Annotated[int, typer.Option(help="How long it is in force.", min=1, max=400)] = 30,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Grant a reader's credential and show its secret, this once."""
    import time

    from jinku.base.errors import InputError
    from jinku.identity.credentials import CredentialBook, Grant, Holder

    if holder not in tuple(Holder):
        raise InputError("is no holder", field="--holder", value=holder, remedy=f"say {' or '.join(Holder)}")
    with existing_house(data) as house:
        book = CredentialBook(house.control, house.ledger.seal, time.time_ns)
        secret = book.grant(Grant(name, Holder(holder), days, by))
    out = Output(json)
    out.show({"name": name, "secret": secret}, lambda: out.line(secret))


@access_app.command()
def revoke(name: Name, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """End a credential: it opens nothing any more."""
    import time

    from jinku.identity.credentials import CredentialBook

    with existing_house(data) as house:
        ended = CredentialBook(house.control, house.ledger.seal, time.time_ns).revoke(name, by)
    out = Output(json)
    out.show({"name": ended.name, "revoked_by": by}, lambda: out.line(f"{name} opens nothing any more"))


@access_app.command(name="list")
def list_(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Every credential that ever was."""
    import time

    from jinku.api.routes.credentials import credential_out
    from jinku.identity.credentials import CredentialBook

    with existing_house(data) as house:
        book = CredentialBook(house.control, house.ledger.seal, time.time_ns)
        rows = [credential_out(one) for one in book.credentials()]
    out = Output(json)
    if not rows and not json:
        out.line("Nobody has a credential. Grant one with `jinku access grant NAME --by OPERATOR`.")
        return
    names = ("name", "holder", "granted_by", "until", "revoked_at")
    shown = [[row[name] for name in names] for row in rows]
    out.show({"credentials": rows}, lambda: out.table([name.replace("_", " ") for name in names], shown))
