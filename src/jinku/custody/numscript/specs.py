"""The public test format of Numscript: ``NAME.num.specs.json`` beside ``NAME.num``.

Rules:

1. A file gives balances, variables, metadata and feature flags, and cases; a case adds to them or overrides them.
2. A case passes if everything it expects holds. An error that it does not expect fails it; it is never passed over.
3. A field that the format does not know is refused: a misspelt expectation must not pass.
4. `skip` leaves a case out, `focus` all others of its file; either makes the whole not passed, as it is meant for
   debugging.

Example::

    report = check_directory(Path("agreements"))
    report.passed  # True when every case of every file passed and none was skipped
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.custody.numscript.errors import BadSpec, MissingFunds, NegativeAmount, NumscriptError
from jinku.custody.numscript.inputs import BalanceRow, Inputs
from jinku.custody.numscript.interpret import run
from jinku.custody.numscript.parsing import parse
from jinku.custody.numscript.result import Result
from jinku.custody.numscript.spec_file import Case, Spec, read_spec, read_text
from jinku.custody.numscript.syntax import Program

SPEC_SUFFIX = ".num.specs.json"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that does not hold; `expected` and `found` are JSON values."""

    expectation: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class CaseReport:
    """What became of one case."""

    it: str
    skipped: bool
    mismatches: tuple[Mismatch, ...]
    error: str = ""
    """The error that the case did not expect, empty where there was none."""

    @property
    def passed(self) -> bool:
        """Whether it ran and everything it expects holds."""
        return not (self.skipped or self.mismatches or self.error)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file's cases; `error` where the file or its program cannot be read."""

    file: str
    features: tuple[str, ...]
    cases: tuple[CaseReport, ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class SpecsReport:
    """What became of all files of a directory."""

    files: tuple[FileReport, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cases there are, passed, failed, were skipped; a file that cannot be read is one failed."""
        cases = [case for file in self.files for case in file.cases]
        broken = sum(bool(file.error) for file in self.files)
        passed, skipped = sum(case.passed for case in cases), sum(case.skipped for case in cases)
        total = len(cases) + broken
        return {"total": total, "passed": passed, "failed": total - passed - skipped, "skipped": skipped}

    @property
    def passed(self) -> bool:
        """Whether there is at least one case and all passed."""
        return 0 < self.counts["total"] == self.counts["passed"]


def check_directory(directory: Path) -> SpecsReport:
    """Run every specification under `directory`, in the order of their paths. Raises BadSpec where there is none."""
    files = sorted(directory.rglob("*" + SPEC_SUFFIX))
    if not files:
        raise BadSpec(f"{directory} holds no *{SPEC_SUFFIX}", remedy="name a directory with specifications")
    return SpecsReport(tuple(check_file(file, str(file.relative_to(directory))) for file in files))


def check_file(file: Path, name: str = "") -> FileReport:
    """Run the cases of one specification against the program beside it. `name` is what the report calls it."""
    name = name or str(file)
    try:
        spec = read_spec(file)
        program = parse(read_text(file.with_name(file.name.removesuffix(".specs.json"))))
    except NumscriptError as error:
        return FileReport(name, (), (), str(error))
    flags = tuple(sorted(spec.features | {flag.text for flag in program.features}))
    focused = any(case.focus for case in spec.cases)
    reports = [
        CaseReport(case.it, True, ())
        if case.skip or (focused and not case.focus)
        else _check(program, spec, case)
        for case in spec.cases
    ]
    return FileReport(name, flags, tuple(reports), "" if reports else f"{name} has no test cases")


def _check(program: Program, spec: Spec, case: Case) -> CaseReport:
    inputs = _merged(spec, case)
    try:
        result = run(program, inputs)
    except (MissingFunds, NegativeAmount) as error:
        name = "missingFunds" if isinstance(error, MissingFunds) else "negativeAmount"
        expectation = f"expect.error.{name}"
        if case.expected.get(expectation):
            return CaseReport(case.it, False, ())
        return CaseReport(case.it, False, (Mismatch(expectation, False, True),), str(error))
    except NumscriptError as error:
        return CaseReport(case.it, False, (), str(error))
    found = _found(result, inputs.balances)
    mismatches = [
        Mismatch(name, wanted, found[name])
        for name, wanted in case.expected.items()
        if not _holds(name, wanted, found[name])
    ]
    return CaseReport(case.it, False, tuple(mismatches))


def _merged(spec: Spec, case: Case) -> Inputs:
    balances = {row.key: row for row in (*spec.balances, *case.balances)}
    metadata = {account: dict(pairs) for account, pairs in spec.metadata.items()}
    for account, pairs in case.metadata.items():
        metadata.setdefault(account, {}).update(pairs)
    return Inputs(
        variables={**spec.variables, **case.variables},
        balances=tuple(balances.values()),
        metadata=metadata,
        features=spec.features,
    )


def _found(result: Result, balances: Sequence[BalanceRow]) -> dict[str, Any]:
    """What a run shows for each expectation of the format, as JSON values."""
    postings = [posting.movement() for posting in result.postings]
    after = {row.key: row.amount for row in balances}
    moved: dict[tuple[str, str, str, str], int] = {}
    for source, destination, asset, amount, color in postings:
        for account, change in ((source, -amount), (destination, amount)):
            after[account, asset, color] = after.get((account, asset, color), 0) + change
        moved[source, destination, asset, color] = moved.get((source, destination, asset, color), 0) + amount
    rows = [_colored(account=a, asset=s, amount=after[a, s, c], color=c) for a, s, c in sorted(after)]
    return {
        "expect.postings": [
            _colored(source=s, destination=d, asset=a, amount=n, color=c) for s, d, a, n, c in postings
        ],
        "expect.movements": [
            _colored(source=s, destination=d, asset=a, amount=n, color=c) for (s, d, a, c), n in moved.items()
        ],
        "expect.endBalances": rows,
        "expect.endBalances.include": rows,
        "expect.txMetadata": {key: str(value) for key, value in result.tx_metadata.items()},
        "expect.metadata": {account: dict(pairs) for account, pairs in result.account_metadata.items()},
        "expect.error.missingFunds": False,
        "expect.error.negativeAmount": False,
    }


def _colored(*, color: str, **fields: Any) -> dict[str, Any]:
    return {**fields, "color": color} if color else fields


def _holds(name: str, wanted: Any, found: Any) -> bool:
    if name in ("expect.movements", "expect.endBalances"):
        return _as_set(wanted) == _as_set(found)
    if name == "expect.endBalances.include":
        return _as_set(wanted) <= _as_set(found)
    return bool(wanted == found)


def _as_set(rows: Sequence[Mapping[str, Any]]) -> set[tuple[tuple[str, Any], ...]]:
    return {tuple(sorted(row.items())) for row in rows}
