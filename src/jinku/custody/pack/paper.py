"""The pack on paper: the summary in each language, and the list of owners in volumes.

Rules:

1. Figures are those of the tables: every printed row is the text of a row in a CSV file.
2. A table of more than `TABLE_ROWS_MAX` rows is printed in part and names its file; the owners are printed whole.
3. Where no Chinese font is installed, the Chinese summary is not made and names are printed in Latin script; the pack
   says so.

Example::

    write_papers(folder, contents, find_fonts())  # [("pack-en.pdf", Both(…)), …]
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinku.base.clock import NS_PER_SECOND
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.pack.money import PRINTED_COLUMNS, PRINTED_WIDTHS, CategorySum
from jinku.custody.pack.words import KEEP_SECRET, REDACTED, Facts
from jinku.custody.reconciliation.breaks import AGE_BANDS
from jinku.custody.reports.fonts import INSTALL_A_FONT, Fonts
from jinku.custody.reports.printed import (
    LANGUAGES,
    Block,
    Document,
    bars,
    grouped,
    heading,
    long_list,
    pairs,
    paragraph,
    section_blocks,
)
from jinku.custody.reports.sealed import write_private
from jinku.custody.reports.section import Both
from jinku.custody.reports.tabular import Written

VOLUME_ROWS = 40_000
"""Owners in one PDF: some 740 pages, which any reader opens."""
SUMMARY = Both("Resolution pack", "处置资料包")
OWNERS = Both("Owners and balances", "权益人与余额清单")
NO_CHINESE = Both(
    f"No Chinese font was found where this pack was made, so it has no Chinese "
    f"PDF, and the printed list names owners in "
    f"Latin script ({INSTALL_A_FONT}). The CSV and Parquet files hold the Chinese names.",
    "制作本包的机器未安装中文字体，故无中文 PDF，打印清单仅列拉丁字母姓名；CSV 与 Parquet 文件含中文姓名。",
)


@dataclass(slots=True)
class Contents:
    """What is printed. `tables` in the order in which they are printed."""

    facts: Facts
    at: int
    tables: list[Written]
    sums: dict[tuple[int, str, str, str], CategorySum]
    owners: list[tuple[str, ...]]
    papers: list[tuple[str, Both]] = field(default_factory=list)


def write_papers(folder: Path, contents: Contents, fonts: Fonts) -> list[tuple[str, Both]]:
    """Write every PDF to `folder`; the path and title of each."""
    made = []
    for language in LANGUAGES:
        if language == "zh" and not fonts.chinese:
            continue
        name = f"pack-{language}.pdf"
        write_private(folder / name, _summary(contents, language).pdf(language, fonts))
        made.append(
            (
                name,
                Both(
                    f"{SUMMARY.en} ({'Chinese' if language == 'zh' else 'English'})",
                    f"{SUMMARY.zh}（{'中文' if language == 'zh' else '英文'}）",
                ),
            )
        )
    return made + _owners(folder, contents, fonts)


def _summary(contents: Contents, language: str) -> Document:
    facts = contents.facts
    warn = REDACTED if facts.redacted else KEEP_SECRET
    blocks: list[Block] = [
        paragraph(warn.of(language), "warning"),
        pairs(_about(facts, language)),
        heading(Both("What is owed to clients", "应付客户资金").of(language), 2),
        pairs(
            (
                books,
                Both(f"{owed} to {owners} owners", f"{owed}，共 {owners} 户").of(language),
            )
            for books, owners, owed in facts.totals
        ),
        *_shares(contents, language),
        heading(Both("How to check this pack", "如何核验本资料包").of(language), 2),
        paragraph(
            Both(
                "python3 verify.pyz pack . compares every file with the manifest, the "
                "manifest with the log, and the sum of "
                "all owners with the requirement and the attested total. It needs Python 3.11, and "
                "the package cryptography or the program openssl for signatures. "
                "Compare the log's key with the one that the custodian bank, the auditor or the supervisor holds.",
                "运行 python3 verify.pyz pack . 即可核对每个文件与清单、清单与日志，"
                "以及全部权益人余额之和与应存、偿付证明是否一致。"
                "需要 Python 3.11，签名由 cryptography 或 openssl 核验。"
                "请将日志公钥与存管行、审计师或监管机构持有的公钥核对。",
            ).of(language)
        ),
        *(paragraph(key, "note") for key in facts.keys),
        *_index(contents, language),
    ]
    for one in contents.tables:
        blocks += section_blocks(one.section, one.head, one.rows, language)
        if one.section.name == "breaks" and one.rows:
            blocks += _ages(one, language)
    return Document(
        SUMMARY,
        facts.name.of(language),
        facts.as_of,
        blocks,
        subtitle=facts.name,
        cover=True,
        moment=contents.at // NS_PER_SECOND,
    )


def _about(facts: Facts, language: str) -> list[tuple[str, str]]:
    missing = Both(
        "not filled in: [institution] contact in resolution.toml",
        "未填写：resolution.toml 的 [institution] contact",
    )
    return [
        (Both("As of", "截至").of(language), facts.as_of),
        (Both("Institution", "机构").of(language), facts.name.of(language)),
        (Both("Whom to ask", "联系人").of(language), facts.contact or missing.of(language)),
        (Both("Log", "日志").of(language), facts.origin),
        (
            Both("Books after log entry", "账簿对应日志序号").of(language),
            f"{facts.ledger_size:,}",
        ),
    ]


def _index(contents: Contents, language: str) -> list[Block]:
    facts = contents.facts
    rows = [(path, title.of(language)) for path, title in facts.papers]
    rows += [
        (f"tables/{one.name}.csv", f"{one.title.of(language)} · {count:,} {Both('rows', '行').of(language)}")
        for one, count in facts.tables
    ]
    notes = [paragraph(f"• {note.of(language)}", "note") for note in facts.notes]
    return [
        *([heading(Both("What to know", "须知").of(language), 2), *notes] if notes else []),
        heading(Both("What is where", "目录").of(language), 2),
        pairs(rows),
    ]


def _shares(contents: Contents, language: str) -> list[Block]:
    by_kind: dict[tuple[str, str], int] = {}
    for (_, code, _, _), line in contents.sums.items():
        key = code, line.title.of(language)
        by_kind[key] = by_kind.get(key, 0) + line.balance
    blocks: list[Block] = []
    for unit in sorted({code for code, _ in by_kind}):
        lines = sorted(
            ((kind, total) for (code, kind), total in by_kind.items() if code == unit),
            key=lambda one: -one[1],
        )
        blocks += [
            heading(f"{Both('Owed by kind of account', '按账户类型').of(language)} · {unit}", 2),
            bars(
                (kind, grouped(format_minor(total, currency(unit).exponent)), total, False)
                for kind, total in lines
            ),
        ]
    return blocks


def _ages(one: Written, language: str) -> list[Block]:
    place = next(n for n, column in enumerate(one.section.columns) if column.name == "age_days")
    ages = [int(row[place]) for row in one.head if row[place]]
    labels = (
        ("当日", "1 日", "2–5 日", "6–10 日", "10 日以上")
        if language == "zh"
        else [band[0] for band in AGE_BANDS]
    )
    counts = [sum(first <= age <= last for age in ages) for _, first, last in AGE_BANDS]
    return [
        heading(Both("Age of the breaks, business days", "差错账龄（工作日）").of(language), 2),
        bars(
            (label, str(count), count, place > 2)
            for place, (label, count) in enumerate(zip(labels, counts, strict=True))
        ),
    ]


def _owners(folder: Path, contents: Contents, fonts: Fonts) -> list[tuple[str, Both]]:
    made = []
    volumes = _volumes(contents.owners)
    heads = [
        f"{column.heading.en} {column.heading.zh}" if fonts.chinese else column.heading.en
        for column in PRINTED_COLUMNS
    ]
    for number, part in enumerate(volumes, 1):
        name = "owners.pdf" if len(volumes) == 1 else f"owners-{number}.pdf"
        of = Both(
            f"volume {number} of {len(volumes)}: {len(part):,} of {len(contents.owners):,} owners",
            f"第 {number} 册，共 {len(volumes)} 册：{len(part):,} 户，共 {len(contents.owners):,} 户",
        )
        title = Both(f"{OWNERS.en} {OWNERS.zh}", OWNERS.zh) if fonts.chinese else OWNERS
        page = Document(
            title,
            contents.facts.name.en,
            contents.facts.as_of,
            [long_list(PRINTED_COLUMNS, part, PRINTED_WIDTHS, heads)],
            subtitle=Both(f"{of.en} {of.zh}" if fonts.chinese else of.en, of.zh),
            moment=contents.at // NS_PER_SECOND,
        )
        write_private(folder / name, page.pdf("en", fonts))
        made.append((name, Both(f"{OWNERS.en}, {of.en}", f"{OWNERS.zh}，{of.zh}")))
    return made


def _volumes(owners: Sequence[tuple[str, ...]]) -> list[Sequence[tuple[str, ...]]]:
    return [owners[first : first + VOLUME_ROWS] for first in range(0, len(owners), VOLUME_ROWS)] or [[]]
