"""`jinku witness`: a witness that cosigns checkpoints of logs it trusts to append only."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.output import Json, Output

PORT_DEFAULT = 8687


def witness(
    name: Annotated[
        str, typer.Option(help="The witness's name, a schema-less URL such as witness.example/w1.")
    ],
    log: Annotated[
        list[str], typer.Option(help="VKEY of a log to witness, or @FILE with one a line; may be repeated.")
    ],
    data: Annotated[
        Path, typer.Option(help="Directory of the witness's key and database.", file_okay=False)
    ] = Path("jinku-witness"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = PORT_DEFAULT,
    expose: Annotated[
        bool, typer.Option("--expose", help="Allow an address that other machines reach.")
    ] = False,
    json: Json = False,
) -> None:
    """Serve a witness (C2SP tlog-witness) until told to stop."""
    from jinku.api.logs import configure_logs
    from jinku.api.server import Binding, serve
    from jinku.cli.stopping import until_stopped
    from jinku.cli.witnessing import open_witness
    from jinku.log.witness_http import witness_app

    binding = Binding(host, port, expose)
    configure_logs()
    opened = open_witness(data, name, log)
    url = f"http://{host}:{port}"
    about = {
        "url": url,
        "vkeys": [str(key) for key in opened.keys],
        "say": [f"{key}@{url}" for key in opened.keys],
    }
    out = Output(json)
    out.show(
        about,
        lambda: out.pairs(
            {"url": url, "for jinku serve": "\n".join(f"--witness {one}" for one in about["say"])}
        ),
    )
    try:
        until_stopped(lambda: serve(witness_app(opened), binding))
    finally:
        opened.close()
