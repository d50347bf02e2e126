"""Statements, reconciliations, positions, proofs and receipts over HTTP, checked from outside."""

from datetime import date

import numpy as np
import pytest
from starlette.testclient import TestClient

from jinku.api.services import Services
from jinku.base.currency import currency
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.statements.formats import camt
from jinku.custody.statements.model import Direction, Statement, StatementEntry
from jinku.custody.structure.chart import Chart, entity_accounts
from jinku.custody.structure.table import Kind, Movement
from jinku.ledger.layout import TRANSFER, set_u128
from jinku.verify import verify_balance_receipt, verify_receipt

DAY = date(2026, 11, 20)
CHART = Chart(entity=1, currency=156)
XML = {"content-type": "application/xml", "x-file-name": "day.xml"}


@pytest.fixture(scope="module")
def books(client: TestClient, services: Services) -> TestClient:
    """A legal entity's books with two deposits, 1,000 and 250 fen, into suspense."""
    services.ledger.create_accounts_array(entity_accounts(CHART))
    rows = np.zeros(2, TRANSFER)
    set_u128(rows, "id", [901, 902])
    set_u128(rows, "debit_account_id", [CHART.account(Kind.BANK_MIRROR)] * 2)
    set_u128(rows, "credit_account_id", [CHART.account(Kind.SUSPENSE)] * 2)
    set_u128(rows, "amount", [1_000, 250])
    rows["user_data_64"], rows["user_data_32"] = [71, 72], 20261120
    rows["ledger"], rows["code"] = 156, int(Movement.UNIDENTIFIED)
    results = services.ledger.create_transfers_array(rows)
    assert (results["status"] == 0xFFFFFFFF).all()
    return client


def statement(number: int, *references: tuple[str, int]) -> bytes:
    """A statement with one credit for each (reference, amount)."""
    entries = tuple(
        StatementEntry(f"E{number}-{place}", amount, Direction.CREDIT, DAY, DAY, end_to_end_id=reference)
        for place, (reference, amount) in enumerate(references)
    )
    total = sum(amount for _, amount in references)
    one = Statement(
        "POOL-1", currency("CNY"), number, f"M-{number}", 0, total, entries, DAY, DAY, f"S-{number}"
    )
    return camt.write([one])


def test_a_statement_is_taken_in_once(books: TestClient) -> None:
    data = statement(1, ("71", 1_000), ("72", 250))
    first = books.post("/v1/statements", content=data, headers=XML)
    again = books.post("/v1/statements", content=data, headers=XML)
    assert first.status_code == 201
    assert first.json()["statements"][0]["closing"] == "1250"
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_file")
    listed = books.get("/v1/statements", params={"limit": 1}).json()
    assert listed["files"][0]["sha256"] == first.json()["file"]["sha256"]


def test_a_bad_statement_leaves_nothing(books: TestClient, services: Services) -> None:
    kept = services.house.directory / "statements"
    before = sorted(kept.iterdir()) if kept.exists() else []
    for bad in (
        statement(2, ("1", 5))[:-40],
        b"<x/>",
        b"",
        statement(3, ("1", 5)).replace(b"0.05", b"0.06", 1),
    ):
        answer = books.post("/v1/statements", content=bad, headers=XML)
        assert answer.status_code == 422, answer.text
        assert "day.xml" in answer.json()["detail"]
    assert (sorted(kept.iterdir()) if kept.exists() else []) == before
    assert (
        books.post("/v1/statements", content=b"x", headers={"content-type": "image/png"}).status_code == 415
    )


def test_every_format_is_taken_in_and_a_mapping_is_read_from_the_directory(
    books: TestClient, services: Services
) -> None:
    mt940 = b":20:X\n:25:MT\n:28C:1\n:60F:C261120CNY1,\n:62F:C261120CNY1,\n-\n"
    table = b"day,sum\n2026-11-20,5.00\n"
    mappings = services.house.directory / "mappings"
    assert (
        books.post("/v1/statements", content=table, headers={"content-type": "text/csv"}).status_code == 422
    )
    mappings.mkdir()
    (mappings / "bank.toml").write_text(
        'name = "bank"\n[columns]\nbooked = "day"\namount = "sum"\n[constants]\naccount = "C"\ncurrency = "CNY"\n'
    )
    for data, media_type, closing, given in (
        (mt940, "text/plain", "100", True),
        (table, "text/csv", "500", False),
    ):
        answer = books.post("/v1/statements", content=data, headers={"content-type": media_type})
        assert answer.status_code == 201, answer.text
        [made] = answer.json()["statements"]
        assert (made["kind"], made["closing"], made["closing_given"]) == ("statement", closing, given)
        position = books.get("/v1/positions", params={"statement": answer.json()["file"]["sha256"]})
        assert position.status_code == (200 if given else 422)


