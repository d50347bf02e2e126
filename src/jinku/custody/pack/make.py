"""Making a resolution pack: attest, read the books at that entry, write every table and paper, seal the whole.

Rules:

1. Everything is as of one entry of the journal. Owners' balances, requirement and attested total are one number, or no
   pack is made.
2. The pack appears whole or not at all. It is for its owner's eyes: 0600, in a folder of 0700.
3. What is missing is said in the pack: settings not filled in, names erased, no Chinese font.

Example::

    made = make_pack(house, PackRequest(Path("pack"), fonts=find_fonts()))
    made.sealed.entry, made.owners
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jinku.base.clock import to_rfc3339
from jinku.base.currency import currency
from jinku.base.decimals import format_minor
from jinku.custody.agreements.model import Agreement
from jinku.custody.pack.flight import holds_section
from jinku.custody.pack.money import (
    BooksView,
    OwnersPass,
    accounts_section,
    categories_section,
    positions_section,
)
from jinku.custody.pack.paper import NO_CHINESE, Contents, write_papers
from jinku.custody.pack.people import procedures_section, settings_sections
from jinku.custody.pack.records import (
    agreement_path,
    agreements_section,
    kept_breaks_section,
    reconciliations_section,
    seals_section,
    statements_section,
)
from jinku.custody.pack.words import Facts, index_html, readme
from jinku.custody.parties.people import PeopleStore
from jinku.custody.reports.attesting import AttestedBooks, attest_all, write_attestations
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.owners import DETAILS_FILE, known_details, read_details
from jinku.custody.reports.printed import TABLE_ROWS_MAX, grouped
from jinku.custody.reports.rooms import RoomTables
from jinku.custody.reports.sealed import Sealed, new_folder, seal_folder, write_private
from jinku.custody.reports.section import Both, Section, SectionSource, text
from jinku.custody.reports.settings import SETTINGS_FILE, Settings, read_settings, to_fill_in
from jinku.custody.reports.structures import structures_of
from jinku.custody.reports.tabular import Written, write_section
from jinku.custody.reports.texts import agreements
from jinku.custody.reports.verifier import verifier_pyz
from jinku.custody.structure.model import Structure
from jinku.custody.structure.template import load_structure
from jinku.verify.webpage import Settings as PageSettings
from jinku.verify.webpage import web_page

FORMAT = "jinku-resolution-pack/v1"
PEOPLE_FILE = "people.db"
TABLES = "tables"
PROOFS = "proofs"
RECEIPTS_PAGE = "check-receipt.html"


@dataclass(frozen=True, slots=True)
class PackRequest:
    """What to make. `sources` are rooms that add tables of their own, or replace one of the same name."""

    out: Path
    fonts: Fonts
    redacted: bool = False
    settings: Path | None = None
    sources: Sequence[SectionSource] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was made."""

    sealed: Sealed
    as_of: int
    owners: int
    totals: tuple[dict[str, Any], ...]
    tables: dict[str, int]
    papers: tuple[str, ...]
    notes: tuple[Both, ...]


@dataclass(slots=True)
class _Draft:
    folder: Path
    written: list[Written] = field(default_factory=list)

    def add(self, section: Section) -> Written:
        done = write_section(section, self.folder / TABLES, head_max=TABLE_ROWS_MAX)
        self.written.append(done)
        return done


