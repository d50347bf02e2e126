"""Instructions in flight: money that is held and whose end is not known yet, as the ledger has it.

Rules:

1. A hold is in flight from its booking until it is posted, voided or timed out; the table has every such hold as of the
   pack's entry of the journal.
2. A withdrawal's hold is an instruction to the bank: what the bank did with it must be asked of the bank.

Example::

    holds_section(house.ledger, standing)
"""

from collections.abc import Iterator

from jinku.base.clock import NS_PER_SECOND
from jinku.base.currency import currency_by_number
from jinku.custody.pack.money import holder
from jinku.custody.reports.journal import Journal, Standing, movements, open_holds
from jinku.custody.reports.section import Both, Row, Section, moment, money, text
from jinku.custody.structure.table import Movement
from jinku.ledger.layout import Array, u128

_MEANING = {
    Movement.BID: Both("bid held for a project", "投标冻结"),
    Movement.WITHDRAWAL: Both(
        "withdrawal asked for, the bank has not said what became of it", "提现处理中，待银行结果"
    ),
}


def holds_section(ledger: Journal, books: Standing) -> Section:
    """Every open hold, oldest first."""
    held = open_holds(movements(ledger, books.size))
    return Section(
        "in_flight",
        Both("Instructions in flight", "在途指令（未完结冻结）"),
        (
            moment("booked", "Since", "冻结时间"),
            text("currency", "Currency", "币种"),
            money("amount", "Amount", "金额", wide=2),
            text("kind", "Kind", "类型"),
            text("meaning", "Meaning", "含义", wide=3),
            text("from_account", "Of account", "付款账户", wide=3),
            text("from_holder", "Of", "付款方"),
            text("to_account", "To account", "收款账户", wide=3),
            text("to_holder", "To", "收款方"),
            text("transfer", "Transfer", "转账编号", wide=3),
            text("subject", "About", "标的", wide=2),
            text("reference", "Bank reference", "银行流水"),
            moment("times_out", "Times out", "到期时间"),
        ),
        _rows(held),
        note=Both(
            "Held money is still the payer's until the hold is posted.", "冻结资金在划付之前仍归付款方所有。"
        ),
        empty=Both("Nothing is held: every order has ended.", "无未完结冻结，所有指令均已完结。"),
    )


def _rows(held: Array) -> Iterator[Row]:
    event = held["event"]
    names = ("id", "debit_account_id", "credit_account_id", "amount", "user_data_128")
    wide = zip(*(u128(event, name) for name in names), strict=True)
    narrow = zip(
        held["booked"].tolist(),
        event["ledger"].tolist(),
        event["code"].tolist(),
        event["user_data_64"].tolist(),
        event["timeout"].tolist(),
        strict=True,
    )
    for (number, payer, payee, amount, subject), (booked, ledger, code, reference, timeout) in zip(
        wide, narrow, strict=True
    ):
        kind = Movement(code) if code in set(Movement) else None
        meaning = _MEANING.get(kind) if kind else None
        yield (
            booked,
            currency_by_number(ledger).code,
            amount,
            kind.name.lower() if kind else str(code),
            f"{meaning.en} {meaning.zh}" if meaning else "",
            str(payer),
            holder(payer),
            str(payee),
            holder(payee),
            str(number),
            str(subject) if subject else "",
            str(reference) if reference else "",
            booked + timeout * NS_PER_SECOND if timeout else 0,
        )