def test_a_reconciliation_names_every_break(books: TestClient) -> None:
    data = statement(4, ("71", 1_000), ("99", 7))
    digest = books.post("/v1/statements", content=data, headers=XML).json()["file"]["sha256"]
    wanted = {"statement": digest, "account_id": str(CHART.account(Kind.BANK_MIRROR))}
    made = books.post("/v1/reconciliations", json=wanted)
    assert made.status_code == 201
    result = made.json()
    assert result["counts"] == {"equal": 1, "missing_at_bank": 1, "unknown_at_bank": 1}
    assert (result["bank_sum"], result["our_sum"], result["difference"]) == ("1007", "1250", "-243")
    assert sum(int(one["effect"]) for one in result["breaks"]) == -243
    assert books.get(f"/v1/reconciliations/{result['reconciliation_id']}").json() == result
    assert books.get("/v1/reconciliations/1").status_code == 404
    assert books.post("/v1/reconciliations", json={**wanted, "statement": "0" * 64}).status_code == 404
    assert books.post("/v1/reconciliations", json={**wanted, "account_id": "5"}).status_code == 404
    assert books.post("/v1/reconciliations", json={**wanted, "place": 1}).status_code == 404


def test_a_position_by_books_and_by_statement(books: TestClient) -> None:
    [ours] = books.get("/v1/positions").json()["positions"]
    assert (ours["entity"], ours["currency"], ours["requirement"], ours["outcome"]) == (
        1,
        "CNY",
        "1250",
        "reconciled",
    )
    data = statement(5, ("71", 1_000))
    digest = books.post("/v1/statements", content=data, headers=XML).json()["file"]["sha256"]
    [banks] = books.get("/v1/positions", params={"statement": digest}).json()["positions"]
    assert (banks["resource"], banks["difference"], banks["outcome"]) == ("1000", "-250", "shortfall")
    assert banks["explanation"]


def test_an_attestation_gives_each_client_a_receipt(books: TestClient, services: Services) -> None:
    [vkey] = services.house.vkeys
    made = books.post("/v1/attestations", json={"entity": 1, "currency": "CNY"})
    assert made.status_code == 201
    stated = made.json()
    assert (stated["liabilities"], stated["customers"]) == ("1250", 1)
    entry, account = stated["entry"], CHART.account(Kind.SUSPENSE)
    assert books.get(f"/v1/attestations/{entry}").json() == stated
    receipt = books.get(f"/v1/attestations/{entry}/receipts/{account}").content
    proved = verify_balance_receipt(receipt, vkey)
    assert (proved.customer, proved.balance, proved.liabilities) == (str(account), 1_250, 1_250)
    fresh = AttestationDesk(
        services.house.directory, services.ledger, services.house.publisher
    )  # nothing in memory: read from its file
    assert fresh.get(entry).statement.digest().hex() == stated["digest"]
    assert verify_balance_receipt(fresh.receipt(entry, account), vkey).balance == 1_250
    assert books.get(f"/v1/attestations/{entry}/receipts/5").status_code == 404
    assert books.get(f"/v1/attestations/{entry + 1}").status_code == 404
    assert books.post("/v1/attestations", json={"entity": 2, "currency": "CNY"}).status_code == 404
    for file in (services.house.directory / "attestations").iterdir():
        assert file.stat().st_mode & 0o077 == 0


def test_a_receipt_is_verified_without_us(books: TestClient, services: Services) -> None:
    [vkey] = services.house.vkeys
    answer = books.get("/v1/transfers/901/receipt")
    assert answer.headers["content-type"].startswith("text/plain")
    proved = verify_receipt(answer.content, None, vkey)
    proof = books.get("/v1/transfers/901/proof").json()
    assert proved.index == proof["index"]
    assert proved.leaf.hex() == proof["entry"]
    assert proof["root"] == proved.checkpoint.body.root.hex()
    entry = books.get(f"/v1/entries/{proof['index']}/receipt").content
    assert verify_receipt(entry, None, vkey).leaf == proved.leaf
    assert books.get("/v1/transfers/999999/receipt").status_code == 404
    assert books.get("/v1/entries/999999/receipt").status_code == 404
    assert books.get("/v1/transfers/901/receipt", params={"cosigned": True}).status_code == 404


def test_the_log_is_served_by_its_paths(books: TestClient, stranger: TestClient) -> None:
    books.get("/v1/transfers/902/receipt")
    size = int(stranger.get("/log/checkpoint").text.split("\n")[1])
    tile = stranger.get(f"/log/tile/0/000.p/{size}")
    assert len(tile.content) == 32 * size
    assert "immutable" in tile.headers["cache-control"]
    assert stranger.get("/log/tile/../keys/log-ed25519.key").status_code in (401, 404)
    assert stranger.get("/log/%2e%2e/keys/log-ed25519.key").status_code in (401, 404)
    assert stranger.get("/log/tile/entries/000").status_code == 404
