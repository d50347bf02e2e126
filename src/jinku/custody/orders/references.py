"""Which bank references were credited: one line of the bank's is one receipt, whatever it is called and by whom.

Rules:

1. A reference is used up once in the books of one legal entity and currency for each account that the bank's money goes
   through and each meaning: received (a deposit, a channel's batch, an unidentified receipt are one), taken by a
   channel, or come back. 0 is no reference.
2. It is used up in the transaction that writes the order into the book; the database refuses a second one, so two
   writers at once cannot both have it.
3. An order that came to nothing, or was taken back by a reversal, leaves its reference free.

Example::

    references.use(connection, requests, taken)
    references.free(connection, [key])
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.types import BigInteger

from jinku.base.database import Database
from jinku.custody.orders.catalogue import OrderType
from jinku.custody.orders.requests import RequestColumns
from jinku.custody.structure.chart import Chart

RECEIVED, THROUGH_CHANNEL, CAME_BACK = 1, 2, 3
MEANINGS: Mapping[OrderType, int] = MappingProxyType(
    {
        OrderType.DEPOSIT: RECEIVED,
        OrderType.CHANNEL_SETTLED: RECEIVED,
        OrderType.UNIDENTIFIED: RECEIVED,
        OrderType.CHANNEL_DEPOSIT: THROUGH_CHANNEL,
        OrderType.PAYOUT_RETURNED: CAME_BACK,
        OrderType.ROLL_BACK: CAME_BACK,
    }
)
"""What a reference means in an order of each type that has one of its own."""
REFERENCE_BYTES = 8
_AT_ONCE = 900
_TYPES = np.array(sorted(MEANINGS), np.int64)

REFERENCES = MetaData()
_CREDIT = Table(
    "order_reference",
    REFERENCES,
    Column("entity", BigInteger, primary_key=True, autoincrement=False),
    Column("currency", Integer, primary_key=True, autoincrement=False),
    Column("meaning", Integer, primary_key=True, autoincrement=False),
    Column("reference", LargeBinary, primary_key=True),
    Column("id", LargeBinary, nullable=False),
    Index("order_reference_id", "id"),
    sqlite_with_rowid=False,
)

Credit = tuple[int, bytes]
"""A meaning, and a reference."""


class References:
    """The references of one chart's books; see the module's rules. Every method works on a connection that is given."""

    def __init__(self, database: Database, chart: Chart) -> None:
        database.add(REFERENCES)
        self._entity, self._currency = chart.entity, chart.currency

    def used(self, connection: Connection, wanted: Sequence[Credit]) -> set[Credit]:
        """Those of `wanted` that are used up."""
        found: set[Credit] = set()
        references = sorted({reference for _, reference in wanted})
        for at in range(0, len(references), _AT_ONCE):
            query = select(_CREDIT.c.meaning, _CREDIT.c.reference).where(
                _CREDIT.c.entity == self._entity,
                _CREDIT.c.currency == self._currency,
                _CREDIT.c.reference.in_(references[at : at + _AT_ONCE]),
            )
            found |= {(meaning, bytes(one)) for meaning, one in connection.execute(query).all()}
        return found

    def use(self, connection: Connection, requests: RequestColumns, taken: NDArray[np.bool_]) -> None:
        """Use up the references of the orders in `taken`. Raises IntegrityError where one is used up."""
        told = credits_of(requests, taken)
        if not told:
            return
        keys = requests.columns.keys()
        about = {"entity": self._entity, "currency": self._currency}
        rows = [
            about | {"meaning": meaning, "reference": reference, "id": keys[place]}
            for place, (meaning, reference) in told.items()
        ]
        connection.execute(insert(_CREDIT), rows)

    def free(self, connection: Connection, keys: Sequence[bytes]) -> None:
        """Leave the references of the orders with these `keys` free again."""
        for at in range(0, len(keys), _AT_ONCE):
            connection.execute(delete(_CREDIT).where(_CREDIT.c.id.in_(keys[at : at + _AT_ONCE])))


def credits_of(requests: RequestColumns, which: NDArray[np.bool_]) -> dict[int, Credit]:
    """By place, what each of the orders in `which` credits, for those that name a reference."""
    rows = requests.columns.rows
    places = np.flatnonzero(which & (rows["reference"] != 0) & np.isin(rows["type"], _TYPES)).tolist()
    return {
        place: (
            MEANINGS[OrderType(int(rows["type"][place]))],
            int(rows["reference"][place]).to_bytes(REFERENCE_BYTES, "big"),
        )
        for place in places
    }
