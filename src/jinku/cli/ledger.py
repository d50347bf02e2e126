"""`jinku ledger …`: read and write one ledger from the command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jinku.cli.failures import Exit
from jinku.cli.house import DATA_DEFAULT, Data, any_house, existing_house
from jinku.cli.output import Amounts, Json, Output

if TYPE_CHECKING:
    from jinku.ledger.model import Account, Transfer

ledger_app = typer.Typer(
    name="ledger", help="Accounts, transfers, history and balances.", no_args_is_help=True
)

Limit = Annotated[int, typer.Option(min=1, max=8_189, help="Rows at most.")]
Money = Annotated[
    bool, typer.Option("--money", help="Write amounts with the decimals of the ledger's currency.")
]
Code = Annotated[int, typer.Option(help="Only this code (0: any).", min=0, max=65_535)]
LedgerNumber = Annotated[int, typer.Option("--ledger", help="Only this ledger (0: any).", min=0)]
Newest = Annotated[bool, typer.Option("--newest", help="Newest first.")]
Id = Annotated[str, typer.Argument(help="A 128-bit id in digits.")]

ACCOUNT_COLUMNS = (
    "id",
    "ledger ",
    "code ",
    "debits pending ",
    "debits ",
    "credits pending ",
    "credits ",
    "flags",
)
TRANSFER_COLUMNS = ("id", "debit", "credit", "amount ", "ledger ", "code ", "flags", "timestamp")


@ledger_app.command()
def accounts(
    data: Data = DATA_DEFAULT,
    code: Code = 0,
    ledger: LedgerNumber = 0,
    limit: Limit = 100,
    newest: Newest = False,
    money: Money = False,
    json: Json = False,
) -> None:
    """List accounts with their balances."""
    from jinku.api.wire.accounts import account_out

    with existing_house(data) as house:
        found = house.ledger.query_accounts(_query(ledger, code, limit, newest))
    out = Output(json)
    out.show(
        {"accounts": [account_out(account) for account in found]}, lambda: _account_table(out, found, money)
    )


@ledger_app.command()
def transfers(
    data: Data = DATA_DEFAULT,
    code: Code = 0,
    ledger: LedgerNumber = 0,
    limit: Limit = 100,
    newest: Newest = False,
    money: Money = False,
    json: Json = False,
) -> None:
    """List transfers."""
    from jinku.api.wire.transfers import transfer_out

    with existing_house(data) as house:
        found = house.ledger.query_transfers(_query(ledger, code, limit, newest))
    out = Output(json)
    out.show({"transfers": [transfer_out(one) for one in found]}, lambda: _transfer_table(out, found, money))


@ledger_app.command()
def show(number: Id, data: Data = DATA_DEFAULT, money: Money = False, json: Json = False) -> None:
    """Show one account or transfer by its id."""
    from jinku.api.wire.accounts import account_out
    from jinku.api.wire.transfers import transfer_out
    from jinku.cli.inputs import parse_id

    wanted, out = parse_id(number), Output(json)
    with existing_house(data) as house:
        found_accounts = house.ledger.lookup_accounts([wanted])
        found_transfers = house.ledger.lookup_transfers([wanted])
        place = house.ledger.transfer_sequence(wanted)
    if not found_accounts and not found_transfers:
        raise _absent(f"there is no account or transfer {wanted}")
    value: dict[str, Any] = {}
    if found_accounts:
        value["account"] = account_out(found_accounts[0])
    if found_transfers:
        value["transfer"] = {**transfer_out(found_transfers[0]), "log_index": place}

    def render() -> None:
        for kind, record in value.items():
            shown = {
                name: ", ".join(item) if isinstance(item, list) else item for name, item in record.items()
            }
            ledger_number = int(record["ledger"])
            for name in ("amount", "debits_pending", "debits_posted", "credits_pending", "credits_posted"):
                if name in shown:
                    shown[name] = Amounts(money).text(int(shown[name]), ledger_number)
            out.pairs(shown, kind)

    out.show(value, render)


@ledger_app.command()
def history(
    account: Id,
    data: Data = DATA_DEFAULT,
    limit: Limit = 100,
    newest: Newest = False,
    money: Money = False,
    json: Json = False,
) -> None:
    """List the transfers of one account."""
    from jinku.api.wire.transfers import transfer_out
    from jinku.cli.inputs import parse_id
    from jinku.ledger.model import AccountFilter, AccountFilterFlags

    flags = AccountFilterFlags.DEBITS | AccountFilterFlags.CREDITS
    if newest:
        flags |= AccountFilterFlags.REVERSED
    wanted, out = parse_id(account), Output(json)
    with existing_house(data) as house:
        if not house.ledger.lookup_accounts([wanted]):
            raise _absent(f"there is no account {wanted}")
        found = house.ledger.get_account_transfers(AccountFilter(wanted, 0, 0, 0, 0, 0, 0, limit, flags))
    out.show({"transfers": [transfer_out(one) for one in found]}, lambda: _transfer_table(out, found, money))


@ledger_app.command()
def balance(
    account: Id,
    at: Annotated[
        str, typer.Option(help="RFC 3339 time, e.g. 2026-11-22T10:30:00Z; now where left out.")
    ] = "",
    data: Data = DATA_DEFAULT,
    money: Money = False,
    json: Json = False,
) -> None:
    """The balance of an account, now or at any past time."""
    import time

    from jinku.api.wire.accounts import balances_out
    from jinku.api.wire.numbers import instant_out
    from jinku.base.clock import from_rfc3339
    from jinku.cli.inputs import parse_id

    wanted, moment, out = parse_id(account), from_rfc3339(at) if at else time.time_ns(), Output(json)
    with existing_house(data) as house:
        found = house.ledger.balances_as_of([wanted], moment)[0]
    if found is None:
        raise _absent(f"there was no account {wanted} at {instant_out(moment)}")
    value = {"account_id": str(wanted), "at": instant_out(moment), **balances_out(found)}
    shown = {
        name: Amounts(money).text(int(item or 0), found.ledger) if "_p" in name else item
        for name, item in value.items()
    }
    out.show(value, lambda: out.pairs(shown))


@ledger_app.command()
def create(
    file: Annotated[
        Path, typer.Argument(help="A .json or .csv file of accounts or transfers.", dir_okay=False)
    ],
    data: Data = DATA_DEFAULT,
    json: Json = False,
) -> None:
    """Create accounts or transfers from a file. Bad input creates nothing. Where the house has risk switched on,
    transfers are decided about first."""
    from jinku.bootstrap.risk_settings import RISK_FILE
    from jinku.cli.creating import create_from

    if (data / RISK_FILE).exists():
        from jinku.cli.risk_decisions import opened_risk

        with opened_risk(data) as risk:
            answer = create_from(risk.house.ledger, file, risk.gate.create_transfers_array)
    else:
        with any_house(data) as house:
            answer = create_from(house.ledger, file)
            house.publish()
    out = Output(json)

    def render() -> None:
        out.pairs({"kind": answer["kind"], "created": answer["created"], "of": answer["events"]})
        if answer["refused"]:
            columns = ("event ", "id", "status", "meaning", "remedy")
            out.table(columns, [tuple(row.values()) for row in answer["refused"]], "Refused")

    out.show(answer, render)
    if answer["refused"]:
        raise typer.Exit(Exit.REFUSED)


@ledger_app.command()
def stat(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Numbers of the ledger and its log."""
    with existing_house(data) as house:
        checkpoint = house.publish()
        value = {
            "origin": house.settings.origin,
            "engine": "embedded" if not house.settings.ledger else house.settings.ledger.partition(":")[0],
            "accounts": len(house.ledger.accounts_array()),
            "entries": house.ledger.size(),
            "published_entries": checkpoint.size,
            "root": checkpoint.root.hex(),
        }
    out = Output(json)
    out.show(value, lambda: out.pairs(value))


