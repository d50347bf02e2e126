"""The resolution pack (R14): complete, readable without Jinku, and no byte of it can be changed unseen."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.custody.pack.scene import DAY, EVIL, HOUR, OWED, Scene, account, make_house

from jinku.bootstrap import open_house
from jinku.crypto.signer import Ed25519Signer
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Deposit, new_order_id
from jinku.custody.pack.deliver import Delivered, Delivery, deliver
from jinku.custody.reports.fonts import Fonts
from jinku.custody.reports.sealed import FolderTaken
from jinku.custody.structure.book import StructureBook
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.custody.structure.template import load_structure, template_text
from jinku.log.signature import log_key
from jinku.verify.errors import Unreadable
from jinku.verify.pack import check_pack
from jinku.verify.trust import Trust

BARE = [sys.executable, "-I", "-S"]
"""A Python with nothing installed: neither Jinku nor `cryptography`."""


def run_bare(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BARE, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def table(pack: Path, name: str) -> list[dict[str, str]]:
    with (pack / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_one_command_makes_a_pack_that_plain_python_verifies(delivered: Delivered, pack: Path) -> None:
    """R14: the resolution pack in one command, readable without the system."""
    assert delivered.pack.owners == 7  # six parties and the money of nobody known
    done = run_bare("verify.pyz", "pack", ".", cwd=pack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED" in done.stdout
    assert "结论：以自带公钥验证通过" in done.stdout  # no key of our own was given
    key = (pack / "log.vkey").read_text().strip()
    assert "结论：通过验证" in run_bare("verify.pyz", "pack", ".", "--key", key, cwd=pack).stdout
    assert "cryptography" not in run_bare("-c", "import sys; print(sorted(sys.modules))", cwd=pack).stdout
    named = {path.relative_to(pack).parts[0] for path in pack.rglob("*") if path.is_file()}
    assert {
        "README.txt",
        "index.html",
        "manifest.json",
        "seal.tlog-proof",
        "verify.pyz",
        "pack-en.pdf",
    } <= named


def test_the_totals_are_one_number(pack: Path) -> None:
    """R14: owners = requirement = attested total, by a reading of our own."""
    owners = table(pack, "owners")
    cents = {row["account"]: int(row["balance"].replace(".", "")) for row in owners}
    for party, owed in OWED.items():
        assert cents[str(account(party))] == owed
    [position] = table(pack, "positions")
    attestation = (pack / "proofs" / "attestation-1-CNY.txt").read_text()
    stated = re.search(r"^liabilities (\d+)$", attestation, re.MULTILINE)
    assert stated is not None
    assert sum(cents.values()) == int(position["requirement"].replace(".", "")) == int(stated[1])
    assert position["difference"] == "0.00"
    by_category = table(pack, "owners_by_category")
    assert sum(int(row["balance"].replace(".", "")) for row in by_category) == sum(cents.values())
    assert {row["category"] for row in by_category} == {"SGL", "BUS", ""}


def test_parquet_holds_what_csv_holds_and_opens_without_jinku(pack: Path) -> None:
    """R14: read back by DuckDB in a process that has no Jinku on its path."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import duckdb\n"
        "assert not any('jinku' in one for one in sys.modules)\n"
        "q = duckdb.sql(\"select account, balance, name from 'tables/owners.parquet' order by account\")\n"
        "print(duckdb.sql(\"select sum(balance)::varchar from 'tables/owners.parquet'\").fetchall()[0][0])\n"
        "print([str(t) for t in q.types])\n"
        "print(len(q.fetchall()))\n"
    )
    site = str(Path(duckdb.__file__ or "").parent.parent)
    done = subprocess.run(
        [*BARE, "-c", program, site], cwd=pack, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    total, types, count = done.stdout.splitlines()
    assert total.rstrip("0").rstrip(".") == table(pack, "positions")[0]["requirement"].rstrip("0").rstrip(".")
    assert "DECIMAL(38,4)" in types
    assert int(count) == len(table(pack, "owners"))


def test_names_from_outside_run_nowhere_and_escape_nowhere(pack: Path) -> None:
    [row] = [one for one in table(pack, "owners") if one["account"] == str(account(3))]
    assert row["name"].startswith("'=HYPERLINK")
    assert "\u202e" not in row["name"]
    page = (pack / "index.html").read_text("utf-8")
    assert "<script" not in page
    assert EVIL not in (pack / "README.txt").read_text("utf-8")
    assert all(".." not in path.relative_to(pack).parts for path in pack.rglob("*"))


@pytest.mark.parametrize("name", ["pack-en.pdf", "pack-zh.pdf", "owners.pdf"])
def test_the_pages_can_be_read(pack: Path, fonts: Fonts, name: str) -> None:
    """R14: PDFs with text, in both languages, with page numbers; the figure on paper is the one in the table."""
    if name == "pack-zh.pdf" and not fonts.chinese:
        pytest.skip("no Chinese font on this machine, so there is no Chinese PDF")
    raw = (pack / name).read_bytes()
    assert raw.startswith(b"%PDF-")
    if name != "owners.pdf":  # where a name has a character that no font has
        assert b"pdfaid" in raw, "not PDF/A"
    text = pdf_text(pack / name)
    whole, _, cents = table(pack, "positions")[0]["requirement"].partition(".")
    owed = f"{int(whole):,}.{cents}"
    if name == "owners.pdf":
        assert "250,000" not in text  # amounts are in yuan, not in fen
        assert "2,500.00" in text
        assert "page 1 of" in text
        if fonts.chinese:
            assert "张伟" in text
    else:
        assert owed in text
        assert "Compliance desk" in text
    if name == "pack-zh.pdf":
        assert "应付客户资金" in text
        assert "第 1 页" in text
        assert "周敏" in text
        assert "出借人" in text


def pdf_text(path: Path) -> str:
    """The text of a PDF, by a program that is none of ours."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run([program, "-layout", str(path), "-"], capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


def test_what_is_in_flight_and_who_to_ask_is_there(pack: Path) -> None:
    [held] = table(pack, "in_flight")
    assert (held["amount"], held["from_holder"], held["reference"]) == ("500.00", "party 4", "555")
    assert table(pack, "people")[0]["name"] == "周敏"
    assert table(pack, "bank_accounts")[0]["account_number"] == "6214-0001"
    assert table(pack, "providers") == []
    assert "[[providers]]" in (pack / "README.txt").read_text("utf-8")
    meanings = {(row["table"], row["column"]) for row in table(pack, "columns")}
    assert ("owners", "balance") in meanings
    for name in (
        "bank_instructions",
        "mandates",
        "closed_days",
        "parties",
        "statements",
        "agreements",
        "procedures",
    ):
        assert (pack / "tables" / f"{name}.csv").exists(), name


def _flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def _spend(path: Path) -> None:
    """A thief takes ten yuan from one owner and repairs the manifest's hashes."""
    owners = path / "tables" / "owners.csv"
    owners.write_bytes(owners.read_bytes().replace(b",2500.00,", b",2490.00,", 1))
    _repair(path)


def _repair(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_bytes())
    for one in manifest["files"]:
        raw = (path / one["path"]).read_bytes()
        one["bytes"], one["sha256"] = len(raw), hashlib.sha256(raw).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


TAMPERING: dict[str, Callable[[Path], object]] = {
    "a byte of a table": lambda pack: _flip(pack / "tables" / "owners.csv"),
    "a byte of a page": lambda pack: _flip(pack / "owners.pdf"),
    "a byte of the verifier": lambda pack: _flip(pack / "verify.pyz"),
    "a file more": lambda pack: (pack / "tables" / "more.csv").write_text("x"),
    "a file less": lambda pack: (pack / "tables" / "seals.csv").unlink(),
    "a balance, with the manifest repaired": _spend,
    "the manifest alone": lambda pack: (pack / "manifest.json").write_bytes(
        (pack / "manifest.json").read_bytes().replace(b'"redacted":false', b'"redacted":true')
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_whatever_is_changed_is_found(pack: Path, tmp_path: Path, what: str) -> None:
    """R14: changed data does not verify, on a machine that has nothing but Python."""
    copy = tmp_path / "pack"
    shutil.copytree(pack, copy)
    TAMPERING[what](copy)
    if what == "a byte of the verifier":
        assert not check_pack(copy, None).ok
        return
    done = run_bare("verify.pyz", "pack", ".", cwd=copy)
    assert done.returncode == 1, done.stdout
    assert "NOT VERIFIED" in done.stdout


def test_a_pack_made_anew_by_another_log_is_not_ours(pack: Path, delivered: Delivered) -> None:
    ours = (pack / "log.vkey").read_text().strip()
    assert check_pack(pack, Trust.of(ours)).ok
    theirs = "jinku.test/pack+" + "deadbeef+" + ours.rsplit("+", 1)[1]
    with pytest.raises(Unreadable):
        Trust.of(theirs)
    stranger = str(log_key(Ed25519Signer.generate("jinku.test/pack")))
    assert not check_pack(pack, Trust.of(stranger)).ok
    assert delivered.pack.sealed.entry > 0


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "tables/../../x", "a\\b", "C:x", ""])
def test_a_manifest_cannot_reach_out_of_its_folder(pack: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "pack"
    shutil.copytree(pack, copy)
    manifest = json.loads((copy / "manifest.json").read_bytes())
    manifest["files"][0]["path"] = name
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Unreadable, match="plain relative path"):
        check_pack(copy, None)


def test_a_link_in_a_pack_is_refused(pack: Path, tmp_path: Path) -> None:
    copy = tmp_path / "pack"
    shutil.copytree(pack, copy)
    (copy / "tables" / "owners.csv").unlink()
    (copy / "tables" / "owners.csv").symlink_to("/etc/passwd")
    with pytest.raises(Unreadable, match="no plain file"):
        check_pack(copy, None)


def test_a_redacted_pack_names_nobody(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    with scene.open() as house:
        made = deliver(house, Delivery(tmp_path / "redacted", fonts, redacted=True))
    everything = b"".join(
        path.read_bytes()
        for path in made.path.rglob("*")
        if path.suffix in (".csv", ".txt", ".html", ".json")
    )
    for word in ("张伟", "Name 1", "990100199001010001", "6214000000000001", "19900000001"):
        assert word.encode() not in everything
    assert "张伟" not in pdf_text(made.path / "owners.pdf")
    assert check_pack(made.path, None).ok
    assert sum(int(row["balance"].replace(".", "")) for row in table(made.path, "owners")) > 0


def test_one_zip_file_unpacks_and_verifies_in_place(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    with scene.open() as house:
        made = deliver(house, Delivery(tmp_path / "given.zip", fonts))
        with pytest.raises(FolderTaken):
            deliver(house, Delivery(tmp_path / "given.zip", fonts))
    assert check_pack(made.path, None).ok
    assert [path.name for path in tmp_path.iterdir()] == ["given.zip"]
    with zipfile.ZipFile(made.path) as opened:
        assert {name.split("/")[0] for name in opened.namelist()} == {"given"}
        opened.extractall(tmp_path / "out")
    assert run_bare("verify.pyz", "pack", ".", cwd=tmp_path / "out" / "given").returncode == 0


def test_only_the_receiver_opens_an_encrypted_pack(scene: Scene, fonts: Fonts, tmp_path: Path) -> None:
    """R14: handed over encrypted, opened with OpenSSL alone."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "administrator.pem"
    subprocess.run(
        [
            program,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-subj",
            "/CN=A",
        ],
        check=True,
        capture_output=True,
    )
    with scene.open() as house:
        made = deliver(house, Delivery(tmp_path / "secret", fonts, encrypt_to=(certificate,)))
    assert made.path.name == "secret.zip.p7m"
    assert b"Name 1" not in made.path.read_bytes()
    assert not (tmp_path / "secret").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "administrator.pem",
        "key.pem",
        "secret.zip.p7m",
    ]
    opened = tmp_path / "opened.zip"
    subprocess.run(
        [program, "cms", "-decrypt", "-inform", "DER", "-in", made.path, "-inkey", key, "-out", opened],
        check=True,
    )
    assert check_pack(opened, None).ok


def test_files_are_for_their_owner_only(pack: Path) -> None:
    assert pack.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in pack.rglob("*"))


def test_without_a_chinese_font_the_pack_is_made_in_english_and_says_so(scene: Scene, tmp_path: Path) -> None:
    with scene.open() as house:
        made = deliver(house, Delivery(tmp_path / "english", Fonts(system=False)))
    assert made.pack.papers == ("pack-en.pdf", "owners.pdf")
    assert "fonts-wqy-microhei" in (made.path / "README.txt").read_text("utf-8")
    assert "Name 1" in pdf_text(made.path / "owners.pdf")
    assert check_pack(made.path, None).ok


def test_a_second_pack_of_the_day_says_what_moved_since_the_attestation(fonts: Fonts, tmp_path: Path) -> None:
    """R14: a pack is of now; the day has one attestation, and both are tied by the movements in between."""
    scene = make_house(tmp_path / "data")
    with scene.open() as house:
        first = deliver(house, Delivery(tmp_path / "first", fonts))
        scene.clock.now += HOUR
        scene.submit(
            house, Deposit(id=scene.number(), day=DAY, account=account(3), amount=12_345, reference=8)
        )
        second = deliver(house, Delivery(tmp_path / "second", fonts))
    [before], [after] = table(first.path, "positions"), table(second.path, "positions")
    assert before["changed"] == "0.00"
    assert (after["attested"], after["changed"]) == (before["requirement"], "123.45")
    cents = {row["account"]: row["balance"] for row in table(second.path, "owners")}
    assert cents[str(account(3))] == "123.52"
    found = check_pack(second.path, None)
    assert found.ok
    assert any("+123.45 was booked since" in english for _, english, _ in found.lines)


def test_an_institution_of_another_country_has_its_own_structure(fonts: Fonts, tmp_path: Path) -> None:
    """R14: a UK safeguarding institution's customers are owners too, by the structure that it adopted."""
    chart = Chart(2, 826, load_structure("uk-safeguarding"))
    customer = chart.account(Kind.CUSTOMER, 9)
    with open_house(tmp_path / "data") as house:
        book = StructureBook(house.control, house.ledger, lambda: 1)
        asked = book.propose(2, template_text("uk-safeguarding"), by="clerk-1")
        book.confirm(asked.id, by="clerk-2")
        desk = OrderDesk(house.ledger, chart)
        desk.open_entity()
        desk.open_parties([Opening(9, Role.CUSTOMER, 5)])
        deposit = Deposit(
            id=new_order_id(1_795_000_000_000, 1), day=DAY, account=customer, amount=777, reference=1
        )
        assert not desk.submit([deposit]).refused
        made = deliver(house, Delivery(tmp_path / "pack", fonts))
    [owner] = [row for row in table(made.path, "owners") if row["account"] == str(customer)]
    assert (owner["kind"], owner["currency"], owner["balance"]) == ("CUSTOMER", "GBP", "7.77")
    assert [row["requirement"] for row in table(made.path, "positions")] == ["7.77"]
    assert check_pack(made.path, None).ok
