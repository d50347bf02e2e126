"""Handing over everything about a subject to an authority that may ask for it (K9).

Rules:

1. One file: a ZIP with cases, alerts, measures and reports as JSON, their acts, the evidence files, and a manifest
   with the SHA-256 of each. The same data gives the same bytes. It is written for its owner alone (mode 600).
2. Two persons stand behind it, both approvers: one asks with the authority's reference, another makes it. Both are
   acts, and the file's digest is sealed.
3. It is complete or not made: evidence that is gone or changed is listed in the manifest as missing.

Example::

    asked = inquiry.ask(77, "CN-PBOC-2026-118", by="head-1")
    inquiry.hand_over(asked, "head-2", Path("inquiry.zip"))
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.base.files import replace_durably
from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.errors import BadAct
from jinku.risk.acts.model import Act, Standing
from jinku.risk.cases.access import NeedToKnow, Role
from jinku.risk.cases.alert_desk import AlertDesk
from jinku.risk.cases.errors import NothingThere, NotNow, SecondPersonNeeded
from jinku.risk.cases.evidence import EvidenceStore
from jinku.risk.cases.model import replay
from jinku.risk.reports.desk import ReportDesk

KIND = "inquiry"
FORMAT = "jinku-inquiry/v1"
_REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,120}", re.ASCII)
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Inquiry:
    """See the module's rules."""

    def __init__(
        self,
        book: ActBook,
        access: NeedToKnow,
        alerts: AlertDesk,
        reports: ReportDesk,
        evidence: EvidenceStore,
    ) -> None:
        self._book, self._access, self._evidence = book, access, evidence
        self._alerts, self._reports = alerts, reports

    def ask(self, subject: int, authority: str, by: str) -> str:
        """Ask for everything about a subject; the number of the asking. Raises NothingThere, BadAct."""
        self._access.require(by, Role.APPROVER)
        if not _REFERENCE.fullmatch(authority):
            raise BadAct(
                "is no reference", field="authority", value="", remedy="the authority's own, no blanks"
            )
        body = {"subject": str(subject), "authority": authority}
        with self._book.writing() as page:
            key = page.new_key(KIND)
            page.add((KIND, key), by, ("ask", body), Standing("asked", str(subject), by))
            return key

    def hand_over(self, key: str, by: str, path: Path) -> dict[str, Any]:
        """Make the file, as another person than asked; its manifest. Raises what `ask` raises, SecondPersonNeeded."""
        self._access.require(by, Role.APPROVER)
        with self._book.writing() as page:
            acts = page.history(KIND, key)
            if not acts:
                raise NothingThere
            if acts[-1].what != "ask":
                raise NotNow(f"inquiry {key} was answered", remedy="ask again")
            if same_person(by, acts[0].by):
                raise SecondPersonNeeded(f"inquiry {key}")
            subject = acts[0].body["subject"]
            files, missing = self._files(subject, by)
            manifest = {
                "format": FORMAT,
                "inquiry": key,
                "authority": acts[0].body["authority"],
                "subject": subject,
                "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
                "missing": missing,
            }
            data = _zip({**files, "manifest.json": _json(manifest)})
            replace_durably(path, data, 0o600)
            body = {
                "file_sha256": hashlib.sha256(data).hexdigest(),
                "files": len(files),
                "missing": len(missing),
            }
            page.add((KIND, key), by, ("hand_over", body), Standing("answered", subject, by))
        return {**manifest, "sha256": body["file_sha256"]}

    def _files(self, subject: str, by: str) -> tuple[dict[str, bytes], list[str]]:
        files: dict[str, bytes] = {}
        missing: list[str] = []
        for acts in self._book.histories("case", self._book.keys("case", about=subject)):
            case = replay(acts)
            files[f"case-{case.key}.json"] = _acts(acts)
            for one in (one for one in case.evidence if one.kind == "file"):
                data = self._evidence.read(one.sha256)
                if data is None:
                    missing.append(one.sha256)
                else:
                    files[f"evidence/{one.sha256}"] = data
            for report in self._reports.reports(by):
                if report.case == case.key:
                    history = self._book.history("report", report.key)
                    files[f"report-{report.key}.json"] = _acts(history)
                    try:
                        content = self._reports.content(report.key, by).document()
                        files[f"report-{report.key}-content.json"] = _json(content)
                    except NothingThere:
                        missing.append(report.content_digest)
        for acts in self._book.histories("measure", self._book.keys("measure", about=subject)):
            files[f"measure-{acts[0].key}.json"] = _acts(acts)
        found = self._alerts.list_(by, subject=int(subject), everything=True, limit=1_000_000)
        for group in found:
            _, hits = self._alerts.alert(group.id, by)
            document = {**group.document(), "hits": [one.document() for one in hits]}
            files[f"alert-{group.id:06d}.json"] = _json(document)
        return files, sorted(set(missing))


def fold_inquiry(acts: Sequence[Act]) -> Standing:
    """Where the acts of an inquiry put it."""
    state = "answered" if acts[-1].what == "hand_over" else "asked"
    return Standing(state, acts[0].body["subject"], acts[-1].by)


def _acts(acts: Sequence[Act]) -> bytes:
    return _json(
        [
            {
                "number": one.number,
                "at": to_rfc3339(one.at),
                "by": one.by,
                "what": one.what,
                **{f"said_{name}": value for name, value in one.body.items()},
                "digest": one.digest,
            }
            for one in acts
        ]
    )


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr, info.compress_type = 0o600 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()
