"""`jinku serve`: the HTTP API over one data directory."""

from typing import Annotated

import typer

from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.output import Json, Output

PORT_DEFAULT = 8686


def serve(
    data: Data = DATA_DEFAULT,
    ledger: Annotated[str, typer.Option(help="URL of the ledger's engine, for a new directory.")] = "",
    origin: Annotated[
        str, typer.Option(help="The log's name for a new directory: a schema-less URL, kept for its life.")
    ] = "",
    post_quantum: Annotated[
        bool,
        typer.Option("--post-quantum", help="For a new directory: sign checkpoints with ML-DSA-44 as well."),
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = PORT_DEFAULT,
    expose: Annotated[
        bool, typer.Option("--expose", help="Allow an address that other machines reach.")
    ] = False,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="VKEY@URL of a witness that cosigns checkpoints; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Serve the HTTP API until told to stop. Loopback only, unless --expose is said; then /log asks for the
    token too."""
    from jinku.api.app import create_app
    from jinku.api.logs import configure_logs
    from jinku.api.server import Binding
    from jinku.api.server import serve as serve_app
    from jinku.api.services import open_services
    from jinku.api.token import token_file
    from jinku.bootstrap import open_house
    from jinku.cli.cosigning import cosigning
    from jinku.cli.stopping import until_stopped

    binding = Binding(host, port, expose)
    configure_logs()
    opened = open_house(data, url=ledger, origin=origin, post_quantum=post_quantum)
    with opened as house, cosigning(house, witness or []):
        services = open_services(house, open_log=binding.loopback)
        about = {
            "url": f"http://{host}:{port}",
            "data": str(data),
            "token_file": str(token_file(data)),
            "origin": house.settings.origin,
            "vkeys": house.vkeys,
            "entries": house.ledger.size(),
        }
        out = Output(json)
        out.show(about, lambda: out.pairs({**about, "vkeys": "\n".join(house.vkeys)}, "Jinku serves"))
        services.custody.watch_risk()
        try:
            until_stopped(lambda: serve_app(create_app(services), binding))
        finally:
            services.close()
