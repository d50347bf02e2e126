"""Opening the data directory that a command works on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jinku.bootstrap import House
    from jinku.bootstrap.custody import Custody

DATA_DEFAULT = Path("jinku-data")
_ALL_ENTRIES = 1 << 62

Data = Annotated[
    Path, typer.Option("--data", envvar="JINKU_DATA", help="The data directory.", file_okay=False)
]


def existing_house(data: Path, *, recheck_all: bool = False) -> "House":
    """Open the data directory `data`; with `recheck_all` every file of the log is compared and mended.

    Raises InputError where there is none, LedgerLocked where it is in use.
    """
    from jinku.bootstrap import open_house

    require_house(data)
    return open_house(data, recheck_entries=_ALL_ENTRIES) if recheck_all else open_house(data)


@contextmanager
def opened_custody(data: Path) -> "Iterator[Custody]":
    """Everything of custody over the data directory `data`, what a crash left half done finished; what was sealed is
    published at the end. Raises what `existing_house` raises."""
    from jinku.bootstrap.custody import Custody
    from jinku.cli.output import note

    with existing_house(data) as house, Custody(house) as custody:
        custody.recover()
        if custody.risk_fault:
            note(f"no money moves, for the risk desk cannot open: {custody.risk_fault}")
        yield custody
        house.publish()


def require_house(data: Path) -> None:
    """Raises InputError unless `data` is a data directory."""
    from jinku.base.errors import InputError
    from jinku.bootstrap import HOUSE_FILE

    if not (data / HOUSE_FILE).exists():
        raise InputError(
            "is not a data directory of jinku",
            field="--data",
            value=str(data),
            remedy="say --data DIR, or make one with `jinku house make --data DIR`",
        )


def any_house(data: Path) -> "House":
    """Open the data directory `data`, and make it where there is none."""
    from jinku.bootstrap import open_house

    return open_house(data)


def log_directory(data: Path) -> Path:
    """The published log of the data directory `data`. Raises InputError where there is none."""
    require_house(data)
    return data / "log"


def log_keys(data: Path) -> list[str]:
    """The public keys of the log of `data`."""
    from jinku.bootstrap import VKEY_FILE

    return (data / VKEY_FILE).read_text(encoding="utf-8").split()
