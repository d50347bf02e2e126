"""The custody report (资金存管报告): volume, loans, balances, borrowers and lenders of a period (R16).

Rules: each figure is computed from the journal up to the period's end; volumes also by SQL, balances also by adding up
movements, loans also by the claims that the corridor keeps. Loans from before the books come from the settings, with
their source, or are missing.

Example::

    report = custody_report(house, Scope(1, currency("CNY"), month("2026-11", "Asia/Shanghai")), settings, structure)
"""

from jinku.base.decimals import format_minor, parse_minor
from jinku.custody.reports.activity import Loans, Volume
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.printed import grouped
from jinku.custody.reports.report import Figure, Report
from jinku.custody.reports.scope import Books, Scope, check_volumes, new_report, read_books
from jinku.custody.reports.section import Both, Section, money, number, text
from jinku.custody.reports.settings import SETTINGS_FILE, Settings
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Movement, Role

TITLE = Both("Fund custody report", "资金存管报告")
MOVEMENTS = {
    Movement.OPENING: Both("Balances taken over", "期初余额迁入"),
    Movement.DEPOSIT: Both("Deposits", "充值"),
    Movement.TRANSIT_SETTLED: Both("Channel settlements", "通道清算到账"),
    Movement.UNIDENTIFIED: Both("Received, owner not known", "待查款项"),
    Movement.BID: Both("Loans paid out (released bids)", "放款（满标）"),
    Movement.FEE: Both("Fees", "手续费"),
    Movement.ENTRUSTED_PAYMENT: Both("Entrusted payments", "受托支付"),
    Movement.PRINCIPAL: Both("Principal repaid", "还本"),
    Movement.INTEREST: Both("Interest paid", "付息"),
    Movement.WITHDRAWAL: Both("Withdrawals paid", "提现"),
    Movement.PAYOUT_RETURNED: Both("Payouts returned", "提现退汇"),
    Movement.REFUND: Both("Refunds", "退款"),
    Movement.FEE_SWEEP: Both("Fee income swept", "手续费划转"),
    Movement.SWEEP_RECEIVED: Both("Fee income received outside", "手续费划入自有账户"),
    Movement.AGREEMENT: Both("By agreements", "按存管合约分配"),
    Movement.RESERVED: Both("Reserved payments", "预处理支付"),
    Movement.DEBT_PRICE: Both("Debt transfers", "债权转让"),
    Movement.ADVANCED_PAYOUT: Both("Advanced payouts", "垫付提现"),
    Movement.ADVANCE_RECOVERED: Both("Advances recovered", "垫付收回"),
    Movement.ROLLED_BACK: Both("Rolled-back recharges", "资金回退充值"),
    Movement.FROZEN: Both("Frozen amounts paid", "冻结划付"),
    Movement.TOP_UP: Both("Top-ups", "补足缺口"),
    Movement.TOP_UP_PAID: Both("Top-ups paid by own account", "自有账户补足支出"),
    Movement.EXCESS: Both("Excess withdrawn", "提取溢余"),
    Movement.EXCESS_RECEIVED: Both("Excess received outside", "溢余划入自有账户"),
    Movement.REVERSAL: Both("Reversals", "红冲"),
}
TRADED = (Movement.BID, Movement.PRINCIPAL, Movement.INTEREST, Movement.DEBT_PRICE)
"""What counts as transaction volume: money between lenders and borrowers."""


def custody_report(house: OpenHouse, scope: Scope, settings: Settings, structure: Structure) -> Report:
    """The report of a period. Raises NotKept, NotTied, InputError for settings."""
    books = read_books(house, scope, structure)
    report = new_report("custody", TITLE, scope, books, settings)
    start, end = scope.period.start, books.end
    check_volumes(books, start, end)
    volumes, again = books.activity.volumes(start, end), books.activity.by_database(start, end)
    code = scope.unit.code
    loans = books.activity.loans()
    report.figures += [
        Figure(
            "transaction_volume",
            Both("Transaction volume", "交易规模"),
            sum(volumes.get(kind, Volume()).amount for kind in TRADED),
            Both(
                "money between lenders and borrowers in the period; second: by SQL",
                "期内出借人与借款人之间的资金；第二口径：SQL",
            ),
            code,
            sum(again.get(kind, Volume()).amount for kind in TRADED),
        ),
        Figure(
            "transactions",
            Both("Transactions", "交易笔数"),
            sum(volumes.get(kind, Volume()).count for kind in TRADED),
            Both("movements of the same kinds; second: by SQL", "同口径笔数；第二口径：SQL"),
            second=sum(again.get(kind, Volume()).count for kind in TRADED),
        ),
        *_loan_figures(loans, scope, settings, report),
        *_balances(books, code),
        *_people(books, loans, scope),
    ]
    report.sections.append(_volume_section(volumes, code))
    shown = [(kind, volumes[kind]) for kind in sorted(volumes, key=lambda one: -volumes[one].amount)]
    report.charts.append(
        (
            Both("Movements of the period by kind", "期内各类资金变动"),
            [
                (
                    "{} {}".format(*_meaning(kind)),
                    f"{grouped(format_minor(one.amount, scope.unit.exponent))} {code}",
                    one.amount,
                    False,
                )
                for kind, one in shown[:10]
            ],
        )
    )
    return report