@ledger_app.command()
def check(data: Data = DATA_DEFAULT, json: Json = False) -> None:
    """Replay the whole journal and compare it with the books: balances, sums, order."""
    from jinku.cli.checking import check_house

    with existing_house(data) as house:
        value = check_house(house)
    out = Output(json)

    def render() -> None:
        out.pairs({name: item for name, item in value.items() if name != "differences"})
        for difference in value["differences"]:
            out.line(difference)

    out.show(value, render)
    if not value["ok"]:
        raise typer.Exit(Exit.REFUSED)


def _query(ledger: int, code: int, limit: int, newest: bool) -> Any:
    from jinku.ledger.model import QueryFilter, QueryFilterFlags

    flags = QueryFilterFlags.REVERSED if newest else QueryFilterFlags.NONE
    return QueryFilter(0, 0, 0, ledger, code, 0, 0, limit, flags)


def _absent(message: str) -> Exception:
    from jinku.cli.inputs import Absent

    return Absent(message, remedy="look at the id")


def _account_table(out: Output, found: "list[Account]", money: bool) -> None:
    text = Amounts(money).text
    out.table(
        ACCOUNT_COLUMNS,
        [
            (
                one.id,
                one.ledger,
                one.code,
                text(one.debits_pending, one.ledger),
                text(one.debits_posted, one.ledger),
                text(one.credits_pending, one.ledger),
                text(one.credits_posted, one.ledger),
                _flags(one),
            )
            for one in found
        ],
    )


def _transfer_table(out: Output, found: "list[Transfer]", money: bool) -> None:
    from jinku.base.clock import to_rfc3339

    out.table(
        TRANSFER_COLUMNS,
        [
            (
                one.id,
                one.debit_account_id,
                one.credit_account_id,
                Amounts(money).text(one.amount, one.ledger),
                one.ledger,
                one.code,
                _flags(one),
                to_rfc3339(one.timestamp),
            )
            for one in found
        ],
    )


def _flags(record: "Account | Transfer") -> str:
    return " ".join(str(flag.name).lower() for flag in type(record.flags) if flag and flag in record.flags)