def make_pack(house: OpenHouse, request: PackRequest) -> Made:
    """Make a pack of everything that `house` holds.

    Raises FolderTaken, InputError for settings, NotAtRest, NotTied, and what ledger and log raise.
    """
    settings = read_settings(request.settings or house.directory / SETTINGS_FILE)
    extra = read_details(house.directory / DETAILS_FILE)
    found = attest_all(house, structures_of(house, settings))
    with new_folder(request.out) as folder, ExitStack() as opened:
        (folder / TABLES).mkdir(mode=0o700)
        (folder / PROOFS).mkdir(mode=0o700)
        people = _people(house, opened)
        view = BooksView(found, known_details(people, extra), request.redacted)
        owners = OwnersPass(view, chinese=bool(request.fonts.chinese))
        draft = _Draft(folder)
        _write_tables(draft, view, owners, house, settings, request.sources)
        texts = agreements(house.directory)
        _write_texts(folder, texts)
        totals = _write_proofs(folder, found, house)
        facts = _facts(house, view, owners, settings, request, draft, totals)
        papers = write_papers(
            folder,
            Contents(facts, found.standing.at, _in_order(draft.written), owners.sums, owners.printed),
            request.fonts,
        )
        write_private(folder / RECEIPTS_PAGE, web_page(PageSettings(keys=tuple(house.vkeys))))
        facts = _with_papers(facts, papers, bool(texts))
        write_private(folder / "verify.pyz", verifier_pyz())
        write_private(folder / "README.txt", "\ufeff" + readme(facts))
        write_private(folder / "index.html", index_html(facts))
        write_private(folder / "log.vkey", "".join(f"{key}\n" for key in house.vkeys))
        sealed = seal_folder(folder, _manifest(house, view, draft, totals), house)
    return Made(
        Sealed(request.out, sealed.digest, sealed.entry),
        found.standing.at,
        len(owners.printed),
        tuple(totals),
        {one.section.name: one.rows for one in draft.written},
        tuple(name for name, _ in papers),
        facts.notes,
    )


def _people(house: OpenHouse, opened: ExitStack) -> PeopleStore | None:
    path = house.directory / PEOPLE_FILE
    return opened.enter_context(PeopleStore.open(path)) if path.exists() else None


def _write_tables(
    draft: _Draft,
    view: BooksView,
    owners: OwnersPass,
    house: OpenHouse,
    settings: Settings,
    sources: Sequence[SectionSource],
) -> None:
    books_now = view.books.standing
    draft.add(positions_section(view))
    draft.add(owners.section())
    draft.add(categories_section(owners.sums))
    draft.add(accounts_section(view))
    rooms = RoomTables(house, _main(view, settings), view.as_of)
    given = [section for source in (rooms, *sources) for section in source.sections()]
    own = [
        *settings_sections(settings),
        holds_section(house.ledger, books_now),
        kept_breaks_section(house.directory),
        reconciliations_section(house.directory),
        statements_section(house.directory),
        agreements_section(agreements(house.directory)),
        procedures_section(settings),
        seals_section(house.ledger, books_now),
    ]
    taken = {section.name for section in given}
    for section in [*(one for one in own if one.name not in taken), *given]:
        draft.add(section)
    draft.add(_dictionary(draft.written))


def _main(view: BooksView, settings: Settings) -> Structure:
    """The structure whose calendar and time zone the tables of all entities use: the first entity's."""
    found = view.books.structures
    return found[min(found)] if found else load_structure(settings.structure)


_ORDER = (
    "positions", "owners_by_category", "accounts", "bank_accounts", "people", "providers", "in_flight",
    "bank_instructions", "breaks", "closed_days", "reconciliations", "statements", "agreements", "mandates",
    "procedures", "records", "seals",
)  # fmt: skip
_NOT_PRINTED = frozenset({"owners", "columns", "parties"})


def _in_order(written: Iterable[Written]) -> list[Written]:
    """Tables in the order in which they are printed; those of other rooms stand before the seals."""
    places = {name: place for place, name in enumerate(_ORDER)}
    before_last = len(_ORDER) - 1.5
    kept = [one for one in written if one.section.name not in _NOT_PRINTED]
    return sorted(kept, key=lambda one: places.get(one.section.name, before_last))


def _dictionary(written: Sequence[Written]) -> Section:
    return Section(
        "columns",
        Both("What each column of each table means", "各表各列的含义"),
        (
            text("table", "Table", "表"),
            text("column", "Column", "列"),
            text("holds", "Holds", "类型"),
            text("english", "English", "英文"),
            text("chinese", "Chinese", "中文"),
        ),
        [
            (one.section.name, column.name, column.holds.value, column.heading.en, column.heading.zh)
            for one in written
            for column in one.section.columns
        ],
    )


def _write_texts(folder: Path, found: Sequence[Agreement]) -> None:
    for one in found:
        path = folder / agreement_path(one)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(path, one.program)


def _write_proofs(folder: Path, found: AttestedBooks, house: OpenHouse) -> list[dict[str, Any]]:
    totals = write_attestations(folder, f"{PROOFS}/", found, house)
    write_private(folder / PROOFS / "checkpoint", house.publish().encode())
    return totals


