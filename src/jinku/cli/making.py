"""`jinku house …`: make a data directory, and see what it is."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output

if TYPE_CHECKING:
    from jinku.bootstrap import House

house_app = typer.Typer(
    name="house", help="The data directory: make it, see what it is.", no_args_is_help=True
)


@house_app.command()
def make(
    data: Data = DATA_DEFAULT,
    origin: Annotated[
        str, typer.Option(help="The log's name: a schema-less URL, kept for its life; random where left out.")
    ] = "",
    ledger: Annotated[
        str, typer.Option(help="URL of the ledger's engine; inside the directory where left out.")
    ] = "",
    control: Annotated[
        str, typer.Option(help="URL of the control database; inside the directory where left out.")
    ] = "",
    post_quantum: Annotated[
        bool, typer.Option("--post-quantum", help="Sign checkpoints with ML-DSA-44 as well.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a data directory: keys, an empty ledger, its log. The same again changes nothing."""
    from jinku.bootstrap import open_house

    with open_house(data, url=ledger, control=control, origin=origin, post_quantum=post_quantum) as house:
        _show(house, Output(json))


@house_app.command()
def show(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """What a data directory is: its log's name and keys, its engine, how many entries it has."""
    with existing_house(data) as house:
        _show(house, Output(json))


def _show(house: "House", out: Output) -> None:
    ledger, control = house.settings.ledger, house.settings.control
    about: dict[str, Any] = {
        "data": str(house.directory),
        "origin": house.settings.origin,
        "vkeys": house.vkeys,
        # never the URL: it may hold a password
        "engine": ledger.partition(":")[0] or "embedded",
        "control": control.partition(":")[0] or "embedded",
        "entries": house.ledger.size(),
    }
    out.show(about, lambda: out.pairs({**about, "vkeys": "\n".join(house.vkeys)}))
