"""Samples for an auditor: from everything that was signed, by nobody's choice, each with its proof."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jinku.base.errors import InputError
from jinku.bootstrap import House, open_house
from jinku.cli.main import main
from jinku.crypto.vkey import VerifierKey
from jinku.custody.audit.population import Population, read_population
from jinku.custody.audit.sample import Method, Plan, draw, receipts
from jinku.ledger import Account, Transfer, TransferFlags
from jinku.ledger.layout import TRANSFER, u128
from jinku.log.checkpoint import SignedCheckpoint
from jinku.log.errors import ProofInvalidError
from jinku.log.reader import LogDirectory
from jinku.verify import verify_receipt

CNY = 156


def _moved(number: int, amount: int, flags: TransferFlags = TransferFlags.NONE) -> Transfer:
    return Transfer(
        id=number, debit_account_id=1, credit_account_id=2, amount=amount, ledger=CNY, code=1, flags=flags
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with 600 movements of 1 … 600, one of a million, a hold, its half posted, and a void one."""
    with open_house(tmp_path_factory.mktemp("audited") / "house") as opened:
        ledger = opened.ledger
        ledger.create_accounts([Account(id=number, ledger=CNY, code=1) for number in (1, 2)])
        amounts = [*range(1, 601), 1_000_000]
        ledger.create_transfers([_moved(n, amount) for n, amount in enumerate(amounts, 10)])
        ledger.create_transfers([_moved(5000 + n, 7_777, TransferFlags.PENDING) for n in range(2)])
        post, void = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
        ledger.create_transfers(
            [
                Transfer(id=6000, pending_id=5000, amount=3_000, flags=post),
                Transfer(id=6001, pending_id=5001, amount=0, flags=void),
            ]
        )
        opened.publish()
        yield opened


@pytest.fixture(scope="module")
def keys(house: House) -> list[VerifierKey]:
    """The log's keys."""
    return [VerifierKey.parse(key) for key in house.vkeys]


@pytest.fixture(scope="module")
def population(house: House, keys: list[VerifierKey]) -> Population:
    """Everything that the house booked."""
    return read_population(LogDirectory(house.log_directory), keys)


def test_the_population_is_every_movement_and_nothing_else(population: Population) -> None:
    amounts = u128(population.movements, "amount")
    assert sorted(amounts) == sorted([*range(1, 601), 1_000_000, 3_000])


def test_each_drawn_movement_proves_itself(house: House, population: Population) -> None:
    """R13: an auditor's sample is checked by the independent verifier alone."""
    sample = draw(population, Plan(Method.MONEY, 20, "spring audit", CNY))
    proofs = receipts(LogDirectory(house.log_directory), population, sample)
    assert any(one.amount == 1_000_000 for one in sample.drawn)
    for one, receipt in zip(sample.drawn, proofs, strict=True):
        proved = verify_receipt(receipt.encode(), None, house.vkeys[0])
        assert proved.leaf[24:40] == one.transfer.to_bytes(16, "little")


def test_the_same_words_draw_the_same_and_others_draw_others(population: Population) -> None:
    plans = [Plan(Method.SIMPLE, 20, words, CNY) for words in ("one", "one", "two")]
    first, again, other = (draw(population, plan).drawn for plan in plans)
    assert first == again
    assert first != other
    assert len(first) == 20


def test_a_log_with_an_entry_changed_gives_no_population(house: House, keys: list[VerifierKey]) -> None:
    class Changed(LogDirectory):
        def _read(self, path: str) -> bytes:
            data = super()._read(path)
            return data.replace(b"\x07", b"\x08", 1) if path.startswith("tile/entries") else data

    with pytest.raises(ProofInvalidError):
        read_population(Changed(house.log_directory), keys)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=60), st.integers(1, 40), st.text("abc", min_size=1)
)
def test_every_unit_has_the_same_chance(amounts: list[int], count: int, words: str) -> None:
    """Hits lie one interval apart: a movement of n intervals has n or n + 1 hits, one of n or more at least n."""
    rows = np.zeros(len(amounts), TRANSFER)
    rows["amount_lo"], rows["ledger"] = amounts, CNY
    note = f"example.com/log\n1\n{'A' * 43}=\n\n— example.com/log {'A' * 96}\n"
    population = Population(
        SignedCheckpoint.parse(note.encode()),
        np.arange(len(amounts)),
        rows,
        np.zeros(len(amounts), np.uint64),
    )
    sample = draw(population, Plan(Method.MONEY, count, words, CNY))
    assert sample.total == sum(amounts)
    assert (
        count <= sum(one.hits for one in sample.drawn) <= count + sample.total % count + 1
        or sample.interval == 1
    )
    hits = {one.entry: one.hits for one in sample.drawn}
    for place, amount in enumerate(amounts):
        whole = amount // sample.interval
        assert whole <= hits.get(place, 0) <= whole + 1


@pytest.mark.parametrize(
    "plan",
    [Plan(Method.MONEY, 0, "x", CNY), Plan(Method.MONEY, 1, " ", CNY), Plan(Method.MONEY, 1, "x", 840)],
)
def test_what_cannot_be_drawn_is_said(population: Population, plan: Plan) -> None:
    with pytest.raises(InputError):
        draw(population, plan)


def test_the_command_reads_the_log_while_the_house_is_open(house: House, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    command = [
        "audit",
        "sample",
        "spring audit",
        "--out",
        str(out),
        "--count",
        "5",
        "--data",
        str(house.directory),
    ]
    assert main(command) == 0
    drawn = json.loads((out / "sample.json").read_text())["drawn"]
    assert len((out / "sample.csv").read_text().splitlines()) == len(drawn) + 1
    assert len(list((out / "receipts").iterdir())) == len(drawn)
    assert main(command) != 0
