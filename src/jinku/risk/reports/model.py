"""A report as a value: what follows from its acts.

Rules (K7):

1. draft → approved (by one who had no hand in it) → submitted → acknowledged or rejected. A correction is a report of
   its own that refers to the former one, which is `corrected` once the correction is submitted.
2. What is approved is the digest of a content. A revision is a new draft and needs approval again; what is submitted is
   a file that was made from the approved content, by its digest.

Example::

    report = replay_report(book.history("report", "000001"))
    report.state, report.content_digest, report.receipt
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jinku.risk.acts.model import Act, Standing


class Stage(StrEnum):
    """How far a report is."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    CORRECTED = "corrected"
    DROPPED = "dropped"


MOVES: Mapping[str, frozenset[Stage]] = MappingProxyType(
    {
        "revise": frozenset({Stage.DRAFT, Stage.APPROVED}),
        "approve": frozenset({Stage.DRAFT}),
        "export": frozenset({Stage.APPROVED, Stage.SUBMITTED, Stage.ACKNOWLEDGED, Stage.REJECTED}),
        "submit": frozenset({Stage.APPROVED}),
        "acknowledge": frozenset({Stage.SUBMITTED}),
        "reject": frozenset({Stage.SUBMITTED}),
        "corrected": frozenset({Stage.SUBMITTED, Stage.ACKNOWLEDGED, Stage.REJECTED}),
        "drop": frozenset({Stage.DRAFT, Stage.APPROVED}),
    }
)
"""From which stages each act is allowed."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report with all that was done."""

    key: str
    kind: str
    case: str
    """The case that it follows from; empty for a large-value report."""
    corrects: str
    """The report that it corrects; empty for none."""
    content_digest: str
    began: str
    """The day from which its deadline counts."""
    drafted_at: int
    stage: Stage = Stage.DRAFT
    hands: frozenset[str] = frozenset()
    approved_by: str = ""
    files: tuple[tuple[str, str], ...] = ()
    """Format and SHA-256 of each file made of the approved content."""
    submitted_at: int = 0
    submitted_file: str = ""
    answered_at: int = 0
    receipt: str = ""
    """What the FIU calls it."""
    corrected_by: str = ""
    acts: int = 0

    @property
    def standing(self) -> Standing:
        """What lists need to know."""
        return Standing(self.stage.value, self.case, "")


def replay_report(acts: Sequence[Act]) -> Report:
    """The report that these acts make."""
    first, body = acts[0], acts[0].body
    report = Report(
        first.key,
        body["kind"],
        body["case"],
        body["corrects"],
        body["content_sha256"],
        body["began"],
        first.at,
        hands=frozenset({first.by.casefold()}),
        acts=1,
    )
    for act in acts[1:]:
        report = replace(_APPLY[act.what](report, act, act.body), acts=act.number)
    return report


def fold_report(acts: Sequence[Act]) -> Standing:
    """Where the acts of a report put it."""
    return replay_report(acts).standing


def _revise(report: Report, act: Act, body: Mapping[str, Any]) -> Report:
    return replace(
        report,
        content_digest=body["content_sha256"],
        stage=Stage.DRAFT,
        hands=report.hands | {act.by.casefold()},
        approved_by="",
        files=(),
    )


def _approve(report: Report, act: Act, _body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.APPROVED, approved_by=act.by)


def _export(report: Report, _act: Act, body: Mapping[str, Any]) -> Report:
    return replace(report, files=(*report.files, (body["format"], body["file_sha256"])))


def _submit(report: Report, act: Act, body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.SUBMITTED, submitted_at=act.at, submitted_file=body["file_sha256"])


def _acknowledge(report: Report, act: Act, body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.ACKNOWLEDGED, answered_at=act.at, receipt=body["receipt"])


def _reject(report: Report, act: Act, body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.REJECTED, answered_at=act.at, receipt=body["receipt"])


def _corrected(report: Report, _act: Act, body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.CORRECTED, corrected_by=body["report"])


def _drop(report: Report, _act: Act, _body: Mapping[str, Any]) -> Report:
    return replace(report, stage=Stage.DROPPED)


_APPLY: Mapping[str, Callable[[Report, Act, Mapping[str, Any]], Report]] = MappingProxyType(
    {
        "revise": _revise,
        "approve": _approve,
        "export": _export,
        "submit": _submit,
        "acknowledge": _acknowledge,
        "reject": _reject,
        "corrected": _corrected,
        "drop": _drop,
    }
)
