"""The pack's tables of records that the house keeps: statements, reconciliations, breaks, agreements, seals.

Rules:

1. A record is shown as it was kept; nothing is computed anew here.
2. A kept file that cannot be read is a row that says so, never a silent gap.

Example::

    for section in record_sections(directory, ledger, standing): write_section(section, folder)
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

from jinku.custody.agreements.model import Agreement
from jinku.custody.reconciliation.statement_desk import REGISTER_FILE
from jinku.custody.reports.journal import Journal, Standing, seals
from jinku.custody.reports.section import Both, Row, Section, day, moment, money, number, text
from jinku.custody.reports.topics import topic_text


def statements_section(directory: Path) -> Section:
    """Every bank statement that was taken in."""
    return Section(
        "statements",
        Both("Bank statements taken in", "已接收的银行对账单"),
        (
            text("account", "Account at the bank", "银行账户", wide=2),
            text("currency", "Currency", "币种"),
            text("kind", "Kind", "类型"),
            text("statement_id", "Statement", "对账单编号", wide=2),
            number("sequence", "No.", "序号"),
            day("from_date", "From", "起"),
            day("to_date", "To", "止"),
            money("opening", "Opening", "期初", wide=2),
            money("closing", "Closing", "期末", wide=2),
            number("entries", "Entries", "笔数"),
            text("sha256", "SHA-256 of the file", "文件摘要", wide=4),
        ),
        _statements(directory / REGISTER_FILE),
        note=Both(
            "The files themselves lie in statements/ of the data directory, each under its SHA-256.",
            "原始文件保存在数据目录的 statements/ 下，以其 SHA-256 命名。",
        ),
        empty=Both("No bank statement has been taken in.", "尚未接收任何银行对账单。"),
    )


def _statements(register: Path) -> Iterator[Row]:
    if not register.exists():
        return
    with closing(sqlite3.connect(f"file:{register}?mode=ro", uri=True)) as database:
        yield from database.execute(
            "SELECT account, currency, kind, statement_id, sequence, from_date, "
            "to_date, opening, closing, entries, sha256 "
            "FROM statement ORDER BY account, currency, to_date, sequence"
        )


def reconciliations_section(directory: Path) -> Section:
    """Every reconciliation as it came out last."""
    return Section(
        "reconciliations",
        Both("Reconciliations", "对账结果"),
        (
            day("as_of", "As of", "对账日"),
            text("currency", "Currency", "币种"),
            text("account_id", "Our account", "我方账户", wide=3),
            text("statement_id", "Statement", "对账单编号", wide=2),
            money("our_sum", "Our movements", "我方发生额", wide=2),
            money("bank_sum", "Bank's movements", "银行发生额", wide=2),
            money("difference", "Difference", "差额", wide=2),
            number("breaks", "Breaks", "差错数"),
            text("clean", "Clean", "一致"),
            text("method_version", "Method", "方法版本"),
            text("statement", "SHA-256 of the statement", "对账单摘要", wide=3),
        ),
        [
            (
                one["as_of"],
                one["currency"],
                one["account_id"],
                one["statement_id"],
                int(one["our_sum"]),
                int(one["bank_sum"]),
                int(one["difference"]),
                len(one["breaks"]),
                "yes" if one["clean"] else "no",
                one["method_version"],
                one["statement"],
            )
            for one in kept_reconciliations(directory)
        ],
        empty=Both("No reconciliation is kept.", "尚无对账记录。"),
    )


def kept_breaks_section(directory: Path) -> Section:
    """The breaks of the newest reconciliation of each account."""
    return Section(
        "breaks",
        Both("Breaks of the newest reconciliation of each account", "各账户最近一次对账的差错"),
        (
            text("break_id", "Break", "差错编号", wide=3),
            text("kind", "Class", "类别", wide=2),
            text("account_id", "Our account", "我方账户", wide=3),
            text("currency", "Currency", "币种"),
            text("reference", "Reference", "流水号", wide=2),
            money("amount", "Amount", "金额", wide=2),
            money("effect", "Effect on the bank's side", "对银行方影响", wide=2),
            day("day", "Since", "发生日"),
            number("age_days", "Age, business days", "账龄（工作日）"),
            text("evidence", "What was seen", "证据", wide=4),
        ),
        [
            (
                one["break_id"],
                one["kind"],
                run["account_id"],
                run["currency"],
                one["reference"],
                int(one["amount"]),
                int(one["effect"]),
                one["day"],
                one["age_days"],
                "; ".join(one["evidence"]),
            )
            for run in _newest(kept_reconciliations(directory))
            for one in run["breaks"]
        ],
        note=Both("Ages are as of the reconciliation's own day.", "账龄以对账日为准。"),
        empty=Both("The newest reconciliations have no breaks.", "最近的对账无差错。"),
    )


def kept_reconciliations(directory: Path) -> list[dict[str, Any]]:
    """Every kept reconciliation, by account and day."""
    found = []
    for path in sorted((directory / "reconciliations").glob("*.json")):
        document = orjson.loads(path.read_bytes())
        if isinstance(document, dict) and "reconciliation_id" in document:
            found.append(document)
    return sorted(found, key=lambda one: (one["account_id"], one["as_of"], one["reconciliation_id"]))


def _newest(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({run["account_id"]: run for run in runs}.values())


def agreements_section(found: list[Agreement]) -> Section:
    """Every version of every agreement, who approved it, and where its text is in the pack."""
    return Section(
        "agreements",
        Both("Agreements and approvals", "存管合约与批准"),
        (
            text("name", "Agreement", "合约", wide=2),
            number("version", "Version", "版本"),
            text("status", "Status", "状态"),
            text("author", "Author", "起草人"),
            moment("proposed", "Proposed", "提交时间"),
            text("decided_by", "Decided by", "审批人"),
            moment("decided", "Decided", "审批时间"),
            text("reason", "Reason", "原因", wide=2),
            number("sealed_entry", "Log entry", "日志序号"),
            text("digest", "Digest sealed", "封存摘要", wide=3),
            text("text", "Text", "文本", wide=2),
        ),
        [
            (
                one.name,
                one.version,
                one.status.value,
                one.author,
                one.proposed_at,
                one.decided_by,
                one.decided_at,
                one.reason,
                one.sealed_entry if one.sealed_entry >= 0 else None,
                one.digest.hex(),
                agreement_path(one),
            )
            for one in found
        ],
        note=Both(
            "Texts are programs in Numscript; a text is what was approved if its digest is the one sealed in the log.",
            "文本为 Numscript 程序；摘要与日志封存一致即为批准的文本。",
        ),
        empty=Both("No agreement is kept.", "尚无存管合约。"),
    )


def agreement_path(one: Agreement) -> str:
    """Where the text of one version lies in the pack. A name holds only a-z, 0-9, _ and -, so it is safe in a path."""
    return f"agreements/{one.name}-v{one.version}.num"


def seals_section(ledger: Journal, books: Standing) -> Section:
    """Everything that was sealed in the log: proof of what was decided or reported, and when."""
    return Section(
        "seals",
        Both("Evidence sealed in the log", "日志封存的证据"),
        (
            number("entry", "Log entry", "日志序号"),
            moment("sealed", "Sealed", "封存时间"),
            number("topic", "Topic", "主题"),
            text("meaning", "Meaning", "含义", wide=3),
            text("sha256", "SHA-256 of the document", "文档摘要", wide=4),
        ),
        (
            (
                entry,
                at,
                topic,
                topic_text(topic),
                digest.hex(),
            )
            for entry, at, topic, digest in seals(ledger, books.size)
        ),
        note=Both("Confidential topics are not listed.", "涉密主题不列出。"),
        empty=Both("Nothing is sealed.", "尚无封存记录。"),
    )
