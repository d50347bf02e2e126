"""`jinku screen …`: names against lists of the sanctioned."""

import json as json_module
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import DATA_DEFAULT, Data
from jinku.cli.output import Json, Output, note
from jinku.cli.risk_screening_lists import adopt, book_app, confirm, desk, diff, lists, load, whitelist_app

if TYPE_CHECKING:
    from jinku.risk.screening.compare import Comparison

screen_app = typer.Typer(
    name="screen",
    help="Names against lists of the sanctioned: load, match, screen the book.",
    no_args_is_help=True,
)
screen_app.command("load")(load)
screen_app.command("confirm")(confirm)
screen_app.command("lists")(lists)
screen_app.command("diff")(diff)
screen_app.command("adopt")(adopt)
screen_app.add_typer(book_app)
screen_app.add_typer(whitelist_app)

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


@screen_app.command("name")
def screen_name(
    name: Annotated[str, typer.Argument(help="The name.")],
    schema: Annotated[str, typer.Option("--schema", help="Person, Company, Organization, Vessel …")] = "",
    birth_date: Annotated[str, typer.Option("--birth-date", help="YYYY, YYYY-MM or YYYY-MM-DD.")] = "",
    country: Annotated[
        list[str] | None, typer.Option("--country", help="Code or name, as often as needed.")
    ] = None,
    number: Annotated[
        list[str] | None, typer.Option("--id", help="Passport, IMO, registration number …")
    ] = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """One name against the lists in force, each hit with every reason of its score."""
    from jinku.base.errors import InputError
    from jinku.risk.screening.facts import sound_birth
    from jinku.risk.screening.formats.reading import country as country_code
    from jinku.risk.screening.formats.reading import identifier
    from jinku.risk.screening.model import Facts, Subject
    from jinku.risk.screening.names import Kind

    if birth_date and not sound_birth(birth_date):
        raise InputError("is no date", field="--birth-date", remedy="YYYY, YYYY-MM or YYYY-MM-DD")
    facts = Facts(
        (birth_date,) if birth_date else (),
        tuple(country_code(one) for one in country or ()),
        "",
        tuple(identifier(one) for one in number or ()),
    )
    with desk(data) as on:
        running = on.lists.running()
        found = running.index.search(Subject("asked", (name,), Kind.of(schema), facts))
    hits = [
        {
            "entry": hit.entry.key,
            "kind": hit.entry.kind.value,
            "name": hit.name,
            "program": hit.entry.program,
            "score": round(hit.score, 4),
            "reasons": [part.text for part in hit.parts],
            **explained(hit.comparison),
        }
        for hit in found
    ]
    out = Output(json)
    rows = [(hit["entry"], hit["name"], f"{hit['score']:.3f}", "; ".join(hit["reasons"])) for hit in hits]
    out.show(
        {"versions": running.key, "hits": hits},
        lambda: out.table(("entry", "name", "score ", "reasons"), rows),
    )


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
