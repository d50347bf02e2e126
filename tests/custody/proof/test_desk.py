"""The desk over a real ledger and log: once a day, all or nothing, under the bank's witness, the same for everyone."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from jinku.bootstrap import House, open_house
from jinku.cli.witnessing import open_witness
from jinku.custody.errors import BadAttestation, LiabilityUnknown, NotKept
from jinku.custody.proof import desk as desk_module
from jinku.custody.proof.desk import AttestationDesk
from jinku.custody.proof.published import LIST_FILE, attestation_list
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, party_accounts
from jinku.custody.structure.holdings import holdings
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.layout import TRANSFER, set_u128
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.consistency import make_consistency_proof
from jinku.log.reader import LogDirectory
from jinku.verify import (
    NotVerified,
    Trust,
    VerifyError,
    check_listed,
    parse_list,
    verify_attestations,
    verify_balance_receipt,
    verify_log_directory,
)

DAY = date(2026, 11, 20)
PEOPLE = {1: 1_250, 2: 7, 3: 0}


def fill(house: House, currencies: tuple[int, ...] = (156, 840)) -> None:
    """Two currencies' books; parties 1 to 3 with `PEOPLE`'s balances in each."""
    for currency in currencies:
        chart = Chart(1, currency)
        house.ledger.create_accounts_array(entity_accounts(chart))
        house.ledger.create_accounts_array(
            party_accounts(chart, [Opening(one, Role.INVESTOR, 0) for one in PEOPLE])
        )
        paid = [(party, amount) for party, amount in PEOPLE.items() if amount]
        rows = np.zeros(len(paid), TRANSFER)
        set_u128(rows, "id", [currency * 1_000 + party for party, _ in paid])
        set_u128(rows, "debit_account_id", [chart.account(Kind.BANK_MIRROR)] * len(paid))
        set_u128(rows, "credit_account_id", [chart.account(Kind.INVESTOR, party) for party, _ in paid])
        set_u128(rows, "amount", [amount for _, amount in paid])
        rows["ledger"], rows["code"] = currency, 1
        statuses = house.ledger.create_transfers_array(rows)
        assert len(statuses) == len(paid)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with open_house(tmp_path / "house", origin="ledger.example/jinku") as opened:
        fill(opened)
        yield opened


def desk_of(house: House) -> AttestationDesk:
    return AttestationDesk(house.directory, house.ledger, house.publisher, workers=1)


def account(party: int, currency: int = 156) -> int:
    return Chart(1, currency).account(Kind.INVESTOR, party)


def test_every_entity_and_currency_is_attested_and_every_client_has_a_receipt(house: House) -> None:
    """R13: a daily liability root for each currency, and a receipt per customer checked from outside."""
    desk = desk_of(house)
    made = desk.run(DAY)
    assert [(one.statement.entity, one.statement.currency) for one in made] == [(1, "CNY"), (1, "USD")]
    assert len({one.statement.ledger_size for one in made}) == 1
    for attested, currency in zip(made, (156, 840), strict=True):
        assert (attested.statement.liabilities, attested.statement.day) == (1_257, DAY)
        for party, balance in PEOPLE.items():
            proved = verify_balance_receipt(
                desk.receipt(attested.entry, account(party, currency)), house.vkeys[0]
            )
            assert (proved.customer, proved.balance) == (str(account(party, currency)), balance)
            assert proved.customers == len(PEOPLE) + 1  # suspense is a client too
    house.publish()
    assert verify_log_directory(house.log_directory, house.vkeys[0]).findings == []


def test_a_day_is_attested_once(house: House) -> None:
    """R20: asked again, by another desk, the day is the same; the next day is another."""
    first = desk_of(house).attest(1, "CNY", DAY)
    size = house.ledger.size()
    again = desk_of(house).attest(1, "CNY", DAY)
    assert (again.entry, again.statement) == (first.entry, first.statement)
    assert house.ledger.size() == size
    next_day = desk_of(house).attest(1, "CNY", date(2026, 11, 21))
    assert next_day.entry == size
    assert [one.entry for one in desk_of(house).listed()] == [first.entry, next_day.entry]
    assert desk_of(house).find(1, "CNY", DAY).entry == first.entry


def test_receipts_of_two_days_share_no_salt_and_no_place_by_design(house: House) -> None:
    desk = desk_of(house)
    one, two = (
        json.loads(desk.receipt(desk.attest(1, "CNY", day).entry, account(1)))
        for day in (DAY, date(2026, 11, 21))
    )
    assert one["salt"] != two["salt"]
    assert not set(one["proof"]) & set(two["proof"])


def test_what_is_not_there_is_said(house: House) -> None:
    desk = desk_of(house)
    entry = desk.attest(1, "CNY", DAY).entry
    for entity, code in ((2, "CNY"), (1, "EUR")):
        with pytest.raises(NotKept):
            desk.attest(entity, code, DAY)
    with pytest.raises(NotKept):
        desk.get(entry + 1)
    with pytest.raises(NotKept):
        desk.find(1, "CNY", date(2026, 11, 19))
    with pytest.raises(LiabilityUnknown):
        desk.receipt(entry, 5)


def test_salts_are_for_the_owner_alone(house: House) -> None:
    desk_of(house).attest(1, "CNY", DAY)
    for place in (house.directory / "attestations").rglob("*"):
        assert stat.S_IMODE(place.stat().st_mode) == (0o700 if place.is_dir() else 0o600)
    assert stat.S_IMODE((house.log_directory / LIST_FILE).stat().st_mode) == 0o644


def _failing(*_: object, **__: object) -> None:
    raise OSError("the disk is full")


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (desk_module, "build"),
        (desk_module, "sync_directory"),
        (AttestationDesk, "_seal"),
        (desk_module, "replace_durably"),
        (desk_module, "attestation_list"),
    ],
)
def test_a_failure_anywhere_leaves_nothing_half(
    house: House, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """R21: what was begun is finished or begun anew; the log never has two seals of a day."""
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, _failing)
        with pytest.raises(OSError, match="disk"):
            desk_of(house).attest(1, "CNY", DAY)
    attested = desk_of(house).attest(1, "CNY", DAY)
    desk_of(house).attest(1, "USD", DAY)
    assert [
        one.name for one in (house.directory / "attestations").iterdir() if one.name.startswith(".")
    ] == []
    house.publish()
    listed = verify_attestations(house.log_directory, house.vkeys[0])
    assert [one.attested.currency for one in listed] == ["CNY", "USD"]
    assert (
        verify_balance_receipt(desk_of(house).receipt(attested.entry, account(2)), house.vkeys[0]).balance
        == 7
    )


_KILLED = """
import os, signal, sys
from datetime import date
from pathlib import Path
from jinku.bootstrap import open_house
from jinku.custody.proof import desk
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
stage = sys.argv[2]
if stage == "sealing": desk.AttestationDesk._seal = die
if stage == "sealed": desk.replace_durably = die
house = open_house(Path(sys.argv[1]))
desk.AttestationDesk(house.directory, house.ledger, house.publisher, workers=1).attest(1, "CNY", date(2026, 11, 20))
"""


@pytest.mark.parametrize("stage", ["sealing", "sealed"])
def test_a_killed_run_is_taken_up_again(tmp_path: Path, stage: str) -> None:
    """R21: `kill -9` in the middle of a run leaves nothing half, and the day is sealed once."""
    directory = tmp_path / "house"
    with open_house(directory, origin="ledger.example/jinku") as house:
        fill(house, (156,))
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(directory), stage], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with open_house(directory) as house:
        before = house.ledger.size()
        attested = desk_of(house).attest(1, "CNY", DAY)
        assert house.ledger.size() == before + (stage != "sealed")
        house.publish()
        assert [one.entry for one in verify_attestations(house.log_directory, house.vkeys[0])] == [
            attested.entry
        ]
        assert not any(one.name.startswith(".") for one in (directory / "attestations").iterdir())


def test_books_that_do_not_balance_are_not_attested(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: the clients' sum is compared with the control accounts, the other side of every movement."""
    honest = holdings

    def short(*arguments: object) -> object:
        now = honest(*arguments)  # type: ignore[arg-type]
        return replace(
            now, clients={one: balance for one, balance in now.clients.items() if one != account(2)}
        )

    monkeypatch.setattr(desk_module, "holdings", short)
    with pytest.raises(BadAttestation):
        desk_of(house).attest(1, "CNY", DAY)
    assert not list((house.directory / "attestations").iterdir())


