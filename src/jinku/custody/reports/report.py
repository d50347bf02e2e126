"""A report: figures, each with how it was found and a second way to it, tables, and what is missing. As PDF, CSV, JSON.

Rules:

1. A figure that two ways lead to carries both; where they differ the report says so in its first line and is not
   `agreed`.
2. What could not be computed for want of an input is named in `missing`; no figure is made up.
3. A report is a sealed folder: ``report-en.pdf``, ``report-zh.pdf``, ``figures.csv``, ``report.json``, ``tables/``,
   and a manifest whose hash is in the log.

Example::

    made = write_report(house, report, Path("custody-2026-11"), find_fonts())
    made.agreed
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_SECOND, to_rfc3339
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.printed import (
    LANGUAGES,
    TABLE_ROWS_MAX,
    Block,
    Document,
    bars,
    grouped,
    heading,
    paragraph,
    section_blocks,
    table,
)
from jinku.custody.reports.sealed import Sealed, new_folder, seal_folder, write_private
from jinku.custody.reports.section import Both, Section, text
from jinku.custody.reports.sources import Layout
from jinku.custody.reports.tabular import Written, write_section
from jinku.custody.reports.verifier import verifier_pyz

FORMAT = "jinku-report/v1"
_FIGURE_COLUMNS = (
    text("title", "Figure", "指标", wide=4),
    text("value", "Value", "数值", wide=3),
    text("second", "Second way", "第二口径", wide=3),
    text("how", "How it was found", "计算方法", wide=5),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: minor units of `currency` where one is named, else a count or a text."""

    key: str
    title: Both
    value: int | str
    how: Both
    currency: str = ""
    second: int | str | None = None
    """The same figure by another way; None where there is no other."""

    @property
    def agreed(self) -> bool:
        """Whether both ways gave the same, or there is one only."""
        return self.second is None or self.second == self.value

    def written(self, value: int | str | None) -> str:
        """A value as text, with the currency's decimals."""
        if value is None:
            return ""
        if self.currency and isinstance(value, int):
            return format_minor(value, currency(self.currency).exponent)
        return str(value)


@dataclass(slots=True)
class Report:
    """See the module's rules."""

    name: str
    title: Both
    entity: Both
    period: str
    as_of: int
    """The moment of the books, ns."""
    ledger_size: int
    layout: Layout
    figures: list[Figure] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    missing: list[Both] = field(default_factory=list)
    notes: list[Both] = field(default_factory=list)
    charts: list[tuple[Both, list[tuple[str, str, int, bool]]]] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """Further files of the folder: receipts of samples."""

    @property
    def agreed(self) -> bool:
        """Whether every figure with two ways has one value."""
        return all(one.agreed for one in self.figures)


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """A report that was written."""

    sealed: Sealed
    agreed: bool
    figures: dict[str, str]
    missing: tuple[Both, ...]
    files: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """What to tell whoever asked for it, as JSON values."""
        return {
            "path": str(self.sealed.path),
            "agreed": self.agreed,
            "figures": self.figures,
            "missing": [one.en for one in self.missing],
            "files": list(self.files),
            "manifest_sha256": self.sealed.digest.hex(),
            "log_entry": self.sealed.entry,
        }


def write_report(house: OpenHouse, report: Report, out: Path, fonts: Fonts) -> WrittenReport:
    """Write `report` to the new folder `out` and seal it. Raises FolderTaken, and what ledger and log raise."""
    with new_folder(out) as folder:
        (folder / "tables").mkdir(mode=0o700)
        tables = [write_section(one, folder / "tables", head_max=TABLE_ROWS_MAX) for one in report.sections]
        write_section(_figures_section(report), folder, parquet=False)
        write_private(folder / "report.json", canonical_json(_document(report, tables)))
        for name, data in report.files:
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(folder / name, data)
        made = []
        for language in LANGUAGES:
            if language == "zh" and not fonts.chinese:
                continue
            name = f"report-{language}.pdf"
            write_private(folder / name, _paper(report, tables, language).pdf(language, fonts))
            made.append(name)
        write_private(folder / "verify.pyz", verifier_pyz())
        write_private(folder / "log.vkey", "".join(f"{key}\n" for key in house.vkeys))
        about = {
            "format": FORMAT,
            "report": report.name,
            "period": report.period,
            "as_of": to_rfc3339(report.as_of),
            "ledger_size": report.ledger_size,
            "log": house.publisher.origin,
            "log_keys": list(house.vkeys),
        }
        sealed = seal_folder(folder, about, house)
    return WrittenReport(
        Sealed(out, sealed.digest, sealed.entry),
        report.agreed,
        {one.key: one.written(one.value) for one in report.figures},
        tuple(report.missing),
        (*made, "figures.csv", "report.json", *(f"tables/{one.section.name}.csv" for one in tables)),
    )


