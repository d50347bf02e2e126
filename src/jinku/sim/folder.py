"""The demo's folder: what lies in it, what may be replaced, and the page that explains it.

Rules:

1. A folder that holds anything else is never touched. One that holds an earlier demo is replaced only when
   asked.
2. Only names that a demo, or a server that ran on it, makes are ever removed, and never while a ledger is in
   use.
"""

import shutil
from pathlib import Path

from jinku.base.errors import JinkuError
from jinku.ledger.errors import LedgerError, LedgerLocked
from jinku.ledger.opening import open_journal

MARKER = ".jinku-demo"

CONTENTS = (
    # name, English, 中文
    ("README.txt", "this page", "本页"),
    ("summary.json", "every figure of the run", "全部结果数据"),
    (
        "statement.xml",
        "Friday's bank statement, camt.053.001.08, with planted breaks",
        "周五存管行对账单（含植入差错）",
    ),
    ("platform.csv", "the platform's own export, with mistakes of its own", "平台侧流水（含平台差错）"),
    ("labels.csv", "what was planted, to score a reconciliation against", "植入差错的标签"),
    ("reconciliation.md", "three sides reconciled, on one page", "三方对账一页纸"),
    ("reconciliation.jsonl", "the close's evidence: every record and how it ended", "逐笔对账证据"),
    ("breaks.csv", "every break found, with evidence and age", "差错清单（证据、账龄）"),
    ("position.md", "owed to clients against held at the bank; the remedy", "应存与实存头寸、补救措施"),
    ("notice.en.txt", "draft of the notice about the position", "头寸报告草稿（英文）"),
    ("notice.zh.txt", "the same in Chinese", "头寸报告草稿（中文）"),
    ("close-record.json", "record of the close; its SHA-256 is sealed in the log", "日终记录（摘要已封存）"),
    ("statement-2026-11-23.xml", "Monday's statement", "周一对账单"),
    ("platform-2026-11-23.csv", "Monday's export of the platform", "周一平台流水"),
    ("reconciliation-2026-11-23.md", "Monday reconciled: what ended, what stands open", "周一对账结果"),
    ("check.html", "the page on which customers check receipts; open it in a browser", "客户凭证核验页"),
    ("receipts", "balance receipts of some customers, receipts of some transfers", "客户余额凭证与交易凭证"),
    ("pack", "the resolution pack; inside it: python3 verify.pyz pack .", "处置资料包"),
    ("owners", "beneficial owners, 12 CFR 370 layout", "权益人清单"),
    ("report", "the custody report, in English and Chinese", "资金存管报告"),
    ("sample", "an auditor's sample, each movement with its receipt", "审计抽样与凭证"),
    (
        "crime",
        "a wallet's day with fraud and laundering: reckoning.md, and the house that decided",
        "欺诈与洗钱的一日",
    ),
    ("log", "the transparency log: tiles, entries, signed checkpoint", "透明日志"),
    ("log.vkey", "the log's public key: all that a verifier needs to trust", "日志公钥"),
    ("witness.vkey", "public key of the bank's witness", "银行见证人公钥"),
    ("bank-witness", "the witness's own memory", "见证人数据"),
    ("bank", "the misbehaving bank's books, and our house beside it", "模拟银行与其对端数据"),
    ("attestations", "balances and salts behind the attestations (0600)", "偿付证明的余额与盐值"),
    ("closes", "inputs and records of closed days, by their SHA-256", "日终输入与记录"),
    ("ledger", "the ledger's data", "账本数据"),
    ("keys", "private keys (0600)", "私钥"),
    ("house.json", "what this data directory is", "数据目录说明"),
    ("approvers.toml", "who may approve what is material", "审批级别"),
    ("resolution.toml", "what only the institution knows, for the pack", "机构信息"),
    ("agreements.sqlite", "agreements and their runs", "协议与执行"),
    ("control.db", "control data: parties, orders, days, breaks", "管理数据"),
    (
        "people.db",
        "names and identifiers, kept apart from the ledger (all made up)",
        "个人信息（均为虚构，与账本分离）",
    ),
)

_LEFT_BY_A_SERVER = (
    "api-token",
    *(
        name + suffix
        for name in ("idempotency.db", "statements.db", "agreements.sqlite", "control.db", "people.db")
        for suffix in ("", "-shm", "-wal")
    ),
    "statements",
    "reconciliations",
)


class FolderRefused(JinkuError):
    """The folder asked for holds something that a demo must not replace."""

    code = "folder_not_empty"
    http_status = 409


def prepare(directory: Path, *, force: bool) -> None:
    """Make `directory` ready for a new demo. Raises FolderRefused, having changed nothing."""
    if directory.exists() and not directory.is_dir():
        raise FolderRefused(f"{directory} is not a folder", remedy="choose another name")
    inside = {path.name for path in directory.iterdir()} if directory.exists() else set()
    if inside and MARKER not in inside:
        raise FolderRefused(
            f"{directory} holds {len(inside)} things that no demo made", remedy="choose an empty folder"
        )
    if inside and not force:
        raise FolderRefused(f"{directory} holds an earlier demo", remedy="say --force to replace it")
    _must_be_unused(directory / "ledger")
    for name in (*(name for name, _, _ in CONTENTS), *_LEFT_BY_A_SERVER):
        _remove(directory / name)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARKER).write_text("A folder made by `jinku demo`; --force may replace what it made.\n")


def _must_be_unused(ledger: Path) -> None:
    if not ledger.exists():
        return
    try:
        open_journal(ledger).close()
    except LedgerLocked:
        raise FolderRefused(f"{ledger} is in use", remedy="stop the server that runs on it") from None
    except LedgerError:
        return  # damaged: it may be replaced all the same


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def readme(title: str, story: list[tuple[str, str]], commands: list[tuple[str, str]]) -> str:
    """The page that explains the folder: what happened, what lies in it, and `commands` to try, with their meaning."""
    lines = [title, "=" * 72, "", "What happened · 经过", ""]
    for heading, seen in story:
        lines += [f"  {heading}", *([f"      {seen}"] if seen else [])]
    lines += ["", "What lies here · 文件说明", ""]
    for name, english, chinese in CONTENTS:
        lines += [f"  {name:<30} {english}", f"  {'':<30} {chinese}"]
    lines += ["", "What to try next · 下一步", ""]
    for command, meaning in commands:
        lines += [f"  {command}", f"      {meaning}"]
    lines += [
        "",
        "Nobody in this folder exists. Names are drawn at random; identifiers have right check digits on codes",
        "that no authority gives out. 本文件夹中的人物与证件号均为虚构。",
        "",
    ]
    return "\n".join(lines)
