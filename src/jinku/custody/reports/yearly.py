"""Yearly audit evidence: an index of every sealed record, controls tested on the spot, and samples with receipts (R16).

Rules:

1. The index is every seal of the year in the log: nothing can be left out of it without breaking the log.
2. A control is tested by doing it again here and now; the result is what came out, not what somebody says.
3. Samples are drawn from the year's movements by the root of the log at its end: neither the institution nor the
   auditor can choose them, and anyone can draw them again. Each comes with the log's receipt.

Example::

    yearly_evidence(house, Scope(1, currency("CNY"), year(2026, "Asia/Shanghai")), settings, structure)
"""

import hashlib
from collections import Counter
from collections.abc import Iterator

from jinku.base.clock import to_rfc3339
from jinku.custody.agreements.model import Agreement, AgreementStatus
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.journal import seals
from jinku.custody.reports.report import Figure, Report
from jinku.custody.reports.scope import Books, Scope, new_report, read_books
from jinku.custody.reports.sealed import receipt_of
from jinku.custody.reports.section import Both, Row, Section, moment, money, number, text
from jinku.custody.reports.settings import Settings
from jinku.custody.reports.topics import TOPICS, topic_text
from jinku.custody.structure.model import Structure
from jinku.ledger.layout import u128
from jinku.verify.errors import VerifyError
from jinku.verify.logdir import verify_log_directory
from jinku.verify.trust import Trust

TITLE = Both("Yearly audit evidence", "年度审计证据")
SAMPLES = 25
"""Movements drawn; a report of fewer movements has all of them."""
Test = tuple[Both, Both, bool, str]
"""Control, how it was tested, whether it held, what was seen."""


def yearly_evidence(
    house: OpenHouse, scope: Scope, settings: Settings, structure: Structure, agreements: list[Agreement]
) -> Report:
    """The evidence of a year. Raises NotKept."""
    books = read_books(house, scope, structure)
    report = new_report("yearly", TITLE, scope, books, settings)
    sealed = [
        one
        for one in seals(house.ledger, books.activity.standing.size)
        if scope.period.start <= one[1] < books.end
    ]
    tests = list(_controls(house, scope, books, agreements))
    held = sum(one[2] for one in tests)
    report.figures += [
        Figure(
            "seals",
            Both("Records sealed in the log", "日志封存记录数"),
            len(sealed),
            Both("in the year, of all books", "全年，全部账簿"),
        ),
        Figure(
            "controls",
            Both("Controls tested", "已测试控制数"),
            len(tests),
            Both("tested again when this was made", "生成本报告时重新测试"),
        ),
        Figure(
            "controls_held",
            Both("Controls that held", "测试通过数"),
            held,
            Both("see the table", "见下表"),
            second=len(tests),
        ),
    ]
    kinds = Counter(topic for _, _, topic, _ in sealed)
    report.charts.append(
        (
            Both("Sealed records by topic", "按主题统计封存记录"),
            [(topic_text(topic), f"{count:,}", count, False) for topic, count in sorted(kinds.items())],
        )
    )
    for topic in (1, 2):
        if not kinds[topic]:
            name = TOPICS[topic]
            report.missing.append(Both(f"{name.en}: none is sealed in the year", f"全年无{name.zh}"))
    report.sections += [_controls_section(tests), _samples(house, scope, books, report), _index(sealed)]
    return report


def _controls(house: OpenHouse, scope: Scope, books: Books, agreements: list[Agreement]) -> Iterator[Test]:
    house.publish()
    try:
        found = verify_log_directory(house.publisher.directory, Trust.of(list(house.vkeys)), live=True)
        held, seen = found.ok, f"{found.size:,} entries replayed, {found.findings_total} faults"
    except VerifyError as error:
        held, seen = False, str(error)
    yield (
        Both("The journal is complete and every balance follows from it", "日志完整，余额逐笔可重算"),
        Both("the independent verifier replayed the whole log", "独立校验程序重放全部日志"),
        held,
        seen,
    )
    now, activity = books.holdings, books.activity
    yield (
        Both(
            "Each pool's bank and transit accounts equal what its owners have", "资金池内控制账户等于归属合计"
        ),
        Both("all accounts at the period's end added up", "期末全部账户加总"),
        now.difference == 0,
        f"difference {now.difference}",
    )
    overdrawn = sum(balance < 0 for balance in now.clients.values())
    yield (
        Both("No client's account is overdrawn", "客户账户无透支"),
        Both("every client account at the period's end", "期末逐户检查"),
        overdrawn == 0,
        f"{overdrawn} of {len(now.clients):,} below zero",
    )
    series = activity.client_series()[1]
    total = series[-1] if series else 0
    yield (
        Both("Balances equal the movements that made them", "余额等于变动累计"),
        Both("all movements added up against the accounts", "变动累计与账户核对"),
        total == now.client_total,
        f"{total} by movements, {now.client_total} by accounts",
    )
    same = activity.volumes(scope.period.start, books.end) == activity.by_database(
        scope.period.start, books.end
    )
    yield (
        Both("Volumes are the same by two engines", "两种引擎的发生额一致"),
        Both("columns against SQL", "列式计算与 SQL 核对"),
        same,
        "equal" if same else "different",
    )
    decided = [one for one in agreements if one.status in (AgreementStatus.APPROVED, AgreementStatus.RETIRED)]
    alone = [one for one in decided if one.author == one.decided_by]
    false = [one for one in decided if one.digest != one.digest_for(one.decided_by)]
    yield (
        Both("Agreements are approved by a second person, as sealed", "合约双人复核且与封存一致"),
        Both("author, approver and digest of each approved version", "逐版本核对起草、审批与摘要"),
        not alone and not false,
        f"{len(decided)} approved, {len(alone)} by their author, {len(false)} with another digest",
    )