def cosign(house: House, directory: Path) -> list[str]:
    """Have a witness in `directory` cosign the newest checkpoint; its vkeys."""
    witness = open_witness(directory, f"bank.example/{directory.name}", [house.vkeys[0]])
    try:
        log = LogDirectory(house.log_directory)
        answer = witness.add_checkpoint(make_consistency_proof(log, 0).encode())
        assert answer.status == 200, answer.body
        checkpoint = log.checkpoint()
        house.publisher.attach(SignedCheckpoint.parse(checkpoint.encode() + answer.body))
        return [str(key) for key in witness.keys]
    finally:
        witness.close()


def test_the_banks_witness_stands_in_the_receipt(house: House, tmp_path: Path) -> None:
    """R13: the bank's witness cosigns the checkpoint that covers the attestation; receipts carry it from then on."""
    desk = desk_of(house)
    entry = desk.attest(1, "CNY", DAY).entry
    house.publish()
    bank, auditor = cosign(house, tmp_path / "bank"), cosign(house, tmp_path / "auditor")
    desk.attest(1, "USD", DAY)
    house.publish()
    trust = Trust.of(house.vkeys[0], witnesses=[*bank, *auditor], quorum=2)
    proved = verify_balance_receipt(desk.receipt(entry, account(1)), trust)
    assert sorted(proved.sealed.checkpoint.witnesses) == ["bank.example/auditor", "bank.example/bank"]


