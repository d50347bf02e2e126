"""The reports desk: drafts from cases and large values, approved by another person, made into files, answered.

Rules (K3, K7):

1. A suspicious report follows from a case whose report was approved. Who drafted or revised it, or has a hand in the
   case, does not approve it.
2. A file is made from approved content only, checked by its exporter, written for its owner alone (mode 600). Its
   digest is an act; what is submitted is one of these files.
3. The FIU's answer is noted with its receipt. A correction is a new report that refers to the former one; the former
   is corrected when the correction is submitted.
4. Need to know as everywhere (`access`). Personal data passes from `People` into the file and is kept nowhere here.

Example::

    report = desk.draft(content, "aml-1", case="000001")
    desk.approve(report.key, "head-1")
    desk.export(report.key, "head-1", Making("goaml", people, institution, Path("str-1.xml"), schema))
    desk.submit(report.key, "head-1", file_sha256)
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from jinku.base.files import replace_durably
from jinku.risk.acts.book import ActBook, Page
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import Act, words
from jinku.risk.cases.access import READERS, WORKERS, NeedToKnow, Role
from jinku.risk.cases.desk import known_case
from jinku.risk.cases.errors import NothingThere, NotNow, SecondPersonNeeded
from jinku.risk.cases.model import Case, Outcome, State
from jinku.risk.cases.table import DEADLINES, Clockwork, Deadline, due
from jinku.risk.reports.content import Content
from jinku.risk.reports.exporter import Exporter, ExportOrder, Institution
from jinku.risk.reports.formats import built_in
from jinku.risk.reports.model import MOVES, Report, Stage, replay_report
from jinku.risk.reports.people import People
from jinku.risk.reports.store import REPORTS, keep_content, read_content

KIND = "report"
_RECEIPT = re.compile(r"[A-Za-z0-9._:/-]{1,120}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Making:
    """How a file is to be made."""

    format: str
    people: People
    institution: Institution
    path: Path
    schema: Path | None = None


@dataclass(frozen=True, slots=True)
class ReportParts:
    """What the desk goes by."""

    clockwork: Clockwork = field(default_factory=Clockwork)
    deadlines: Sequence[Deadline] = DEADLINES
    exporters: Mapping[str, Exporter] = field(default_factory=built_in)


class Due(NamedTuple):
    """What a report waits for."""

    report: Report
    what: str
    due: date
    overdue: bool


class ReportDesk:
    """See the module's rules."""

    def __init__(self, book: ActBook, access: NeedToKnow, parts: ReportParts | None = None) -> None:
        book.database.add(REPORTS)
        self._book, self._access, self._parts = book, access, parts or ReportParts()

    # --- making ---------------------------------------------------------------------------------------------------

    def draft(self, content: Content, by: str, *, case: str = "", corrects: str = "") -> Report:
        """Begin a report. Raises NothingThere, NotNow, BadAct."""
        self._access.require(by, *WORKERS)
        began = self._parts.clockwork.day(self._book.clock())
        former: Report | None = None
        if corrects:
            former = self.report(corrects, by)
            if former.stage not in MOVES["corrected"] or former.kind != content.kind:
                raise NotNow(
                    f"report {corrects} is {former.stage.value}", remedy="correct one that was submitted"
                )
            case = case or former.case
        if content.kind == "suspicious" and former is None:
            began = self._parts.clockwork.day(self._approved_case(case, by).approved_at)
        if content.lines and former is None:
            began = min(line.day for line in content.lines)
        with self._book.writing() as page:
            key = page.new_key(KIND)
            body = {
                "kind": content.kind,
                "case": case,
                "corrects": corrects,
                "content_sha256": keep_content(page.connection, key, content),
                "began": began.isoformat(),
            }
            draft = replay_report([Act.after("", (KIND, key, 1), 1, by, ("draft", body))])
            return replay_report([page.add((KIND, key), by, ("draft", body), draft.standing)])

    def _approved_case(self, key: str, by: str) -> Case:
        if not key:
            raise BadAct("follows from no case", field="case", value="", remedy="name the approved case")
        case = known_case(self._book, self._access, key, by)
        is_report = case.proposal is not None and case.proposal.outcome is Outcome.REPORT
        if not is_report or case.state not in (State.APPROVED, State.CLOSED):
            raise NotNow(f"case {key} has no approved report", remedy="propose the report, have it approved")
        return case

    def revise(self, key: str, content: Content, by: str) -> Report:
        """Change a report that is not submitted; it needs approval again. Raises NothingThere, NotNow, BadAct."""

        def body(page: Page, report: Report) -> dict[str, Any]:
            if content.kind != report.kind:
                raise BadAct("cannot change", field="kind", value=content.kind)
            return {"content_sha256": keep_content(page.connection, key, content)}

        return self._do(key, by, "revise", body)

    def approve(self, key: str, by: str) -> Report:
        """Approve a draft. Raises NothingThere, NotNow, SecondPersonNeeded."""
        self._access.require(by, Role.APPROVER)

        def body(page: Page, report: Report) -> dict[str, Any]:
            hands = set(report.hands)
            if report.case:
                hands |= known_case(self._book, self._access, report.case, by).hands
            if by.casefold() in hands:
                raise SecondPersonNeeded(f"report {key}")
            if read_content(page.connection, key, report.content_digest) is None:
                raise NotNow("its content is gone or was changed", remedy="have the database examined")
            return {"content_sha256": report.content_digest}

        return self._do(key, by, "approve", body)

    def drop(self, key: str, by: str, text: str) -> Report:
        """Drop a report that was not submitted. Raises NothingThere, NotNow, BadAct."""
        self._access.require(by, Role.APPROVER)
        return self._do(key, by, "drop", {"text": words("text", text)})

    def export(self, key: str, by: str, making: Making) -> tuple[Report, str]:
        """Make a file of approved content, for its owner alone; the report and the file's SHA-256.

        Raises NothingThere, NotNow, ReportIncomplete, ReportInvalid, BadAct, OSError.
        """
        exporter = self._parts.exporters.get(making.format)
        if exporter is None:
            raise BadAct(
                "is no format", field="format", value=making.format, remedy=", ".join(self._parts.exporters)
            )
        report = self.report(key, by)
        if report.stage not in MOVES["export"]:
            raise NotNow(f"report {key} is {report.stage.value}", remedy="have it approved first")
        if report.kind not in exporter.kinds:
            raise BadAct(f"cannot write a {report.kind} report", field="format", value=making.format)
        former = self.report(report.corrects, by).receipt if report.corrects else ""
        order = ExportOrder(
            key,
            self._parts.clockwork.day(self._book.clock()),
            self.content(key, by),
            making.people,
            making.institution,
            former or report.corrects,
            making.schema,
        )
        data = exporter.export(order)
        digest = hashlib.sha256(data).hexdigest()
        replace_durably(making.path, data, 0o600)

        def body(_page: Page, now: Report) -> dict[str, Any]:
            if now.content_digest != report.content_digest:
                raise NotNow(f"report {key} was revised meanwhile", remedy="make the file again")
            return {
                "format": exporter.name,
                "file_sha256": digest,
                "content_sha256": report.content_digest,
                "schema_checked": making.schema is not None,
            }

        return self._do(key, by, "export", body), digest

    # --- submission -----------------------------------------------------------------------------------------------

    def submit(self, key: str, by: str, file_sha256: str) -> Report:
        """Note that a file of the report went to the FIU. Raises NothingThere, NotNow, BadAct."""
        self._access.require(by, Role.APPROVER)

        def body(page: Page, report: Report) -> dict[str, Any]:
            if file_sha256 not in {digest for _, digest in report.files}:
                raise BadAct(
                    "is no file of this content", field="file", value=file_sha256, remedy="export it"
                )
            if report.corrects:
                self._corrected(page, report, by)
            return {"file_sha256": file_sha256}

        return self._do(key, by, "submit", body)

    def _corrected(self, page: Page, report: Report, by: str) -> None:
        acts = page.history(KIND, report.corrects)
        former = replay_report(acts)
        if former.stage not in MOVES["corrected"]:
            raise NotNow(f"report {former.key} is {former.stage.value}", remedy="it was corrected before")
        _append(page, self._book, acts, by, ("corrected", {"report": report.key}))

    def acknowledge(self, key: str, by: str, receipt: str) -> Report:
        """Note the FIU's receipt. Raises NothingThere, NotNow, BadAct."""
        return self._do(key, by, "acknowledge", {"receipt": _receipt(receipt)})

    def reject(self, key: str, by: str, receipt: str, text: str) -> Report:
        """Note that the FIU sent it back, and why. Raises NothingThere, NotNow, BadAct."""
        return self._do(key, by, "reject", {"receipt": _receipt(receipt), "text": words("text", text)})

    # --- what it says ---------------------------------------------------------------------------------------------

    def report(self, key: str, reader: str) -> Report:
        """One report, for one who may know of it and its case. Raises NothingThere."""
        self._access.require(reader, *READERS)
        acts = self._book.history(KIND, key)
        if not acts:
            raise NothingThere
        report = replay_report(acts)
        if report.case:
            known_case(self._book, self._access, report.case, reader)
        return report

    def content(self, key: str, reader: str) -> Content:
        """What a report says. Raises NothingThere, also where it is erased."""
        report = self.report(key, reader)
        with self._book.database.reading() as connection:
            content = read_content(connection, key, report.content_digest)
        if content is None:
            raise NothingThere
        return content

    def reports(self, reader: str) -> list[Report]:
        """Every report that a person may know of, in order. Raises NothingThere."""
        self._access.require(reader, *READERS)
        found = []
        for acts in self._book.histories(KIND, self._book.keys(KIND)):
            report = replay_report(acts)
            try:
                if report.case:
                    known_case(self._book, self._access, report.case, reader)
            except NothingThere:
                continue
            found.append(report)
        return found

    def waiting(self, reader: str, today: date) -> list[Due]:
        """What reports wait for, by deadline: to be submitted, answered, corrected. Raises NothingThere."""
        day, found = self._parts.clockwork.day, []
        for one in self.reports(reader):
            if one.stage in (Stage.DRAFT, Stage.APPROVED):
                what = "report_corrected" if one.corrects else f"{one.kind}_report"
                began = date.fromisoformat(one.began)
            elif one.stage is Stage.SUBMITTED:
                what, began = "report_acknowledged", day(one.submitted_at)
            elif one.stage is Stage.REJECTED:
                what, began = "report_corrected", day(one.answered_at)
            else:
                continue
            last = due(self._parts.deadlines, what, began, self._parts.clockwork)
            found.append(Due(one, what, last, today > last))
        return sorted(found, key=lambda one: (one.due, one.report.key))

    # --- parts ----------------------------------------------------------------------------------------------------

    def _do(
        self,
        key: str,
        by: str,
        what: str,
        body: Mapping[str, Any] | Callable[[Page, Report], dict[str, Any]],
    ) -> Report:
        self._access.require(by, *WORKERS)
        self.report(key, by)
        with self._book.writing() as page:
            acts = page.history(KIND, key)
            report = replay_report(acts)
            if report.stage not in MOVES[what]:
                allowed = ", ".join(sorted(one.value for one in MOVES[what]))
                raise NotNow(
                    f"report {key} is {report.stage.value}", remedy=f"to {what} it must be {allowed}"
                )
            said = body(page, report) if callable(body) else dict(body)
            return _append(page, self._book, acts, by, (what, said))


def _append(page: Page, book: ActBook, acts: list[Act], by: str, said: tuple[str, dict[str, Any]]) -> Report:
    last = acts[-1]
    draft = Act.after("", (last.kind, last.key, last.number + 1), book.clock(), by, said)
    act = page.add((last.kind, last.key), by, said, replay_report([*acts, draft]).standing)
    return replay_report([*acts, act])


def _receipt(text: str) -> str:
    if not _RECEIPT.fullmatch(text):
        raise BadAct("is no receipt", field="receipt", value="", remedy="the FIU's reference, without blanks")
    return text
