"""Printed reports: a document of blocks becomes a PDF, in one language at a time.

Rules:

1. Content goes to the typesetter as values in a JSON file, never as its markup: nothing in a name can become a command,
   read a file or load a package.
2. Every page says what it is, whose it is, as of when, and its number of how many.
3. A PDF is PDF/A-2b, so that it can still be read in decades; the same document gives the same bytes.

Example::

    page = Document(Both("Custody report", "资金存管报告"), "ACME Ltd", "2026-11-20T16:00:00Z", [Heading(…), Table(…)])
    Path("report-en.pdf").write_bytes(page.pdf("en", find_fonts()))
"""

import json
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal

import typst

from jinku.base.errors import JinkuError
from jinku.custody.inert import visible
from jinku.custody.reports.fonts import INSTALL_A_FONT, Fonts
from jinku.custody.reports.section import NO_TEXT, Both, Column, Holds, Section

LANGUAGES = ("en", "zh")
TABLE_ROWS_MAX = 200
"""A table of more rows is a long list: only its first rows are printed, and its file is named."""
COLUMNS_MAX = 12
SHEETS_MAX = 8
"""A table of more columns and no more rows than this is printed a row at a time, as names and values."""
LIST_ROWS_A_PAGE = 54
PRINTED_CELL_MAX = 160
PDF_STANDARD: Literal["a-2b"] = "a-2b"
Block = dict[str, Any]
_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+")


class NoFont(JinkuError):
    """A Chinese page was asked for and no Chinese font is installed."""

    code: ClassVar[str] = "no_chinese_font"
    http_status: ClassVar[int] = 503


class NotPrinted(JinkuError):
    """The typesetter failed on a document of ours."""

    code: ClassVar[str] = "not_printed"


@dataclass(slots=True)
class Document:
    """One report to print. `entity` and `as_of` stand at the head of each page, `blocks` are made for one language."""

    title: Both
    entity: str
    as_of: str
    blocks: list[Block] = field(default_factory=list)
    subtitle: Both = NO_TEXT
    cover: bool = False
    wide: bool = False
    """Whether the page lies on its side."""
    moment: int = 0
    """Seconds since 1970 that the file says it was made at."""

    def pdf(self, language: str, fonts: Fonts) -> bytes:
        """The document as PDF. Raises NoFont for Chinese where no Chinese font is installed."""
        if language == "zh" and not fonts.chinese:
            raise NoFont("no Chinese font was found on this machine", remedy=INSTALL_A_FONT)
        with tempfile.TemporaryDirectory(prefix="jinku-print-") as scratch:
            root = Path(scratch)
            values = self._values(language, fonts)
            if not fonts.chinese:
                values = _latin(values)
            (root / "document.json").write_text(json.dumps(values), "utf-8")
            template = resources.files("jinku.custody.reports").joinpath("document.typ").read_text("utf-8")
            (root / "main.typ").write_text(template, "utf-8")
            compiler = typst.Compiler(str(root / "main.typ"), root=str(root), font_paths=fonts.loaded)
            return _compiled(compiler, self.moment)

    def _values(self, language: str, fonts: Fonts) -> dict[str, Any]:
        chinese = language == "zh"
        made_by = Both("Made by Jinku", "由金库（Jinku）生成").of(language)
        return {
            "title": self.title.of(language),
            "subtitle": visible(self.subtitle.of(language)),
            "author": visible(self.entity),
            "head_left": visible(f"{self.title.of(language)} · {self.entity}"),
            "head_right": f"{Both('as of', '截至').of(language)} {self.as_of}",
            "foot": made_by,
            "page_words": ["第 ", " 页，共 ", " 页"] if chinese else ["page ", " of ", ""],
            "fonts": fonts.families,
            "lang": language,
            "region": "cn" if chinese else "gb",
            "cover": self.cover,
            "wide": self.wide,
            "blocks": self.blocks,
        }


def _compiled(compiler: typst.Compiler, moment: int) -> bytes:
    """The PDF as PDF/A; where a text has a character that no font here has (a rare one in a name), as a plain PDF in
    which it is a box, since PDF/A allows none."""
    try:
        made = compiler.compile(format="pdf", pdf_standards=PDF_STANDARD, pdf_tags=False, timestamp=moment)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        made = compiler.compile(format="pdf", pdf_tags=False, timestamp=moment)
    if not isinstance(made, bytes):
        raise NotPrinted("the typesetter gave no PDF", remedy="report this as a fault of jinku")
    return made


def _latin(value: Any) -> Any:
    """Values without Chinese characters, for a machine that cannot print them."""
    if isinstance(value, str):
        return _CHINESE.sub("", value).strip() or "[Chinese]" if _CHINESE.search(value) else value
    if isinstance(value, list):
        return [_latin(one) for one in value]
    if isinstance(value, dict):
        return {key: _latin(one) for key, one in value.items()}
    return value


