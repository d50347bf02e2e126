"""Any sealed folder: a resolution pack, owners' days, or a report; told apart by what its manifest says.

A report's figures were computed by whoever made it: what can be checked here is that nothing was changed since, and
when it was sealed. Its CSV, JSON and PDF say the same only because they were made at once.

Example::

    check_any(Path("custody-2026-11"), trust=None).ok
"""

from pathlib import Path

from jinku.verify.errors import Unreadable
from jinku.verify.folder import MANIFEST_FILE, Checks, check_files, check_seal, open_folder
from jinku.verify.owners import FORMAT as OWNERS_FORMAT
from jinku.verify.owners import check_owners
from jinku.verify.pack import FORMAT as PACK_FORMAT
from jinku.verify.pack import check_pack
from jinku.verify.trust import Trust

REPORT_FORMAT = "jinku-report/v1"


def check_any(path: Path, trust: Trust | None) -> Checks:
    """Check whatever sealed folder lies at `path`. Raises Unreadable where it is none."""
    if path.is_dir() and not (path / MANIFEST_FILE).is_file():
        return check_owners(path, trust)
    folder = open_folder(path)
    found = folder.manifest.get("format")
    if found == PACK_FORMAT:
        return check_pack(path, trust)
    if found == OWNERS_FORMAT:
        return check_owners(path, trust)
    if found != REPORT_FORMAT:
        raise Unreadable("bad_manifest", f"nothing is known of a folder of format {str(found)[:60]!r}")
    checks = Checks()
    check_files(folder, checks)
    check_seal(folder, trust, checks)
    return checks