def _facts(
    house: OpenHouse,
    view: BooksView,
    owners: OwnersPass,
    settings: Settings,
    request: PackRequest,
    draft: _Draft,
    totals: Sequence[dict[str, Any]],
) -> Facts:
    return Facts(
        name=settings.name,
        as_of=to_rfc3339(view.as_of),
        ledger_size=view.books.standing.size,
        origin=house.publisher.origin,
        keys=tuple(house.vkeys),
        contact=settings.institution.get("contact", ""),
        redacted=request.redacted,
        totals=tuple(
            (
                f"{one['entity']} · {one['currency']}",
                f"{one['owners']:,}",
                f"{grouped(one['requirement'])} {one['currency']}",
            )
            for one in totals
        ),
        tables=tuple((one.section, one.rows) for one in draft.written),
        papers=(),
        notes=tuple(_notes(owners, settings, request)),
    )


def _notes(owners: OwnersPass, settings: Settings, request: PackRequest) -> Iterable[Both]:
    if not request.fonts.chinese:
        yield NO_CHINESE
    if not settings.found:
        yield Both(
            f"No {SETTINGS_FILE} was found: people, bank accounts and providers are "
            f"empty. `jinku pack settings` prints one "
            "to fill in.",
            f"未找到 {SETTINGS_FILE}：人员、银行账户与供应商均为空；可用 `jinku pack settings` 生成模板填写。",
        )
    else:
        yield from (
            to_fill_in(name) for name in ("bank_accounts", "people", "providers") if not settings.rows(name)
        )
    if owners.without_name and not request.redacted:
        yield Both(
            f"{owners.without_name:,} owners have no name here: erased, never "
            f"registered, or money whose owner is not known "
            "(suspense).",
            f"{owners.without_name:,} 户无姓名：已删除、未登记或待查款项。",
        )
    if owners.without_category:
        yield Both(
            f"{owners.without_category:,} owners have no ownership category; {DETAILS_FILE} can give it.",
            f"{owners.without_category:,} 户无权属类别，可在 {DETAILS_FILE} 中提供。",
        )
    yield Both(
        "An attestation says what is owed, not what the bank holds: ask the bank for its balance.",
        "偿付证明说明应付金额，不证明银行实存；请向银行询证余额。",
    )


def _with_papers(facts: Facts, papers: Sequence[tuple[str, Both]], has_texts: bool) -> Facts:
    listed = [
        *papers,
        ("verify.pyz", Both("The verifier, for python3", "校验程序（以 python3 运行）")),
        ("manifest.json", Both("Every file with its SHA-256", "文件清单与摘要")),
        ("seal.tlog-proof", Both("The log's receipt for the manifest", "清单的日志封存凭证")),
        ("log.vkey", Both("The log's key, to be compared with the bank's", "日志公钥，请与存管行持有的核对")),
        (
            f"{PROOFS}/",
            Both("Attestations, their receipts, the log's checkpoint", "偿付证明、凭证与日志检查点"),
        ),
        *([("agreements/", Both("Texts of the agreements", "合约文本"))] if has_texts else []),
        (
            RECEIPTS_PAGE,
            Both("Checks a customer's balance receipt in a browser", "在浏览器中核验客户余额凭证"),
        ),
    ]
    return replace(facts, papers=tuple(listed))


def _manifest(
    house: OpenHouse, view: BooksView, draft: _Draft, totals: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "as_of": to_rfc3339(view.as_of),
        "ledger_size": view.books.standing.size,
        "structures": [
            {"entity": str(entity), "name": one.name, "version": one.version, "sha256": one.digest.hex()}
            for entity, one in sorted(view.books.structures.items())
        ],
        "redacted": view.redacted,
        "log": house.publisher.origin,
        "log_keys": list(house.vkeys),
        "tables": [
            {
                "name": one.section.name,
                "rows": one.rows,
                "english": one.section.title.en,
                "chinese": one.section.title.zh,
                "sums": {
                    f"{name}/{code}": format_minor(total, currency(code).exponent)
                    for (name, code), total in sorted(one.sums.items())
                },
            }
            for one in draft.written
        ],
        "totals": list(totals),
    }