def heading(text: str, level: int = 1) -> Block:
    """A heading."""
    return {"kind": "heading", "level": level, "text": visible(text)}


def paragraph(text: str, kind: str = "text") -> Block:
    """A paragraph: ``text``, ``note`` (small, grey) or ``warning``."""
    return {"kind": kind, "text": visible(text)}


def pairs(rows: Iterable[tuple[str, str]]) -> Block:
    """Names and values, one a line."""
    return {"kind": "pairs", "rows": [[visible(name), visible(value)] for name, value in rows]}


def bars(rows: Iterable[tuple[str, str, int, bool]]) -> Block:
    """A bar chart: label, value as text, length (any whole numbers), whether it is a warning."""
    listed = list(rows)
    longest = max([length for _, _, length, _ in listed] or [0]) or 1
    return {
        "kind": "bars",
        "rows": [
            [visible(label), value, max(0, length) * 1000 // longest, bad]
            for label, value, length, bad in listed
        ],
    }


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], language: str, size: float = 7.5
) -> Block:
    """A table of a section's rows as text."""
    return {
        "kind": "table",
        "size": size,
        "head": [column.heading.of(language) for column in columns],
        "align": [_align(column) for column in columns],
        "wide": [column.wide for column in columns],
        "rows": [
            [
                _short(_grouped(cell) if _is_number(column) else cell)
                for column, cell in zip(columns, row, strict=True)
            ]
            for row in rows
        ],
    }


def section_blocks(
    section: Section, head: Sequence[Sequence[str]], total: int, language: str, level: int = 1
) -> list[Block]:
    """A section on paper: heading, note, its first rows (`head`, as text) of `total`, and where the rest is."""
    blocks = [heading(section.title.of(language), level)]
    if section.note.of(language):
        blocks.append(paragraph(section.note.of(language), "note"))
    if not total:
        return [*blocks, paragraph(section.empty.of(language), "warning")]
    shown = head[:TABLE_ROWS_MAX]
    if len(section.columns) > COLUMNS_MAX and total <= SHEETS_MAX:
        return blocks + [_sheet(section.columns, row, language) for row in shown]
    blocks.append(table(section.columns, shown, language, size=7.5 if len(section.columns) < 9 else 6.5))
    if total > len(shown):
        more = Both(
            f"{len(shown):,} of {total:,} rows are printed; all of them are in tables/{section.name}.csv.",
            f"共 {total:,} 行，此处列出 {len(shown):,} 行；全部见 tables/{section.name}.csv。",
        )
        blocks.append(paragraph(more.of(language), "note"))
    return blocks


def long_list(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int], heads: Sequence[str]
) -> Block:
    """A list of any length, each cell cut to `widths` columns of type so that lines stay level."""
    pages = []
    for first in range(0, len(rows), LIST_ROWS_A_PAGE):
        part = rows[first : first + LIST_ROWS_A_PAGE]
        pages.append(
            [
                "\n".join(cut(row[place], widths[place]) or " " for row in part)
                for place in range(len(columns))
            ]
        )
    return {
        "kind": "pages",
        "size": 7,
        "head": list(heads),
        "align": [_align(column) for column in columns],
        "wide": [column.wide for column in columns],
        "pages": pages,
    }


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns of type (a Chinese character takes two), with an ellipsis where it was cut."""
    if len(text) * 2 <= width:
        return text
    used = 0
    for place, one in enumerate(text):
        used += 2 if unicodedata.east_asian_width(one) in "WF" else 1
        if used > width:
            return text[: max(place - 1, 0)] + "…"
    return text


def _sheet(columns: Sequence[Column], row: Sequence[str], language: str) -> Block:
    """One row as a column of names and values: for tables of few rows and many columns."""
    named = zip(columns, row, strict=True)
    return pairs(
        (column.heading.of(language), _grouped(cell) if column.holds is Holds.MONEY else cell)
        for column, cell in named
    )


def grouped(amount: str) -> str:
    """Decimal text with its whole part in groups of three, for people: ``1234.50`` → ``1,234.50``."""
    whole, point, decimals = amount.partition(".")
    return f"{int(whole):,}{point}{decimals}" if whole not in ("-0",) else amount


def _grouped(cell: str) -> str:
    return grouped(cell) if _AMOUNT.fullmatch(cell) else cell


def _is_number(column: Column) -> bool:
    return column.holds in (Holds.MONEY, Holds.NUMBER)


def _align(column: Column) -> str:
    return "right" if _is_number(column) else "left"


def _short(cell: str) -> str:
    return cell if len(cell) <= PRINTED_CELL_MAX else cell[: PRINTED_CELL_MAX - 1] + "…"