def _loan_figures(loans: Loans, scope: Scope, settings: Settings, report: Report) -> list[Figure]:
    code = scope.unit.code
    rows = [one for one in settings.rows("loans") if one.get("currency") == code]
    older = sum(parse_minor(one.get("outstanding", "0"), scope.unit.exponent, digits_max=36) for one in rows)
    if not rows and loans.repaid_older:
        report.missing.append(
            Both(
                f"loans from before these books: "
                f"{format_minor(loans.repaid_older, scope.unit.exponent)} {code} of principal "
                f"was repaid on them; their balance is not in these figures (give [[loans]] in {SETTINGS_FILE})",
                f"账簿启用前的存量借款：已偿还本金 "
                f"{format_minor(loans.repaid_older, scope.unit.exponent)} {code}，其余额未计入"
                f"（请在 {SETTINGS_FILE} 的 [[loans]] 填写）",
            )
        )
    if loans.sold and loans.claims is None:
        report.missing.append(
            Both(
                f"who holds claims that were sold: {loans.sold} sales are in the journal "
                f"without claims; lenders are counted as "
                "they first lent",
                f"债权转让 {loans.sold} 笔但未登记债权：出借人按最初出借计",
            )
        )
    figures = [
        Figure(
            "loan_balance",
            Both("Loan balance of these books", "贷款余额（本账簿放款）"),
            loans.balance,
            Both(
                "released bids less principal repaid by borrowers; second: the sum of all claims",
                "放款减借款人已还本金；第二口径：债权份额合计",
            ),
            code,
            loans.claims,
        )
    ]
    if rows:
        said = "; ".join(filter(None, (one.get("source", "") for one in rows)))
        figures.append(
            Figure(
                "loan_balance_older",
                Both("Loan balance from before these books", "贷款余额（启用前存量）"),
                older - loans.repaid_older,
                Both(
                    f"stated by the institution ({said or 'no source given'}), less principal repaid since",
                    f"机构填报（{said or '未注明来源'}）减其后已还本金",
                ),
                code,
            )
        )
    return figures


def _balances(books: Books, code: str) -> list[Figure]:
    now, series = books.holdings, books.activity.client_series()[1]
    return [
        Figure(
            "custody_balance",
            Both("Custody balance: clients' money", "存管余额（客户资金）"),
            now.client_total,
            Both(
                "clients' accounts at the end; second: all movements added up",
                "期末客户账户余额；第二口径：全部变动累计",
            ),
            code,
            series[-1] if series else 0,
        ),
        Figure(
            "held",
            Both("Of it held", "其中冻结"),
            now.held,
            Both("open holds of clients' accounts", "客户账户未完结冻结"),
            code,
        ),
        Figure(
            "bank_by_books",
            Both("At the custodian bank, by these books", "存管银行账户余额（账面）"),
            now.bank,
            Both(
                "the bank's mirror; second: clients + own in the pool − in transit",
                "银行镜像账户；第二口径：客户＋池内自有－在途",
            ),
            code,
            now.client_total + now.own_in_pool - now.in_transit,
        ),
        Figure(
            "own_in_pool",
            Both("Own money in the client pool", "客户资金池内自有资金"),
            now.own_in_pool,
            Both("fees not yet swept, reserve, top-ups", "未划转手续费、备付金与补足款"),
            code,
        ),
    ]


def _people(books: Books, loans: Loans, scope: Scope) -> list[Figure]:
    activity, start, end = books.activity, scope.period.start, books.end
    found = [
        Figure(
            "borrowers",
            Both("Borrowers with a loan", "有在贷余额的借款人数"),
            loans.borrowers,
            Both("loans of these books with principal outstanding", "本账簿放款且本金未清"),
        ),
        Figure(
            "lenders",
            Both("Lenders with a claim", "有待收本金的出借人数"),
            loans.lenders,
            Both("owed principal at the end", "期末待收本金大于零"),
        ),
    ]
    for role, key, title in (
        (Role.BORROWER, "borrower", Both("Borrowers", "借款人")),
        (Role.INVESTOR, "lender", Both("Lenders", "出借人")),
    ):
        found += [
            Figure(
                f"{key}_accounts",
                Both(f"{title.en}: accounts", f"{title.zh}：开户数"),
                activity.opened(role),
                Both("opened by the end", "期末累计"),
            ),
            Figure(
                f"{key}s_active",
                Both(f"{title.en}: active in the period", f"{title.zh}：期内活跃数"),
                activity.active(role, start, end),
                Both("money moved on the account", "账户发生资金变动"),
            ),
        ]
    return found


def _volume_section(volumes: dict[int, Volume], code: str) -> Section:
    return Section(
        "movements",
        Both("Movements of the period by kind", "期内资金变动分类"),
        (
            number("code", "Code", "代码"),
            text("english", "Kind", "类型（英文）", wide=3),
            text("chinese", "Kind in Chinese", "类型", wide=3),
            number("count", "Movements", "笔数"),
            text("currency", "Currency", "币种"),
            money("amount", "Amount", "金额", wide=2),
        ),
        [
            (kind, *_meaning(kind), volumes[kind].count, code, volumes[kind].amount)
            for kind in sorted(volumes)
        ],
        empty=Both("No money moved in the period.", "期内无资金变动。"),
    )


def _meaning(kind: int) -> Both:
    known = Movement(kind) if kind in set(Movement) else None
    return MOVEMENTS.get(known, Both(str(kind), str(kind))) if known else Both(str(kind), str(kind))
