"""The model is the published one, member by member, and ids are unique and ordered in time."""

import dataclasses
import re

import pytest
import tigerbeetle

from jinku.ledger import model
from jinku.ledger.statuses import TRANSIENT_STATUSES

ENUMS = [
    "AccountFlags",
    "TransferFlags",
    "AccountFilterFlags",
    "QueryFilterFlags",
    "CreateAccountStatus",
    "CreateTransferStatus",
]
DATACLASSES = [
    "Account",
    "Transfer",
    "AccountFilter",
    "QueryFilter",
    "AccountBalance",
    "CreateAccountResult",
    "CreateTransferResult",
]


@pytest.mark.parametrize("name", ENUMS)
def test_enumerations_have_the_published_names_numbers_and_order(name: str) -> None:
    ours, theirs = getattr(model, name), getattr(tigerbeetle, name)
    assert [(m, int(v)) for m, v in ours.__members__.items()] == [
        (m, int(v)) for m, v in theirs.__members__.items()
    ]
    assert ours.__mro__[1] is theirs.__mro__[1]


@pytest.mark.parametrize("name", DATACLASSES)
def test_dataclasses_have_the_published_fields_and_defaults(name: str) -> None:
    ours, theirs = dataclasses.fields(getattr(model, name)), dataclasses.fields(getattr(tigerbeetle, name))
    assert [(f.name, f.default, f.type) for f in ours] == [(f.name, f.default, _type(f.type)) for f in theirs]


def _type(annotation: object) -> object:
    return int if annotation == "int" else getattr(model, str(annotation))


def test_counts_are_those_of_the_contract() -> None:
    assert len(model.CreateAccountStatus) == 27
    assert len(model.CreateTransferStatus) == 68
    assert len(TRANSIENT_STATUSES) == 7
    assert model.AMOUNT_MAX == tigerbeetle.AMOUNT_MAX


def test_everything_public_is_documented() -> None:
    for name in model.__all__:
        documented = getattr(model, name).__doc__
        assert documented
        assert not re.match(rf"{name}\(", documented)


def test_ids_are_unique_and_sort_by_time() -> None:
    now = 1_700_000_000_123_456_789
    assert model.id(lambda: now) >> 60 == (1_700_000_000_123 << 20) | 456_789
    assert model.id(lambda: now) < model.id(lambda: now + 1) < model.id(lambda: now + 1_000_000)
    assert len({model.id(lambda: now) for _ in range(1000)}) == 1000
    assert 0 < model.id() < (1 << 128) - 1
    assert abs((model.id() >> 80) - (tigerbeetle.id() >> 80)) < 60_000
