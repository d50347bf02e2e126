"""`jinku balance …`: any balance as of one moment, as known at another."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from jinku.cli.house import DATA_DEFAULT, Data, existing_house
from jinku.cli.inputs import parse_id
from jinku.cli.output import Amounts, Json, Output

if TYPE_CHECKING:
    from jinku.custody.structure.bitemporal import EffectiveBooks


class _Group(typer.core.TyperGroup):
    """``jinku balance ACCOUNT`` is short for ``jinku balance of ACCOUNT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments of the group."""
        if args and args[0].isdigit():
            args = ["of", *args]
        return super().parse_args(ctx, args)


balance_app = typer.Typer(
    name="balance",
    help="Any balance as of one moment, as known at another: `jinku balance ACCOUNT`.",
    no_args_is_help=True,
    cls=_Group,
)
AsOf = Annotated[
    str,
    typer.Option(
        "--as-of",
        help="What counts: a business day (its cut-off) or an RFC 3339 time; everything if left out.",
    ),
]
KnownAt = Annotated[
    str,
    typer.Option(
        "--known-at", help="What was known: a business day's cut-off or an RFC 3339 time; now if left out."
    ),
]
StructureOption = Annotated[
    str,
    typer.Option(
        "--structure",
        help="Whose calendar, time zone and cut-off: a structure's name or TOML file; the entity's where left out.",
    ),
]
Entity = Annotated[int, typer.Option("--entity", help="Number of the legal entity whose hours count.", min=1)]
Account = Annotated[str, typer.Argument(help="The account's id, in digits.")]
Money = Annotated[bool, typer.Option("--money", help="With decimals and currency.")]


@contextmanager
def effective_books(data: Path, structure: str, entity: int) -> Iterator["EffectiveBooks"]:
    """The books of the data directory `data` by effective time: by the hours of `structure`, or of the legal entity."""
    from jinku.bootstrap.custody import Custody
    from jinku.custody.structure.bitemporal import EffectiveBooks
    from jinku.custody.structure.bitemporal_hours import BusinessHours
    from jinku.custody.structure.template import load_structure

    hours = BusinessHours.of(load_structure(structure)) if structure else None
    with existing_house(data) as house, Custody(house) as custody:
        yield EffectiveBooks(house.ledger, hours) if hours else custody.effective(entity)


@balance_app.command()
def of(
    account: Account,
    as_of: AsOf = "",
    known_at: KnownAt = "",
    structure: StructureOption = "",
    money: Money = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """One account's sums as of a moment, as known at another."""
    number = parse_id(account)
    with effective_books(data, structure, number >> 96 or 1) as books:
        effective, known = _moment(books, as_of), _moment(books, known_at)
        one = books.balance_at(number, effective, known)
    out, amounts = Output(json), Amounts(money)
    ledger = number >> 16 & 0xFFFF
    value = {
        "account": str(number),
        "as_of": _when(effective),
        "known_at": _when(known),
        "balance": str(one.credit_balance),
        "debits_pending": str(one.debits_pending),
        "debits_posted": str(one.debits_posted),
        "credits_pending": str(one.credits_pending),
        "credits_posted": str(one.credits_posted),
    }
    shown = {**value, "balance": amounts.text(one.credit_balance, ledger)}
    out.show(value, lambda: out.pairs(shown))


