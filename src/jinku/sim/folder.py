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
        "the custodian's statement, camt.053.001.08, with planted breaks",
        "存管行对账单（含植入差错）",
    ),
    ("reconciliation.md", "the reconciliation on one page", "对账结果一页纸"),
    ("reconciliation.csv", "every record of both sides and how it ended", "逐笔对账结果"),
    ("breaks.csv", "every break found, with evidence and age", "差错清单（证据、账龄）"),
    ("labels.csv", "what was planted, to score a reconciliation against", "植入差错的标签"),
    ("position.md", "owed to clients against held at the bank", "应存与实存头寸"),
    ("close-record.json", "record of the close; its SHA-256 is sealed in the log", "日终记录（摘要已封存）"),
    ("attestation.json", "what is owed in all, sealed in the log", "偿付证明（已封存）"),
    ("attestations", "balances and salts behind the attestation, for more receipts (0600)", "偿付证明的余额与盐值"),
    ("receipts", "balance receipts of some customers, receipts of some transfers", "客户余额凭证与交易凭证"),
    ("log", "the transparency log: tiles, entries, signed checkpoint", "透明日志"),
    ("log.vkey", "the log's public key: all that a verifier needs to trust", "日志公钥"),
    ("ledger", "the ledger's data", "账本数据"),
    ("keys", "the log's private key (0600)", "日志私钥"),
    ("house.json", "what this data directory is", "数据目录说明"),
    ("control.db", "control data beside the ledger", "管理数据"),
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
        for name in ("idempotency.db", "statements.db", "agreements.sqlite")
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


def readme(title: str, commands: list[tuple[str, str]]) -> str:
    """The page that explains the folder; `commands` are what to try next, each with its meaning."""
    lines = [title, "=" * 72, "", "What lies here · 文件说明", ""]
    for name, english, chinese in CONTENTS:
        lines += [f"  {name:<20} {english}", f"  {'':<20} {chinese}"]
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
