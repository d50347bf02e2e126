"""Handing a pack over: as a folder, as one zip file, or encrypted to its receivers; checked before it is given away.

Rules:

1. A pack is checked by the verifier that lies in it before it counts as made; one that does not hold is not handed
   over.
2. ``NAME.zip`` gives one file; with receivers' certificates ``NAME.zip.p7m`` is made and no unencrypted copy is left.

Example::

    deliver(house, Delivery(Path("pack.zip"), find_fonts(), encrypt_to=(Path("administrator.pem"),)))
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.custody.pack.envelope import enveloped, receivers, zipped
from jinku.custody.pack.make import Made, PackRequest, make_pack
from jinku.custody.reports.attesting import NotTied
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.sealed import FolderTaken, write_private
from jinku.custody.reports.section import SectionSource
from jinku.verify.pack import check_pack
from jinku.verify.trust import Trust

ENVELOPE_SUFFIX = ".p7m"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What to make and how to hand it over."""

    out: Path
    fonts: Fonts
    redacted: bool = False
    settings: Path | None = None
    encrypt_to: Sequence[Path] = ()
    sources: Sequence[SectionSource] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A pack handed over at `path`."""

    path: Path
    pack: Made

    def document(self) -> dict[str, Any]:
        """What to tell whoever asked for it, as JSON values."""
        return {
            "path": str(self.path),
            "as_of": to_rfc3339(self.pack.as_of),
            "owners": self.pack.owners,
            "totals": [f"{one['entity']} {one['requirement']} {one['currency']}" for one in self.pack.totals],
            "manifest_sha256": self.pack.sealed.digest.hex(),
            "log_entry": self.pack.sealed.entry,
            "papers": list(self.pack.papers),
            "notes": [one.en for one in self.pack.notes],
        }


def deliver(house: OpenHouse, wanted: Delivery) -> Delivered:
    """Make, check and hand over a pack. Raises FolderTaken, ReceiverRefused, NotTied, and what making one raises."""
    certificates = receivers(wanted.encrypt_to)
    as_file = bool(certificates) or wanted.out.suffix == ".zip"
    target = wanted.out
    if as_file:
        target = target if target.suffix == ".zip" else target.with_name(target.name + ".zip")
        target = target.with_name(target.name + ENVELOPE_SUFFIX) if certificates else target
        if target.exists() or target.is_symlink():
            raise FolderTaken(f"{target} is there already", remedy="name a file that is not")
        target.parent.mkdir(parents=True, exist_ok=True)
    if not as_file:
        return Delivered(target, _made(house, wanted, target))
    name = target.name.split(".zip")[0]
    scratch = Path(tempfile.mkdtemp(prefix=".jinku-pack-", dir=target.parent))
    try:
        made = _made(house, wanted, scratch / name)
        data = zipped(scratch / name, name)
        write_private(target, enveloped(data, certificates) if certificates else data)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Delivered(target, made)


def _made(house: OpenHouse, wanted: Delivery, folder: Path) -> Made:
    request = PackRequest(folder, wanted.fonts, wanted.redacted, wanted.settings, wanted.sources)
    made = make_pack(house, request)
    found = check_pack(folder, Trust.of(list(house.vkeys)))
    if not found.ok:
        shutil.rmtree(folder, ignore_errors=True)
        wrong = next(english for held, english, _ in found.lines if not held)
        raise NotTied(f"the pack does not hold: {wrong}", remedy="report this as a fault of jinku")
    return made