@balance_app.command("all")
def everything(
    as_of: AsOf = "",
    known_at: KnownAt = "",
    entity: Entity = 1,
    structure: StructureOption = "",
    money: Money = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Every account's sums as of a moment, as known at another."""
    from jinku.ledger.layout import u128

    with effective_books(data, structure, entity) as books:
        effective, known = _moment(books, as_of), _moment(books, known_at)
        rows = books.accounts_at(effective, known)
    out, amounts = Output(json), Amounts(money)
    names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
    columns = [u128(rows, name) for name in ("id", *names)]
    values = [
        {
            "account": str(number),
            "code": code,
            "ledger": ledger,
            **{name: str(item) for name, item in zip(names, sums, strict=True)},
            "balance": str(sums[3] - sums[1]),
        }
        for number, code, ledger, *sums in zip(
            columns[0], rows["code"].tolist(), rows["ledger"].tolist(), *columns[1:], strict=True
        )
    ]
    lines = [
        (v["account"], v["code"], amounts.text(int(v["balance"]), v["ledger"]), v["debits_pending"])
        for v in values
    ]
    document = {"as_of": _when(effective), "known_at": _when(known), "accounts": values}
    out.show(document, lambda: out.table(("account", "kind", "balance ", "held "), lines))


@balance_app.command()
def changes(
    as_of: Annotated[
        str, typer.Option("--as-of", help="The past day (its cut-off) or time that is looked at.")
    ],
    first: Annotated[
        str, typer.Option("--known-at", help="What was known first: a day's cut-off or a time.")
    ],
    second: Annotated[str, typer.Option("--until", help="And later; now if left out.")] = "",
    entity: Entity = 1,
    structure: StructureOption = "",
    money: Money = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """What later bookings changed of a past day: accounts and entries."""
    from jinku.base.clock import to_rfc3339

    with effective_books(data, structure, entity) as books:
        found = books.changes(_moment(books, as_of), _moment(books, first), _moment(books, second))
    out, amounts = Output(json), Amounts(money)
    value = {
        "as_of": _when(found.effective),
        "known_at": _when(found.first),
        "until": _when(found.second),
        "accounts": [
            {
                "account": str(one.account),
                "before": str(one.before[3] - one.before[1]),
                "after": str(one.after[3] - one.after[1]),
                "change": str(one.amount),
            }
            for one in found.accounts
        ],
        "transfers": [
            {"transfer": str(number), "booked": to_rfc3339(booked), "day": day}
            for number, booked, day in found.transfers
        ],
    }

    def render() -> None:
        rows = [(one.account, amounts.text(one.amount, one.account >> 16 & 0xFFFF)) for one in found.accounts]
        out.table(("account", "change "), rows)
        out.table(("transfer", "booked", "day"), [tuple(one.values()) for one in value["transfers"]])

    out.show(value, render)


@balance_app.command()
def statement(
    account: Account,
    since: Annotated[str, typer.Option("--since", help="After this day's cut-off or time.")],
    as_of: AsOf = "",
    known_at: KnownAt = "",
    structure: StructureOption = "",
    money: Money = False,
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """A statement of account between two moments, in order of effective time, as known at a moment."""
    number = parse_id(account)
    with effective_books(data, structure, number >> 96 or 1) as books:
        found = books.statement(
            number, _moment(books, since), _moment(books, as_of), _moment(books, known_at)
        )
    out, amounts, ledger = Output(json), Amounts(money), number >> 16 & 0xFFFF
    value = {
        "account": str(number),
        "opening": str(found.opening.credit_balance),
        "closing": str(found.closing.credit_balance),
        "lines": [
            {
                "effective": _when(one.effective),
                "booked": _when(one.booked),
                "day": one.day,
                "transfer": str(one.transfer),
                "code": one.code,
                "amount": str(one.amount),
                "balance": str(one.after[3] - one.after[1]),
                "back_dated": one.is_back_dated,
            }
            for one in found.lines
        ],
    }

    def render() -> None:
        rows = [
            (
                _when(one.effective),
                one.transfer,
                amounts.text(one.amount, ledger),
                amounts.text(one.after[3] - one.after[1], ledger),
                "dated back" if one.is_back_dated else "",
            )
            for one in found.lines
        ]
        out.table(
            ("effective", "transfer", "amount ", "balance ", ""),
            rows,
            amounts.text(found.opening.credit_balance, ledger),
        )

    out.show(value, render)


def _moment(books: "EffectiveBooks", text: str) -> int:
    """The cut-off of a day, or a moment; the end of time where nothing is said. Raises InputError."""
    from datetime import date

    from jinku.base.clock import from_rfc3339
    from jinku.base.errors import InputError
    from jinku.custody.structure.bitemporal_hours import INSTANT_MAX

    if not text:
        return INSTANT_MAX
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return from_rfc3339(text)
    try:
        return books.hours.closing(date.fromisoformat(text))
    except ValueError:
        raise InputError("is not a day", field="time", value=text, remedy="write 2026-11-20") from None


def _when(moment: int) -> Any:
    from jinku.base.clock import to_rfc3339
    from jinku.custody.structure.bitemporal_hours import INSTANT_MAX

    return None if moment == INSTANT_MAX else to_rfc3339(moment)
