"""The public specification's own cases, where a copy of them is at hand, and ours in the same format."""

import os
from pathlib import Path

import pytest

from jinku.custody.numscript.specs import SpecsReport, check_directory

OWN = Path(__file__).parent / "specs"
PLAIN_CASES_MIN, EXPERIMENTAL_CASES_MIN = 117, 65
"""Cases of the specification when this was written (June 2026)."""


@pytest.fixture(scope="module")
def public() -> SpecsReport:
    where = os.environ.get("JINKU_NUMSCRIPT_SPECS", "")
    if not where:
        pytest.skip("set JINKU_NUMSCRIPT_SPECS to a checkout of the public Numscript specification")
    return check_directory(Path(where))


def failures(report: SpecsReport, *, experimental: bool) -> list[str]:
    return [f"{file.file}: {file.error}" for file in report.files if file.error] + [
        f"{file.file}: {case}"
        for file in report.files
        for case in file.cases
        if bool(file.features) is experimental and not case.passed
    ]


def cases(report: SpecsReport, *, experimental: bool) -> int:
    return sum(len(file.cases) for file in report.files if bool(file.features) is experimental)


def test_every_plain_case_of_the_public_specification_passes(public: SpecsReport) -> None:
    assert failures(public, experimental=False) == []
    assert cases(public, experimental=False) >= PLAIN_CASES_MIN


def test_every_experimental_case_of_the_public_specification_passes(public: SpecsReport) -> None:
    assert failures(public, experimental=True) == []
    assert cases(public, experimental=True) >= EXPERIMENTAL_CASES_MIN


def test_our_own_cases_pass() -> None:
    report = check_directory(OWN)
    assert failures(report, experimental=False) + failures(report, experimental=True) == []
    assert report.passed
    assert report.counts["total"] >= 12
