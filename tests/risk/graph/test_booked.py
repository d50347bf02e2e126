"""Movements of a real ledger's journal, as the detectors see them."""

import json
from pathlib import Path

from typer.testing import CliRunner

from jinku.bootstrap import open_house
from jinku.cli.main import app
from jinku.custody.structure.chart import Chart, Opening, entity_accounts, party_accounts, party_of
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.model import CreateTransferStatus, Transfer, TransferFlags
from jinku.risk.graph.typologies.booked import booked_moves
from jinku.risk.graph.typologies.queries import Period

CHART = Chart(1, 156)
PERSONS = [CHART.party_account(Role.INVESTOR, number) for number in range(1, 6)]
MIRROR = CHART.account(Kind.BANK_MIRROR)
ALL = Period(0, 1 << 60)


def transfer(number: int, debit: int, credit: int, amount: int, **more: int) -> Transfer:
    flags = TransferFlags(more.pop("flags", 0))
    return Transfer(
        id=number,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=amount,
        ledger=156,
        code=1,
        flags=flags,
        **more,
    )


def booked_house(directory: Path) -> None:
    """A deposit, money round three accounts, and reservations: one posted in part, one voided, one open."""
    ring = [PERSONS[0], PERSONS[1], PERSONS[2], PERSONS[0]]
    moves = [transfer(1, MIRROR, PERSONS[0], 5_000_000)]
    moves += [transfer(2 + at, ring[at], ring[at + 1], 900_000 - at) for at in range(3)]
    moves += [
        transfer(number, PERSONS[0], PERSONS[3], 7_000, flags=TransferFlags.PENDING, timeout=0)
        for number in (5, 6, 7)
    ]
    moves += [
        transfer(8, 0, 0, 4_000, pending_id=5, flags=TransferFlags.POST_PENDING_TRANSFER),
        transfer(9, 0, 0, 0, pending_id=6, flags=TransferFlags.VOID_PENDING_TRANSFER),
    ]
    with open_house(directory) as house:
        house.ledger.create_accounts_array(entity_accounts(CHART))
        house.ledger.create_accounts_array(
            party_accounts(CHART, [Opening(number, Role.INVESTOR, number) for number in range(1, 6)])
        )
        for one in moves:  # one batch each, so that every movement has a microsecond of its own
            [result] = house.ledger.create_transfers([one])
            assert result.status is CreateTransferStatus.CREATED


def test_what_was_booked_counts_and_what_was_reserved_does_not(tmp_path: Path) -> None:
    """K4: the detectors see posts and single transfers of the journal, the house's own accounts as the outside."""
    booked_house(tmp_path)
    with open_house(tmp_path) as house:
        found = booked_moves(house.ledger, "CNY", ALL, lambda account: party_of(account) == 0)
        other = booked_moves(house.ledger, "USD", ALL, lambda account: False)
        before = booked_moves(house.ledger, "CNY", Period(0, int(found.time[0])), lambda account: False)
    assert found.id.tolist() == ["1", "2", "3", "4", "8"]
    assert found.amount.tolist() == [5_000_000, 900_000, 899_999, 899_998, 4_000]
    assert found.payer.tolist() == ["", *map(str, PERSONS[:3]), str(PERSONS[0])]
    assert found.payee.tolist() == [str(PERSONS[at]) for at in (0, 1, 2, 0, 3)]
    assert not any(found.device)
    assert (len(other.id), len(before.id)) == (0, 0)


def test_the_command_finds_a_cycle_in_a_house(tmp_path: Path) -> None:
    booked_house(tmp_path)
    arguments = [
        "risk",
        "typologies",
        "--from",
        "2020-01-01",
        "--to",
        "2099-12-31",
        "--data",
        str(tmp_path),
        "--json",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    [cycle] = [one for one in report["findings"] if one["typology"] == "cycle"]
    assert cycle["subject"] == str(PERSONS[0])
    assert cycle["evidence"] == ["2", "3", "4"]
    assert set(report["not_looked_for"]) == {"shared_device", "mule_ring"}
