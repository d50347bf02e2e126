"""Tables of the rooms that keep control data: parties, mandates, bank instructions, closed days, breaks.

Rules:

1. A room that holds nothing gives no table where the pack has one of its own (breaks), else an empty one that says so.
2. Everything is read as it stands; nothing is decided here. Words that persons wrote are shown as kept.
3. Instructions that are not final are in flight at the bank: whoever takes over must ask the bank about each.

Example::

    RoomTables(house, structure, as_of).sections()
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from jinku.base.calendar import calendar_named
from jinku.base.clock import NS_PER_SECOND
from jinku.base.currency import currency_by_number
from jinku.base.errors import CalendarRange
from jinku.custody.breaks.ageing import age_of
from jinku.custody.breaks.desk import BreakDesk, BreakParts
from jinku.custody.breaks.model import ENDED, STATES, Case
from jinku.custody.channel.model import OPEN, State
from jinku.custody.channel.show import STATE_CHINESE
from jinku.custody.channel.store import ChannelStore
from jinku.custody.channel.tables import INSTRUCTION
from jinku.custody.closing.days import Books, DayBook
from jinku.custody.closing.tables import CLOSING, POSITION
from jinku.custody.orders.mandates import MandateOffice
from jinku.custody.parties.register import PartyRegister
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.monthly import ClosedDay, LivingBreak
from jinku.custody.reports.section import Both, Row, Section, day, moment, money, number, text
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.model import Structure
from jinku.custody.structure.standing import books

PARTIES_PAGE = 10_000
INSTRUCTIONS_MAX = 10_000_000


def day_of(at: int, structure: Structure) -> date:
    """The calendar day of a moment (ns) in the institution's time zone."""
    return datetime.fromtimestamp(at // NS_PER_SECOND, UTC).astimezone(ZoneInfo(structure.timezone)).date()


class RoomTables:
    """The control data of one house as tables; see the module's rules."""

    def __init__(self, house: OpenHouse, structure: Structure, as_of: int) -> None:
        self._house, self._structure = house, structure
        self._day = day_of(as_of, structure)
        self._calendar = calendar_named(structure.calendar)
        self._clock = lambda: as_of

    def sections(self) -> Iterator[Section]:
        """Every table that the rooms have."""
        cases = self._cases()
        if cases:
            yield self._breaks(cases)
        yield self._instructions()
        yield self._days()
        yield self._mandates()
        yield self._parties()

    # --- as the monthly return asks -------------------------------------------------------------------------------

    def closed(self, entity: int, currency: int, first: date, last: date) -> list[ClosedDay]:
        """See `jinku.custody.reports.monthly.Days`."""
        house = self._house
        found = []
        with house.control.reading() as connection:
            sums = {
                row.day: (int(row.requirement), int(row.resource))
                for row in connection.execute(
                    select(POSITION).where(POSITION.c.entity == entity, POSITION.c.currency == currency)
                )
                if self._is_client_pool(row.pool)
            }
        cases = self._cases()
        for one in self._day_book().days(Books(entity, currency)):
            if one.sealed_entry < 0 or not first <= one.day <= last:
                continue
            requirement, resource = sums.get(one.day.isoformat(), (0, 0))
            new = sum(
                (case.entity, case.currency, case.first_seen) == (entity, currency, one.day) for case in cases
            )
            found.append(
                ClosedDay(
                    one.day, requirement, resource, new, one.prepared_by, one.reviewed_by, one.sealed_entry
                )
            )
        return found

    def living(self, entity: int, currency: int, last: date) -> list[LivingBreak]:
        """See `jinku.custody.reports.monthly.Days`."""
        return [
            LivingBreak(
                f"{one.id:032x}", one.kind, one.amount, one.day, self._age(one, last), one.state.value
            )
            for one in self._cases()
            if (one.entity, one.currency) == (entity, currency) and one.state not in ENDED
        ]

    @property
    def keeps_days(self) -> bool:
        """Whether any day was ever closed here."""
        return bool(self._day_book().books())

    # --- the tables -----------------------------------------------------------------------------------------------

    def _cases(self) -> list[Case]:
        parts = BreakParts(self._house.control, self._house.ledger, self._clock)
        return BreakDesk(parts).cases()

    def _age(self, one: Case, as_of: date) -> int:
        try:
            return age_of(one, as_of, self._calendar)
        except CalendarRange:
            return (as_of - one.day).days

    def _breaks(self, cases: list[Case]) -> Section:
        rows: list[Row] = [
            (
                f"{one.id:032x}",
                one.entity,
                currency_by_number(one.currency).code,
                one.kind,
                f"{one.state.value} {STATES[one.state]}",
                one.reference,
                one.amount,
                one.effect,
                one.day.isoformat(),
                self._age(one, self._day),
                one.owner,
                one.cause,
                one.ended.isoformat() if one.ended else "",
                "; ".join(one.evidence),
            )
            for one in sorted(cases, key=lambda case: (case.state in ENDED, case.day, case.id))
        ]
        return Section(
            "breaks",
            Both("Breaks", "差错"),
            (
                text("break_id", "Break", "差错编号", wide=3),
                number("entity", "Entity", "法人"),
                text("currency", "Currency", "币种"),
                text("kind", "Class", "类别", wide=2),
                text("state", "State", "状态", wide=2),
                text("reference", "Reference", "流水号", wide=2),
                money("amount", "Amount", "金额", wide=2),
                money("effect", "Effect on the bank's side", "对银行方影响", wide=2),
                day("day", "Since", "发生日"),
                number("age_days", "Age, business days", "账龄（工作日）"),
                text("owner", "Owner", "负责人"),
                text("cause", "Cause", "原因"),
                day("ended", "Ended", "结束日"),
                text("evidence", "What was seen", "证据", wide=4),
            ),
            rows,
            note=Both(
                "Every break that was ever taken up, open ones first; its effect is "
                "what the bank has beyond our books.",
                "全部差错，未了者在前；影响为银行方较账面多出的金额。",
            ),
        )

    def _instructions(self) -> Section:
        store = ChannelStore(self._house.control)
        waiting = INSTRUCTION.c.state.in_([state.value for state in OPEN])
        found = store.instructions(waiting, limit=INSTRUCTIONS_MAX)
        return Section(
            "bank_instructions",
            Both("Instructions to the bank that are not final", "未终结的银行指令"),
            (
                text("order", "Order", "指令编号", wide=3),
                text("request_no", "Request number at the bank", "银行请求号", wide=2),
                text("kind", "Kind", "类型"),
                text("channel", "Channel", "通道"),
                text("account", "Account", "账户", wide=3),
                text("payee", "Payee, by reference", "收款方（引用）", wide=2),
                text("currency", "Currency", "币种"),
                money("amount", "Amount", "金额", wide=2),
                text("state", "State", "状态", wide=2),
                moment("created", "Created", "创建时间"),
                moment("sent", "Sent last", "最近发送"),
                number("attempts", "Attempts", "发送次数"),
                text("bank_no", "Bank's number", "银行流水号", wide=2),
                text("reason", "Reason", "原因"),
            ),
            [
                (
                    str(one.id),
                    str(one.request_no),
                    one.kind.value,
                    one.channel,
                    str(one.account),
                    one.payee,
                    one.currency,
                    one.amount,
                    f"{one.state.value} {STATE_CHINESE[State(one.state)]}",
                    one.created_at,
                    one.sent_at,
                    one.attempts,
                    one.bank_no,
                    one.reason,
                )
                for one in found
            ],
            note=Both(
                "Ask the bank about each, by its request number; never send one again without having asked.",
                "请以请求号逐笔向银行查询；未查询前不得重发。",
            ),
            empty=Both("No instruction is on its way to the bank.", "无未终结的银行指令。"),
        )

    def _day_book(self) -> DayBook:
        return DayBook(self._house.control, self._house.ledger, self._clock)

    def _is_client_pool(self, pool: str) -> bool:
        line = self._structure.pools.get(pool)
        return line is None or line.money.value == "client"

    def _days(self) -> Section:
        self._house.control.add(CLOSING)
        rows: list[Row] = []
        with self._house.control.reading() as connection:
            positions = connection.execute(
                select(POSITION).order_by(
                    POSITION.c.entity, POSITION.c.currency, POSITION.c.day, POSITION.c.place
                )
            ).all()
        days = {
            (book.entity, book.currency, one.day.isoformat()): one
            for book in self._day_book().books()
            for one in self._day_book().days(book)
        }
        for row in positions:
            one = days.get((row.entity, row.currency, row.day))
            rows.append(
                (
                    row.day,
                    row.entity,
                    currency_by_number(row.currency).code,
                    row.pool,
                    one.state.value if one else "",
                    int(row.requirement),
                    int(row.resource),
                    int(row.difference),
                    row.outcome,
                    one.prepared_by if one else "",
                    one.reviewed_by if one else "",
                    one.sealed_entry if one and one.sealed_entry >= 0 else None,
                    one.record if one else "",
                )
            )
        return Section(
            "closed_days",
            Both("Days closed, with the position of each pool", "日终与各资金池头寸"),
            (
                day("day", "Day", "日期"),
                number("entity", "Entity", "法人"),
                text("currency", "Currency", "币种"),
                text("pool", "Pool", "资金池"),
                text("state", "State", "状态"),
                money("requirement", "Requirement", "应存", wide=2),
                money("resource", "Resource", "实存", wide=2),
                money("difference", "Difference", "差额", wide=2),
                text("outcome", "Outcome", "结论"),
                text("prepared_by", "Prepared by", "经办"),
                text("reviewed_by", "Reviewed by", "复核"),
                number("sealed_entry", "Log entry", "日志序号"),
                text("record", "SHA-256 of the record", "记录摘要", wide=3),
            ),
            rows,
            empty=Both("No day was ever closed in the day book.", "日终账簿中尚无已结日。"),
        )

    def _mandates(self) -> Section:
        return Section(
            "mandates",
            Both("Mandates: customers' standing permissions", "授权：客户的长期许可"),
            (
                number("entity", "Entity", "法人"),
                text("currency", "Currency", "币种"),
                text("number", "Mandate", "授权编号"),
                text("account", "Of account", "账户", wide=3),
                text("purposes", "For", "用途", wide=3),
                text("state", "State", "状态"),
                money("per_order", "Limit of an order", "单笔限额", wide=2),
                money("total", "Limit in all", "总限额", wide=2),
                money("used", "Used", "已用", wide=2),
                moment("valid_from", "From", "生效"),
                moment("valid_until", "Until", "到期"),
                text("evidence", "Evidence", "凭据", wide=2),
                number("sealed_entry", "Log entry", "日志序号"),
            ),
            list(self._mandate_rows()),
            empty=Both("No customer has given a mandate.", "无客户授权。"),
        )

    def _mandate_rows(self) -> Iterator[Row]:
        house = self._house
        accounts = house.ledger.accounts_array()
        structures = dict.fromkeys({int(one) for one in accounts["user_data_32"].tolist()}, self._structure)
        for entity, unit, _ in books(accounts, structures):
            office = MandateOffice(
                house.ledger, house.control, Chart(entity, unit.number, self._structure), clock=self._clock
            )
            for one in office.list():
                terms = one.mandate
                yield (
                    entity,
                    unit.code,
                    str(terms.number),
                    str(terms.account),
                    " ".join(sorted(kind.name.lower() for kind in terms.types)),
                    one.state.name.lower(),
                    terms.per_order,
                    terms.total,
                    one.left.used,
                    terms.valid_from,
                    terms.valid_until,
                    terms.evidence,
                    one.sealed_entry if one.sealed_entry >= 0 else None,
                )

    def _parties(self) -> Section:
        return Section(
            "parties",
            Both("Parties: status and roles, without names", "客户：状态与角色（不含姓名）"),
            (
                number("party", "Party", "客户号"),
                number("entity", "Entity", "法人"),
                text("form", "Form", "类型"),
                text("status", "Status", "状态"),
                text("roles", "Roles", "角色", wide=2),
                text("application", "Application", "申请编号", wide=2),
                moment("applied", "Applied", "申请时间"),
                day("closed_on", "Closed on", "销户日"),
                text("erased", "Erased", "已删除"),
            ),
            self._party_rows(),
            note=Both("Owners' names are in owners.csv.", "姓名见 owners.csv。"),
            empty=Both(
                "The register of parties is empty: parties are known by their accounts alone.",
                "客户登记簿为空：客户仅以账户识别。",
            ),
        )

    def _party_rows(self) -> Iterator[Row]:
        register = PartyRegister(self._house.control)
        entities = sorted({int(one) for one in self._house.ledger.accounts_array()["user_data_32"].tolist()})
        for entity in entities:
            after = 0
            while True:
                with register.reading() as connection:
                    page = register.parties(connection, entity, None, after, PARTIES_PAGE)
                for one in page:
                    yield (
                        one.number,
                        one.entity,
                        one.form.value,
                        one.status.value,
                        " ".join(role.value for role in one.roles),
                        one.application,
                        one.applied_at,
                        one.closed_on.isoformat() if one.closed_on else "",
                        "yes" if one.erased else "",
                    )
                if len(page) < PARTIES_PAGE:
                    break
                after = page[-1].number
