"""The files that people and programs open after a reconciliation of the sides: Markdown, CSV, Parquet, evidence.

Rules:

1. `evidence.jsonl` is what counts: its bytes are those of `ThreeWay.to_bytes`. All else is shown from the same result.
2. Amounts in CSV and Parquet are minor units; texts from outside are made harmless by `jinku.custody.inert`.
3. Parquet is written by DuckDB from the CSV file, with bounded memory and two threads.

Example::

    write_files(Path("out"), result)
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from jinku.base.currency import TABLE
from jinku.base.decimals import format_minor
from jinku.custody.inert import csv_text, markdown_cell, spreadsheet_cell, visible
from jinku.custody.reconciliation.breaks import Break, ageing
from jinku.custody.reconciliation.outcome import ThreeWay, Total
from jinku.custody.reconciliation.records import SIDES

MEMORY_LIMIT_MIB = 512
BREAKS_SHOWN_MAX = 50
BREAK_COLUMNS = (
    "break_id", "class", "outcome", "side", "account", "currency", "reference", "amount", "effect", "books_effect",
    "date", "age_days", "platform_ids", "transfer_ids", "bank_ids", "evidence", "candidates",
)  # fmt: skip
MATCH_COLUMNS = (
    "rule",
    "platform_ids",
    "ledger_ids",
    "bank_ids",
    "reference",
    "amount",
    "currency",
    "lag_days",
    "why",
)
_NUMBERS = ("amount", "effect", "books_effect", "age_days", "lag_days")
_EXPONENTS = {one.code: one.exponent for one in TABLE}


def write_files(directory: Path, result: ThreeWay) -> None:
    """Write `report.md`, `evidence.jsonl`, `carried.json`, and `breaks` and `matches` as CSV and Parquet."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "evidence.jsonl").open("wb") as file:
        result.write(file)
    (directory / "carried.json").write_bytes(result.carried.to_bytes())
    (directory / "report.md").write_text(three_way_markdown(result), encoding="utf-8")
    (directory / "breaks.csv").write_text(three_way_breaks_csv(result), encoding="utf-8")
    _write_rows(
        directory / "matches.csv",
        MATCH_COLUMNS,
        (
            (
                one.rule.name,
                " ".join(one.platform),
                " ".join(one.ledger),
                " ".join(one.bank),
                one.reference,
                str(one.amount),
                one.currency,
                str(one.lag_days),
                one.rule.english,
            )
            for one in result.matches
        ),
    )
    for name in ("breaks", "matches"):
        write_parquet(directory / f"{name}.csv", directory / f"{name}.parquet")


def three_way_breaks_csv(result: ThreeWay) -> str:
    """One line per break; amounts in minor units."""
    return csv_text(
        BREAK_COLUMNS,
        (
            (
                f"{one.break_id:032x}",
                one.kind.value,
                one.outcome.value,
                one.side,
                one.account,
                one.currency,
                one.reference,
                str(one.amount),
                str(one.effect),
                str(one.books_effect),
                one.day.isoformat(),
                str(one.age_days),
                " ".join(one.platform_ids),
                " ".join(map(str, one.transfer_ids)),
                " ".join(one.bank_ids),
                "; ".join(one.evidence),
                "; ".join(one.candidates),
            )
            for one in result.breaks
        ),
    )


def write_parquet(source: Path, target: Path) -> None:
    """The CSV file `source` as Parquet, numbers as 64-bit integers and all else as text."""
    with duckdb.connect(config={"memory_limit": f"{MEMORY_LIMIT_MIB}MiB", "threads": 2}) as connection:
        columns = _header(source)
        typed = ", ".join(
            f'CAST("{name}" AS BIGINT) AS "{name}"'
            if name in _NUMBERS
            else f'coalesce("{name}", \'\') AS "{name}"'
            for name in columns
        )
        kinds = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in columns) + "}"
        read = f"read_csv($source, header=true, delim=',', quote='\"', escape='\"', auto_detect=false, columns={kinds})"
        query = f"COPY (SELECT {typed} FROM {read}) TO '{_quoted(target)}' (FORMAT parquet)"  # noqa: S608 - own names
        connection.execute(query, {"source": str(source)})


def three_way_markdown(result: ThreeWay) -> str:
    """The reconciliation for a person: who took part, counts, the arithmetic, ageing, the first breaks."""
    parts = ", ".join(
        f"{side.value} {len(part):,}"
        for side, part, here in zip(SIDES, result.cases.book.parts, result.present, strict=True)
        if here
    )
    lines = [
        f"# Three-way reconciliation 三方对账 · {result.as_of.isoformat()}",
        "",
        f"Records: {parts} (what was carried included).",
        f"Method {result.rules.version}, rules {result.rules.digest[:16]}.",
        "",
        "| outcome 结果 | count |",
        "|---|---:|",
        *(f"| {kind.replace('_', ' ')} | {count:,} |" for kind, count in result.counts.items()),
    ]
    for total in result.totals:
        lines += [
            "",
            f"## {markdown_cell(total.account)} {total.currency}",
            "",
            *(f"- {one}" for one in proof(total)),
        ]
    if not result.breaks:
        return "\n".join([*lines, "", "No breaks. 无差错。"]) + "\n"
    lines += ["", "| age 账龄 | breaks |", "|---|---:|"]
    lines += [f"| {band.label} | {band.count:,} |" for band in ageing(result.breaks)]
    lines += [
        "",
        "| class | side | reference | amount | age | what was seen |",
        "|---|---|---|---:|---:|---|",
    ]
    lines += [_break_line(one) for one in result.breaks[:BREAKS_SHOWN_MAX]]
    hidden = len(result.breaks) - BREAKS_SHOWN_MAX
    return "\n".join([*lines, *([f"\n… and {hidden:,} more in the CSV file."] if hidden > 0 else [])]) + "\n"


def _break_line(one: Break) -> str:
    kind, seen = one.kind.value.replace("_", " "), markdown_cell("; ".join(one.evidence))
    money = _money(one.amount, one.currency)
    return f"| {kind} | {one.side} | {markdown_cell(one.reference)} | {money} | {one.age_days} | {seen} |"


def proof(total: Total) -> list[str]:
    """The arithmetic of one account from side to side, a step a line."""

    def money(amount: int) -> str:
        return _money(amount, total.currency)

    platform, ledger, bank = total.sums
    steps = []
    if total.present[0]:
        steps.append(f"platform {money(platform)} + breaks between our books {money(total.books_effect)}")
    steps.append(f"= ledger {money(ledger)}")
    if total.present[2]:
        steps.append(
            f"ledger {money(ledger)} + breaks at the bank {money(total.effect)} = bank {money(bank)}"
        )
    for place, side in enumerate(SIDES):
        slip, gap = total.slip(place), total.residual(place)
        if slip is not None:
            steps.append(
                f"{side.value}: opening + movements is {money(-slip)} beyond closing"
                if slip
                else f"{side.value}: opening + movements = closing"
            )
        if gap and side.value != "ledger":
            steps.append(
                f"{side.value}: closing differs from the ledger's by {money(gap)} beyond the breaks: older than this"
            )
    return steps


def _money(amount: int, code: str) -> str:
    return f"{format_minor(amount, _EXPONENTS.get(code, 0))} {code}"


def _write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([spreadsheet_cell(visible(cell)) for cell in row])


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