def _figures_section(report: Report) -> Section:
    return Section(
        "figures",
        Both("Figures", "指标"),
        (
            text("key", "Key", "键"),
            text("english", "Figure", "指标（英文）"),
            text("chinese", "Figure in Chinese", "指标"),
            text("value", "Value", "数值"),
            text("currency", "Currency", "币种"),
            text("second", "Second way", "第二口径"),
            text("agreed", "Agreed", "一致"),
            text("how", "How it was found", "计算方法"),
        ),
        [
            (
                one.key,
                one.title.en,
                one.title.zh,
                one.written(one.value),
                one.currency,
                one.written(one.second),
                "" if one.second is None else "yes" if one.agreed else "NO",
                f"{one.how.en} {one.how.zh}".strip(),
            )
            for one in report.figures
        ],
    )


def _document(report: Report, tables: Sequence[Written]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "report": report.name,
        "title": report.title._asdict(),
        "entity": report.entity._asdict(),
        "period": report.period,
        "as_of": to_rfc3339(report.as_of),
        "ledger_size": report.ledger_size,
        "layout": {"since": report.layout.since.isoformat(), "source": report.layout.source._asdict()},
        "agreed": report.agreed,
        "figures": {
            one.key: {
                "value": str(one.value),
                "text": one.written(one.value),
                "currency": one.currency or None,
                "second": None if one.second is None else str(one.second),
                "english": one.title.en,
                "chinese": one.title.zh,
            }
            for one in report.figures
        },
        "missing": [one._asdict() for one in report.missing],
        "notes": [one._asdict() for one in report.notes],
        "tables": {one.section.name: one.rows for one in tables},
    }


def _paper(report: Report, tables: Sequence[Written], language: str) -> Document:
    blocks: list[Block] = []
    if not report.agreed:
        wrong = ", ".join(one.title.of(language) for one in report.figures if not one.agreed)
        blocks.append(
            paragraph(
                Both(
                    f"TWO WAYS DISAGREE: {wrong}. Do not file this report before it is understood why.",
                    f"两种口径不一致：{wrong}。查明原因前请勿报送。",
                ).of(language),
                "warning",
            )
        )
    for one in report.missing:
        blocks.append(paragraph(f"{Both('Missing', '缺少').of(language)}: {one.of(language)}", "warning"))
    rows = [
        [
            one.title.of(language),
            *(_shown(one, value) for value in (one.value, one.second)),
            one.how.of(language),
        ]
        for one in report.figures
    ]
    blocks += [heading(Both("Figures", "指标").of(language)), table(_FIGURE_COLUMNS, rows, language)]
    for title, lines in report.charts:
        blocks += [heading(title.of(language), 2), bars(lines)]
    for done in tables:
        blocks += section_blocks(done.section, done.head, done.rows, language)
    blocks += [
        heading(Both("Basis", "依据").of(language), 2),
        paragraph(report.layout.source.of(language), "note"),
        *(paragraph(one.of(language), "note") for one in report.notes),
    ]
    return Document(
        report.title,
        report.entity.of(language),
        to_rfc3339(report.as_of),
        blocks,
        subtitle=Both(report.period, report.period),
        moment=report.as_of // NS_PER_SECOND,
    )


def _shown(one: Figure, value: int | str | None) -> str:
    said = one.written(value)
    if isinstance(value, int):
        return f"{grouped(said)} {one.currency}".strip()
    return said