def _controls_section(tests: list[Test]) -> Section:
    return Section(
        "controls",
        Both("Controls tested", "控制测试"),
        (
            text("english", "Control", "控制（英文）", wide=4),
            text("chinese", "Control in Chinese", "控制", wide=4),
            text("how", "How it was tested", "测试方法", wide=4),
            text("held", "Held", "通过"),
            text("seen", "What was seen", "结果", wide=3),
        ),
        [
            (what.en, what.zh, f"{how.en} {how.zh}", "yes" if held else "NO", seen)
            for what, how, held, seen in tests
        ],
    )


def _samples(house: OpenHouse, scope: Scope, books: Books, report: Report) -> Section:
    activity = books.activity
    inside = activity.moves[activity.within(scope.period.start, books.end)]
    checkpoint = house.publish()
    root = checkpoint.root
    chosen = sorted(_drawn(root, len(inside)))
    event = inside["event"][chosen]
    rows: list[Row] = []
    columns = zip(
        *(u128(event, name) for name in ("id", "debit_account_id", "credit_account_id", "amount")),
        strict=True,
    )
    for place, (number_, payer, payee, amount) in zip(chosen, columns, strict=True):
        entry = int(inside["sequence"][place])
        name = f"samples/entry-{entry}.tlog-proof"
        report.files.append((name, receipt_of(house, entry)))
        rows.append(
            (
                entry,
                int(inside["booked"][place]),
                int(inside["event"]["code"][place]),
                scope.unit.code,
                amount,
                str(payer),
                str(payee),
                str(number_),
                name,
            )
        )
    report.notes.append(
        Both(
            f"Samples: numbers below {len(inside)} drawn by SHA-256 of the log's root {root.hex()} and a counter.",
            f"抽样：以日志根 {root.hex()} 与计数器的 SHA-256 对 {len(inside)} 笔取样。",
        )
    )
    return Section(
        "samples",
        Both("Samples, each with the log's receipt", "抽样（附日志凭证）"),
        (
            number("entry", "Log entry", "日志序号"),
            moment("booked", "Booked", "记账时间"),
            number("code", "Code", "类型"),
            text("currency", "Currency", "币种"),
            money("amount", "Amount", "金额", wide=2),
            text("payer", "Debited", "借方", wide=3),
            text("payee", "Credited", "贷方", wide=3),
            text("transfer", "Transfer", "转账编号", wide=3),
            text("receipt", "Receipt", "凭证", wide=3),
        ),
        rows,
        empty=Both("No money moved in the year.", "全年无资金变动。"),
    )


def _drawn(root: bytes, count: int) -> set[int]:
    """Up to `SAMPLES` different numbers below `count`, by `root` alone."""
    if count <= SAMPLES:
        return set(range(count))
    found: set[int] = set()
    counter = 0
    while len(found) < SAMPLES:
        digest = hashlib.sha256(root + counter.to_bytes(8, "big")).digest()
        found.add(int.from_bytes(digest, "big") % count)
        counter += 1
    return found


def _index(sealed: list[tuple[int, int, int, bytes]]) -> Section:
    return Section(
        "index",
        Both("Index of sealed records", "封存记录索引"),
        (
            number("entry", "Log entry", "日志序号"),
            moment("sealed", "Sealed", "封存时间"),
            number("topic", "Topic", "主题"),
            text("meaning", "Meaning", "含义", wide=3),
            text("sha256", "SHA-256 of the record", "记录摘要", wide=4),
        ),
        [(entry, at, topic, topic_text(topic), digest.hex()) for entry, at, topic, digest in sealed],
        note=Both(
            f"From the log itself, as of {to_rfc3339(sealed[-1][1])}." if sealed else "",
            f"取自日志，截至 {to_rfc3339(sealed[-1][1])}。" if sealed else "",
        ),
        empty=Both("Nothing is sealed in the year.", "全年无封存记录。"),
    )
