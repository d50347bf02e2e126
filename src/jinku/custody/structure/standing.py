"""The chart's accounts of each legal entity and currency, picked out of all accounts of a ledger."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from jinku.base.currency import Currency, currency_by_number
from jinku.base.errors import UnknownCurrency
from jinku.custody.structure.template import Structure, load_structure
from jinku.ledger.layout import Array

_KIND_BITS, _ENTITY_SHIFT = 16, 32


def books(
    accounts: Array, structures: Mapping[int, Structure] = MappingProxyType({})
) -> list[tuple[int, Currency, Array]]:
    """The chart's accounts of each entity and currency; see `jinku.custody.structure.chart` for the form of an id.

    Accounts of kinds that the entity's structure (`structures`, or else the default) has not are left out.
    """
    low, high = accounts["id_lo"], accounts["id_hi"]
    kind = low & np.uint64((1 << _KIND_BITS) - 1)
    number = (low >> np.uint64(_KIND_BITS)) & np.uint64((1 << _KIND_BITS) - 1)
    entity = high >> np.uint64(_ENTITY_SHIFT)
    ours = (kind == accounts["code"]) & (number == accounts["ledger"]) & (entity > 0)
    ours &= entity == accounts["user_data_32"]
    known = np.zeros(len(accounts), np.bool_)
    for one in np.unique(entity[ours]).tolist():
        codes = list((structures.get(one) or load_structure()).kinds)
        known |= (entity == one) & np.isin(kind, codes)
    ours &= known
    found = []
    for pair in sorted({(int(e), int(n)) for e, n in zip(entity[ours], number[ours], strict=True)}):
        try:
            unit = currency_by_number(pair[1])
        except UnknownCurrency:
            continue
        found.append((pair[0], unit, accounts[ours & (entity == pair[0]) & (number == pair[1])]))
    return found
