"""The pack's tables of money: positions, owners, accounts, what is held. All from one standing of the books.

Rules:

1. Every account of the books is in exactly one table row of ``accounts``; every client account is in ``owners`` too.
2. The owners' balances of an entity and currency sum to the clients' sum of its position, and to what was attested.
3. A redacted pack has the same rows without names, identifiers, cards, phones and addresses.

Example::

    for section in money_sections(view): write_section(section, folder)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinku.base.currency import Currency
from jinku.base.decimals import format_minor
from jinku.custody.closing.position import position
from jinku.custody.inert import visible
from jinku.custody.reports.attesting import AttestedBooks
from jinku.custody.reports.categories import CATEGORIES, UNKNOWN
from jinku.custody.reports.owners import DetailsOf, Owner, owners_of
from jinku.custody.reports.printed import grouped
from jinku.custody.reports.section import Both, Row, Section, moment, money, number, text
from jinku.custody.structure.chart import party_of
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Side
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import Array, u128


@dataclass(frozen=True, slots=True)
class BooksView:
    """What the tables are made from."""

    books: AttestedBooks
    details: DetailsOf
    redacted: bool

    @property
    def as_of(self) -> int:
        """The moment of the books, ns."""
        return self.books.standing.at

    def owners(self) -> Iterator[Owner]:
        """Every owner, read anew each time."""
        return owners_of(self.books.standing.accounts, self.books.structures, self.details)


OWNER_COLUMNS = (
    number("entity", "Entity", "法人"),
    text("currency", "Currency", "币种"),
    text("account", "Account", "账户", wide=3),
    number("party", "Party", "客户号"),
    text("kind", "Kind", "账户类型"),
    text("category", "Ownership category", "权属类别"),
    text("joint_with", "Joint with", "共有人"),
    money("balance", "Balance", "余额", wide=2),
    money("held", "Of it held", "其中冻结", wide=2),
    money("available", "Available", "可用", wide=2),
    text("status", "Status", "状态"),
    moment("opened", "Opened", "开户时间"),
    text("commitment", "Commitment in the ledger", "账本承诺值", wide=3),
)
PERSONAL_COLUMNS = (
    text("name", "Name", "姓名／名称", wide=3),
    text("latin_name", "Name in Latin script", "拉丁名", wide=3),
    text("identifier_kind", "Kind of identifier", "证件类型"),
    text("identifier", "Identifier", "证件号", wide=2),
    text("card", "Bank card", "银行卡", wide=2),
    text("phone", "Phone", "电话"),
    text("address", "Address", "地址", wide=3),
    text("tax_id", "Tax number", "税号"),
)
PRINTED_COLUMNS = (
    number("entity", "Entity", "法人"),
    number("party", "Party", "客户号", wide=2),
    text("kind", "Kind", "类型", wide=3),
    text("category", "Cat.", "类别"),
    text("name", "Name", "姓名／名称", wide=6),
    text("currency", "Cur.", "币种"),
    money("balance", "Balance", "余额", wide=4),
    money("held", "Of it held", "其中冻结", wide=3),
)
PRINTED_WIDTHS = (4, 12, 16, 4, 34, 4, 26, 22)
"""How much of each cell fits its column, in columns of type."""


class OwnersPass:
    """One pass over the owners that fills everything made of them: table, sums by category, printed list."""

    def __init__(self, view: BooksView, *, chinese: bool) -> None:
        self._view, self._chinese = view, chinese
        self.sums: dict[tuple[int, str, str, str], CategorySum] = {}
        self.printed: list[tuple[str, ...]] = []
        """The rows of the printed list, in the columns of `PRINTED_COLUMNS`."""
        self.without_name = 0
        self.without_category = 0

    def section(self) -> Section:
        """Every owner, with names unless the pack is redacted. Its rows must be read before the rest is asked for."""
        redacted = self._view.redacted
        return Section(
            "owners",
            Both("Owners and balances", "权益人与余额"),
            OWNER_COLUMNS if redacted else (*OWNER_COLUMNS, *PERSONAL_COLUMNS),
            self._rows(),
            note=Both(
                "One row is one client account; its balance is owed to its owner. A category that nobody has given is "
                "empty.",
                "每行为一个客户账户，余额归其权益人所有；权属类别无人提供时为空。",
            ),
            empty=Both("There is no client account.", "无客户账户。"),
            personal=not redacted,
        )

    def _rows(self) -> Iterator[Row]:
        redacted = self._view.redacted
        for one in self._view.owners():
            known = one.details
            key = (one.entity, one.currency.code, one.kind.key, known.category)
            line = self.sums.setdefault(key, CategorySum(Both(one.kind.english, one.kind.chinese)))
            line.owners += 1
            line.balance += one.balance
            line.held += one.held
            self.without_category += not known.category
            self.without_name += not (known.name or known.latin_name)
            name = "" if redacted else (known.name if self._chinese and known.name else known.latin_name)
            exponent = one.currency.exponent
            self.printed.append(
                (
                    str(one.entity),
                    str(one.party) if one.party else "—",
                    one.kind.key,
                    known.category,
                    visible(name),
                    one.currency.code,
                    grouped(format_minor(one.balance, exponent)),
                    grouped(format_minor(one.held, exponent)),
                )
            )
            yield _owner_row(one, redacted)


def _owner_row(one: Owner, redacted: bool) -> Row:
    known = one.details
    row = (
        one.entity,
        one.currency.code,
        str(one.account),
        one.party,
        one.kind.key,
        known.category,
        known.joint_with,
        one.balance,
        one.held,
        one.available,
        "closed" if one.closed else "open",
        one.opened,
        f"{one.commitment:032x}" if one.commitment else "",
    )
    if redacted:
        return row
    address = ", ".join(
        part
        for part in (
            known.address_1,
            known.address_2,
            known.address_3,
            known.city,
            known.state,
            known.postal_code,
            known.province,
            known.country,
        )
        if part
    )
    return (
        *row,
        known.name,
        known.latin_name,
        known.identifier_kind,
        known.identifier,
        known.card,
        known.phone,
        address,
        known.tax_id,
    )


@dataclass(slots=True)
class CategorySum:
    """What the owners of one kind and category have together."""

    title: Both
    """The kind of account in words."""
    owners: int = 0
    balance: int = 0
    held: int = 0


def categories_section(sums: Mapping[tuple[int, str, str, str], CategorySum]) -> Section:
    """Owners by kind of account and ownership category."""
    return Section(
        "owners_by_category",
        Both("Owners by kind and ownership category", "按账户类型与权属类别汇总"),
        (
            number("entity", "Entity", "法人"),
            text("currency", "Currency", "币种"),
            text("kind", "Kind of account", "账户类型", wide=2),
            text("category", "Category", "权属类别"),
            text("meaning", "Meaning", "含义", wide=3),
            number("owners", "Owners", "户数"),
            money("balance", "Balance", "余额", wide=2),
            money("held", "Of it held", "其中冻结", wide=2),
        ),
        [
            (
                key[0],
                key[1],
                key[2],
                key[3],
                "{} {}".format(*(CATEGORIES[key[3]].title if key[3] in CATEGORIES else UNKNOWN)),
                sums[key].owners,
                sums[key].balance,
                sums[key].held,
            )
            for key in sorted(sums)
        ],
        note=Both(
            "Categories by 12 CFR part 370, Appendix A; SGL single, JNT joint, TST trust, BUS business.",
            "权属类别代码依据 12 CFR 370 附录 A：SGL 单独、JNT 联名、TST 信托、BUS 企业。",
        ),
        empty=Both("There is no client account.", "无客户账户。"),
    )


def positions_section(view: BooksView) -> Section:
    """What must be held against what our books say is held, per entity and currency."""
    rows = []
    for entity, unit, accounts in view.books.books():
        now = holdings(accounts, view.books.structures.get(entity))
        found = position(unit, now.clients, {"books": now.bank})
        stated = view.books.attested[entity, unit.code]
        rows.append(
            (
                entity,
                unit.code,
                found.client_count,
                found.clients_sum,
                found.floored_sum,
                found.requirement,
                stated.statement.liabilities,
                view.books.changed[entity, unit.code],
                now.bank,
                now.in_transit,
                now.own_in_pool,
                now.own_outside,
                now.difference,
                stated.entry,
            )
        )
    return Section(
        "positions",
        Both("Requirement against resource", "应存与实存"),
        (
            number("entity", "Entity", "法人"),
            text("currency", "Currency", "币种"),
            number("owners", "Owners", "户数"),
            money("clients_sum", "Clients' balances", "客户余额合计", wide=2),
            money("floored", "Negative ones floored", "负数归零", wide=2),
            money("requirement", "Requirement", "应存", wide=2),
            money("attested", "Attested today", "当日存证总额", wide=2),
            money("changed", "Booked since", "存证后变动", wide=2),
            money("bank_by_books", "At the bank, by our books", "银行（账面）", wide=2),
            money("in_transit", "In transit", "在途", wide=2),
            money("own_in_pool", "Own money in the pool", "池内自有", wide=2),
            money("own_outside", "Own money outside", "池外自有", wide=2),
            money("difference", "Books out of balance", "账面差额", wide=2),
            number("attestation_entry", "Sealed as entry", "存证日志序号"),
        ),
        rows,
        note=Both(
            "Requirement: the clients' balances, each negative one counted as zero. Own money in the pool is the "
            "institution's (fees not yet swept, risk reserve), not the clients'. What the bank itself says is in "
            "reconciliations and statements.",
            "应存为客户余额之和，负数按零计。池内自有资金（未划转手续费、风险备付金）属机构自有，不属客户。银行一方的数据见对账与对账单。",
        ),
        empty=Both("There are no books.", "尚无账簿。"),
    )


def accounts_section(view: BooksView) -> Section:
    """Every account that is not a client's, and the clients' kinds summed: the whole of the books on a page."""
    rows: list[Row] = []
    for entity, unit, accounts in view.books.books():
        structure = view.books.structures.get(entity) or load_structure()
        rows += _account_rows(entity, unit, accounts, structure)
    return Section(
        "accounts",
        Both("Account structure and balances", "账户结构与余额"),
        (
            number("entity", "Entity", "法人"),
            text("currency", "Currency", "币种"),
            text("pool", "Pool", "资金池", wide=2),
            text("money", "Whose money", "资金归属"),
            text("kind", "Kind", "账户类型", wide=2),
            text("title", "Meaning", "含义", wide=4),
            number("accounts", "Accounts", "户数"),
            money("balance", "Balance", "余额", wide=2),
            money("held", "Held", "冻结", wide=2),
            text("side", "Normal side", "余额方向"),
        ),
        rows,
        note=Both(
            "client: the clients' money; own: the institution's; control: mirrors a "
            "bank account or money in transit and "
            "is nobody's. In each pool, control = client + own.",
            "client 为客户资金，own 为机构自有资金，control "
            "为银行账户或在途资金的镜像；每个资金池内 control = client + own。",
        ),
        empty=Both("There are no books.", "尚无账簿。"),
    )


def _account_rows(entity: int, unit: Currency, accounts: Array, structure: Structure) -> Iterator[Row]:
    for code, kind in structure.kinds.items():
        rows = accounts[accounts["code"] == code]
        if not len(rows):
            continue
        debits, credits_ = sum(u128(rows, "debits_posted")), sum(u128(rows, "credits_posted"))
        balance = debits - credits_ if kind.side is Side.DEBIT else credits_ - debits
        held = sum(u128(rows, "debits_pending"))
        pool = structure.pools[kind.pool]
        yield (
            entity,
            unit.code,
            f"{pool.english} {pool.chinese}",
            kind.money.value,
            kind.key,
            f"{kind.english} {kind.chinese}",
            len(rows),
            balance,
            held,
            kind.side.value,
        )


def holder(account: int) -> str:
    """Whose an account is, without a name."""
    party = party_of(account)
    return f"party {party}" if party else "institution"
