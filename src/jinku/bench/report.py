"""What a benchmark found: figures with units and bars, as one JSON object or as a table.

Example::

    report = Report.of("http", {"single_rps": Figure(4_100.0, "requests/s", 2_000)})
    report.as_json()  # {"bench": "http", "commit": …, "machine": …, "figures": {"single_rps": {…}}}
"""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

_GIT_SECONDS_MAX = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, and the bar that it must reach; None where none is set."""

    value: float
    unit: str
    bar: float | None = None
    lower_is_better: bool = False
    """Whether the bar is a ceiling instead of a floor."""

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.lower_is_better else self.value >= self.bar

    @property
    def bar_text(self) -> str:
        """The bar with its direction, ``>= 2000`` or ``<= 25``; empty where none is set."""
        return "" if self.bar is None else f"{'<=' if self.lower_is_better else '>='} {self.bar:g}"

    def as_json(self) -> dict[str, Any]:
        """The figure as JSON values; a large value is rounded to a whole number, a small one to 4 digits."""
        value: float = round(self.value) if abs(self.value) >= 1_000 else float(f"{self.value:.4g}")
        return {"value": value, "unit": self.unit, "bar": self.bar_text}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run, and where they were taken."""

    bench: str
    commit: str
    machine: str
    figures: Mapping[str, Figure]

    @classmethod
    def of(cls, bench: str, figures: Mapping[str, Figure]) -> "Report":
        """A report of a run here and now."""
        return cls(bench, commit(), machine(), figures)

    @property
    def met(self) -> bool:
        """Whether every bar is reached."""
        return all(figure.met is not False for figure in self.figures.values())

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        figures = {key: figure.as_json() for key, figure in self.figures.items()}
        return {"bench": self.bench, "commit": self.commit, "machine": self.machine, "figures": figures}

    def table(self) -> Table:
        """The report for a person."""
        table = Table(title=f"jinku bench {self.bench}", caption=f"{self.machine} · commit {self.commit}")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("bar", justify="right")
        table.add_column("")
        marks = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}
        for key, figure in self.figures.items():
            text = f"{figure.value:,.0f}" if abs(figure.value) >= 1_000 else f"{figure.value:,.4g}"
            table.add_row(key, text, figure.unit, figure.bar_text, marks[figure.met])
        return table


def commit() -> str:
    """The commit of the source tree that runs, with ``+`` where it has changes; "unknown" outside of one."""
    here = Path(__file__).parent
    try:
        found = _git(here, "rev-parse", "--short=12", "HEAD")
        return found + ("+" if _git(here, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments],  # noqa: S607 - git is found on the PATH
        capture_output=True,
        text=True,
        timeout=_GIT_SECONDS_MAX,
        check=True,
    )
    return done.stdout.strip()


def machine() -> str:
    """Processor, cores that may be used, memory, system and Python, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return (
        f"{_processor()}, {cores} cores, {memory:.0f} GiB, {system}, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", information.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine()
