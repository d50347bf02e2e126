"""`jinku screen …`: names against lists of the sanctioned."""

import json as json_module
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.output import Json, Output, note

if TYPE_CHECKING:
    from jinku.risk.screening.compare import Comparison

screen_app = typer.Typer(
    name="screen",
    help="Names against lists of the sanctioned: load, match, screen the book.",
    no_args_is_help=True,
)

_PARTS_MAX = 60


@screen_app.command("pairs")
def screen_pairs(
    file: Annotated[
        Path, typer.Argument(help="CSV with query_name, candidate_name, schema.", dir_okay=False)
    ],
    explain: Annotated[bool, typer.Option("--explain", help="With the reasons of each score.")] = False,
    json: Json = False,
) -> None:
    """Score pairs of names: one score from 0 to 1 and a verdict a row, in the file's order."""
    from jinku.risk.screening.compare import THRESHOLD
    from jinku.risk.screening.pairs import read_pairs, score_pair

    pairs = list(read_pairs(file))
    started = time.perf_counter()
    found = [score_pair(pair.query, pair.candidate, pair.schema) for pair in pairs]
    spent = time.perf_counter() - started
    rows = [
        {
            "query_name": pair.query,
            "candidate_name": pair.candidate,
            "schema": pair.schema,
            "score": round(one.score, 4),
            "match": one.matched,
            "verdict": "match" if one.matched else "no match",
            **(explained(one) if explain else {}),
        }
        for pair, one in zip(pairs, found, strict=True)
    ]
    if json:
        body = {"threshold": THRESHOLD, "count": len(rows), "pairs": rows}
        sys.stdout.write(json_module.dumps(body, ensure_ascii=False) + "\n")
    else:
        Output(False).table(
            ("query", "candidate", "schema", "score ", "verdict"),
            [
                (
                    row["query_name"],
                    row["candidate_name"],
                    row["schema"],
                    f"{row['score']:.3f}",
                    row["verdict"],
                )
                for row in rows
            ],
        )
    note(f"{len(rows)} pairs in {spent:.3f} s, {spent / max(1, len(rows)) * 1e6:.1f} microseconds a pair")


def explained(found: "Comparison") -> dict[str, Any]:
    """The reasons of a score as JSON values."""
    return {
        "paired": [
            {
                "query": one.query,
                "candidate": one.candidate,
                "likeness": round(one.likeness, 3),
                "weight": round(one.weight, 2),
            }
            for one in found.pairs[:_PARTS_MAX]
        ],
        "left_over_query": list(found.left_query),
        "left_over_candidate": list(found.left_candidate),
        "remarks": list(found.remarks),
    }
