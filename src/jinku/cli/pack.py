"""`jinku pack …`: the resolution pack: make it, check it, print the settings to fill in."""

from pathlib import Path
from typing import Annotated

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.output import Json, Output, note

pack_app = typer.Typer(
    name="pack",
    help="The resolution pack: all that whoever takes over needs, readable without Jinku.",
    no_args_is_help=True,
)

Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key", help="The log's key from your own records, or @FILE; the pack's own where left out."
    ),
]
FontFolders = Annotated[
    list[Path] | None,
    typer.Option("--fonts", help="A folder with a Chinese font, beside the system's.", file_okay=False),
]


@pack_app.command()
def make(
    out: Annotated[Path, typer.Option("--out", help="The folder to make; NAME.zip for one file.")],
    redacted: Annotated[
        bool, typer.Option("--redacted", help="Without names and other personal data.")
    ] = False,
    encrypt_to: Annotated[
        list[Path] | None,
        typer.Option(
            "--encrypt-to",
            help="A receiver's certificate (PEM, RSA), as often as needed: makes NAME.zip.p7m, for `openssl cms`.",
            dir_okay=False,
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            help="resolution.toml in the data directory where left out.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    fonts: FontFolders = None,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Make a resolution pack of the whole data directory, checked before it is handed over."""
    from jinku.custody.pack.deliver import Delivery, deliver
    from jinku.custody.reports.fonts import find_fonts

    wanted = Delivery(out, find_fonts(fonts or ()), redacted, settings, tuple(encrypt_to or ()))
    with existing_house(data) as house:
        made = deliver(house, wanted)
    for one in made.pack.notes:
        note(f"{one.en} {one.zh}")
    printer = Output(json)
    document = made.document()
    printer.show(document, lambda: printer.pairs({key: _plain(value) for key, value in document.items()}))


@pack_app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A pack: a folder, or a zip file.")],
    key: Keys = None,
    json: Json = False,
) -> None:
    """Check a pack as whoever receives it would: every file, the log's seal, the totals. 1: something does not hold."""
    from jinku.verify.command import main

    answer = main(
        [
            "pack",
            str(path),
            *[part for one in key or () for part in ("--key", one)],
            *(["--json"] if json else []),
        ]
    )
    if answer:
        raise typer.Exit(Exit.REFUSED if answer == 1 else Exit.USAGE)


@pack_app.command("settings")
def print_settings(json: Json = False) -> None:
    """Print the settings file to fill in: institution, bank accounts, people, providers, procedures."""
    from jinku.custody.reports.settings import template

    out = Output(json)
    out.show({"settings": template()}, lambda: out.line(template().rstrip("\n")))


def _plain(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
