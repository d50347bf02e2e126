"""Reading statements for `jinku recon statement`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError
from jinku.custody.statements.formats import ReadOptions, read_statement
from jinku.custody.statements.formats.csv import mapping_of
from jinku.custody.statements.model import Statement, check_all


def read_statements(files: Sequence[Path], mappings: Sequence[Path] = ()) -> dict[str, Any]:
    """The statements of `files` and what the checks over all of them find; CSV is also read by the TOML files
    `mappings`. Raises InputError for a bad file or mapping, and for the same content twice.
    """
    options = ReadOptions().with_mappings([mapping_of(one.read_bytes(), one.name) for one in mappings])
    statements: list[Statement] = []
    rows: list[dict[str, Any]] = []
    seen: dict[bytes, str] = {}
    for file in files:
        content = file.read_bytes()
        if content in seen:
            raise InputError(
                f"is the same file as {seen[content]}", file=file.name, remedy="name each file once"
            )
        seen[content] = file.name
        for one in read_statement(content, file.name, options):
            statements.append(one)
            rows.append(_row(file, one))
    findings = [
        {"check": finding.check, "place": finding.place, "problem": finding.problem}
        for finding in check_all(statements)
    ]
    return {"statements": rows, "findings": findings}


def _row(file: Path, one: Statement) -> dict[str, Any]:
    return {
        "file": file.name,
        "account": one.account,
        "sequence": one.sequence,
        "from": one.from_date.isoformat(),
        "to": one.to_date.isoformat(),
        "entries": len(one.entries),
        "opening": one.money(one.opening) if one.opening_given else "",
        "closing": one.money(one.closing) if one.closing_given else "",
        "currency": one.currency.code,
        "message_id": one.message_id,
        "kind": one.kind.value,
    }
