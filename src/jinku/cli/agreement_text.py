"""How results and reports of agreements are written for a person, and as JSON."""

from typing import TYPE_CHECKING, Any

from jinku.cli.output import Output

if TYPE_CHECKING:
    from jinku.custody.numscript.specs import CaseReport, FileReport, SpecsReport


def show_result(out: Output, result: dict[str, Any]) -> None:
    """Write the document of a run as tables."""
    rows = [
        (
            one["source"],
            one["destination"],
            one["asset"] + (f" {one['color']}" if "color" in one else ""),
            one["amount"],
            "; ".join(_way(path) for path in one["why"]["sources"]),
            _way(one["why"]["target"]),
        )
        for one in result["postings"]
    ]
    out.table(("from", "to", "asset", "amount ", "why from there", "why to there"), rows, "Postings")
    if result["kept"]:
        kept = [
            (one["account"], one["asset"], one["amount"], _way(one["why"]["target"]))
            for one in result["kept"]
        ]
        out.table(("account", "asset", "amount ", "why"), kept, "Kept")
    if result["tx_metadata"]:
        out.pairs(result["tx_metadata"], "Metadata")
    if result["account_metadata"]:
        lines = [
            (account, key, value)
            for account, pairs in result["account_metadata"].items()
            for key, value in pairs.items()
        ]
        out.table(("account", "key", "value"), lines, "Account metadata")


def _way(path: list[dict[str, Any]]) -> str:
    """One explanation on a line: rule, place and arithmetic of each clause, outermost first."""
    return " > ".join(
        f"{step['rule']} (line {step['line']}){': ' * bool(step['note'])}{step['note']}" for step in path
    )


def specs_document(report: "SpecsReport") -> dict[str, Any]:
    """A report on specifications as JSON values."""
    return {**report.counts, "files": [_file_document(file) for file in report.files]}


def _file_document(file: "FileReport") -> dict[str, Any]:
    document: dict[str, Any] = {"file": file.file, "features": list(file.features)}
    if file.error:
        document["error"] = file.error
    return {**document, "cases": [_case_document(case) for case in file.cases]}


def _case_document(case: "CaseReport") -> dict[str, Any]:
    result = "skipped" if case.skipped else "passed" if case.passed else "failed"
    document: dict[str, Any] = {"it": case.it, "result": result}
    if case.error:
        document["error"] = case.error
    if case.mismatches:
        document["mismatches"] = [
            {"expectation": one.expectation, "expected": one.expected, "found": one.found}
            for one in case.mismatches
        ]
    return document


def show_specs(out: Output, report: "SpecsReport") -> None:
    """Write a report on specifications as a table, with what is wrong."""
    rows = []
    for file in report.files:
        passed = sum(case.passed for case in file.cases)
        rows.append((file.file, f"{passed} of {len(file.cases)}", file.error))
        for case in file.cases:
            if not case.passed:
                why = "skipped" if case.skipped else case.error
                why = why or "; ".join(
                    f"{one.expectation}: expected {one.expected}, found {one.found}"
                    for one in case.mismatches
                )
                rows.append((f"  {case.it}", "", why))
    out.table(("file", "passed ", "what is wrong"), rows)
    counts = report.counts
    out.line(f"{counts['passed']} of {counts['total']} cases passed, {counts['skipped']} skipped")