def test_the_published_list_shows_everyone_the_same(house: House) -> None:
    """R13: a receipt is compared with the list, the list with the log."""
    desk = desk_of(house)
    entry = desk.run(DAY)[0].entry
    house.publish()
    data = (house.log_directory / LIST_FILE).read_bytes()
    proved = verify_balance_receipt(desk.receipt(entry, account(1)), house.vkeys[0])
    check_listed(proved, parse_list(data))
    assert verify_attestations(house.log_directory, house.vkeys[0]) == parse_list(data)
    other = data.replace(b'"liabilities": "1257"', b'"liabilities": "1258"')
    for changed in (other, data[:-2], b"{}", b""):
        (house.log_directory / LIST_FILE).write_bytes(changed)
        with pytest.raises(VerifyError):
            verify_attestations(house.log_directory, house.vkeys[0])


def test_a_second_root_for_other_customers_is_found_by_whoever_has_the_log(
    house: House, tmp_path: Path
) -> None:
    """R13: two attestations of one day, one for each half of the customers, cannot both be published."""
    desk = desk_of(house)
    desk.attest(1, "CNY", DAY)
    elsewhere = AttestationDesk(tmp_path / "second", house.ledger, house.publisher, workers=1)
    (tmp_path / "second").mkdir()
    published = (house.log_directory / LIST_FILE).read_bytes()
    second = elsewhere.attest(1, "CNY", DAY)
    proved = verify_balance_receipt(elsewhere.receipt(second.entry, account(1)), house.vkeys[0])
    with pytest.raises(NotVerified, match="published"):
        check_listed(proved, parse_list(published))
    (house.log_directory / LIST_FILE).write_bytes(published)
    house.publish()
    with pytest.raises(NotVerified, match="not published"):
        verify_attestations(house.log_directory, house.vkeys[0])
    (house.log_directory / LIST_FILE).write_bytes(attestation_list([*desk.listed(), *elsewhere.listed()]))
    with pytest.raises(NotVerified, match="two attestations"):
        verify_attestations(house.log_directory, house.vkeys[0])
