"""How commands answer: a value as JSON, or the same value as a table; and how amounts are written.

Example::

    out = Output(json)
    out.show({"size": 3}, lambda value: out.pairs(value))
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]


class Output:
    """Where the answer of one command goes."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def show(self, value: Any, render: Callable[[], None]) -> None:
        """Write `value` as JSON, or call `render` for a person."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        else:
            render()

    def pairs(self, value: Mapping[str, Any], title: str = "") -> None:
        """`value` as two columns."""
        self.table(("", ""), [(name.replace("_", " "), item) for name, item in value.items()], title)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> None:
        """`rows` under `columns`; a column whose name ends in a blank is aligned to the right."""
        from rich import box
        from rich.table import Table

        table = Table(title=title or None, box=box.SIMPLE, show_header=any(columns), title_justify="left")
        for column in columns:
            justify: Literal["right", "left"] = "right" if column.endswith(" ") else "left"
            table.add_column(column.strip(), justify=justify, overflow="fold")
        for row in rows:
            table.add_row(*("" if cell is None else _shown(str(cell)) for cell in row))
        console().print(table)

    def line(self, text: str) -> None:
        """One line, as it is."""
        sys.stdout.write(text + "\n")


def _shown(text: str) -> str:
    """`text` without anything that a terminal would act on, newlines apart."""
    return "".join(one if one.isprintable() or one == "\n" else "\ufffd" for one in text)


def console() -> "Console":
    """The console on standard output, without markup in what comes from outside."""
    from rich.console import Console

    return Console(markup=False, highlight=False, soft_wrap=not sys.stdout.isatty())


def note(text: str) -> None:
    """One line on standard error: progress and asides, never the answer."""
    sys.stderr.write(text + "\n")


class Amounts:
    """Writes amounts: minor units as they are, or with the decimals of the currency whose number the ledger
    has."""

    def __init__(self, as_money: bool) -> None:
        self._as_money = as_money

    def text(self, amount: int, ledger: int) -> str:
        """`amount` of a ledger, e.g. ``12.50 CNY`` for 1250 in ledger 156; unknown ledgers stay in minor
        units."""
        if not self._as_money:
            return str(amount)
        from jinku.base.currency import TABLE
        from jinku.base.decimals import format_minor

        for unit in TABLE:
            if unit.number == ledger:
                return f"{format_minor(amount, unit.exponent)} {unit.code}"
        return str(amount)
