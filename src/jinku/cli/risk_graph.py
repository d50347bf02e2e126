"""`jinku risk graph`: accounts ranked by how much their transfers look like laundering."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.output import Json, Output

_SHOWN = 20
_EXPLAINED = 1_000


def graph(
    transactions: Annotated[
        Path, typer.Option(help="CSV: sourceNodeId,targetNodeId,value,time.", exists=True, dir_okay=False)
    ],
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV: nodeid,isFraud. Without it accounts are ranked unsupervised.", dir_okay=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write all accounts, ranked, with reasons.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Score accounts of a transfer graph: five-fold with labels, and without any. AMLSim writes such files."""
    from jinku.base.errors import InputError
    from jinku.risk.graph.scoring import HEADER, score_graph
    from jinku.risk.graph.transfers import read_transfers

    if labels is not None and not labels.is_file():
        raise InputError("there is no such file", field="--labels", value=str(labels))
    scored = score_graph(read_transfers(transactions, labels), _EXPLAINED if out is not None else _SHOWN)
    if out is not None:
        try:
            scored.write(out)
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", field="--out", value=str(out)) from None
    document = scored.document()
    view = Output(json)

    def render() -> None:
        view.pairs({key: item for key, item in document.items() if not isinstance(item, dict | list)})
        rows = [row[:-1] for row, _ in zip(scored.rows(), range(_SHOWN), strict=False)]
        view.table(HEADER[:-1], rows, "most suspicious accounts")

    view.show(document, render)
