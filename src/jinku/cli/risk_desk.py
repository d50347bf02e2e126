"""What the commands of the risk desks share: opening the desks, and reading numbers, words and files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.house import existing_house
from jinku.cli.output import Output

if TYPE_CHECKING:
    from jinku.bootstrap.risk_desks import RiskDesks
    from jinku.risk.acts.book import ActBook

By = Annotated[str, typer.Option("--by", help="Id of the person who does it or looks; must be admitted.")]


def six(number: str) -> str:
    """A number as it is kept; nothing stays nothing."""
    return number.zfill(6) if number else ""


Key = Annotated[
    str,
    typer.Argument(
        metavar="NUMBER", parser=six, help="The number, six digits; leading zeros may be left out."
    ),
]
Words = Annotated[str, typer.Option("--text", help="What there is to say.")]


@contextmanager
def risk_desks(data: Path) -> Iterator["RiskDesks"]:
    """The desks over the data directory `data`; what was sealed is published at the end."""
    import time

    from jinku.bootstrap.risk_desks import open_desks

    with existing_house(data) as house:
        yield open_desks(house, time.time_ns)
        house.publish()


@contextmanager
def opened_acts(data: Path) -> Iterator["ActBook"]:
    """The book of acts over the data directory `data`; what was sealed is published at the end."""
    import time

    from jinku.risk.acts.book import ActBook

    with existing_house(data) as house:
        yield ActBook(house.control, house.ledger, time.time_ns)
        house.publish()


def answer_done(about: str, what: str, as_json: bool) -> None:
    """Say what was done."""
    out = Output(as_json)
    out.show({"about": about, "done": what}, lambda: out.line(f"{about}: {what}"))


def chosen(kind: Any, text: str, option: str) -> Any:
    """A member of the enumeration `kind`. Raises InputError."""
    from jinku.base.errors import InputError

    try:
        return kind(text)
    except ValueError:
        known = ", ".join(str(one.value) for one in kind)
        raise InputError("is not known", field=option, value=text[:40], remedy=f"use {known}") from None


def whole(text: str, option: str) -> int:
    """A whole number of up to 128 bits. Raises InputError, which does not repeat it."""
    from jinku.base.errors import InputError

    if not text.isascii() or not text.isdigit() or len(text) > 39 or int(text) >= 1 << 128:
        raise InputError("is no number of a customer or account", field=option, value="")
    return int(text)


def read_list(file: Path) -> list[Any]:
    """The list in a JSON file. Raises InputError."""
    import json

    from jinku.base.errors import InputError

    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise InputError("is no JSON", file=file.name) from None
    if not isinstance(found, list):
        raise InputError("is no JSON list", file=file.name)
    return found


def read_transfers(file: Path) -> list[tuple[int, int, int, str]]:
    """Transfers of a CSV file: payer, payee, amount, currency. Raises InputError."""
    from jinku.base.csvfile import read_rows
    from jinku.base.errors import InputError

    columns, found = ("payer", "payee", "amount", "currency"), []
    for line, row in read_rows(file, columns):
        try:
            found.append((int(row["payer"]), int(row["payee"]), int(row["amount"]), row["currency"]))
        except ValueError:
            raise InputError(
                "is no transfer",
                file=file.name,
                line=line,
                remedy="numbers in digits, amounts in minor units",
            ) from None
    return found
