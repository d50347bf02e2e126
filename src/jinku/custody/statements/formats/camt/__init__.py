"""camt.052, 053 and 054 of ISO 20022 (report, statement, notification): bytes ↔ statements.

Rules:

1. `write` makes camt.053.001.08 with the elements in the schema's order and amounts with the currency's
   decimals.
2. `read` takes versions .02 to .13 of the three. A report or notification needs no balances; what it does not give is
   computed and marked. A file is accepted whole or refused whole, with one InputError that names file, line, element
   and value.
3. Parsing is safe: no DTD, no entity, nothing fetched, and every size, depth and count has a named bound.
4. What a bank's file must satisfy beyond the schema is checked: opening + booked entries = closing, one
   currency, the announced number of entries, no statement twice.

Example::

    read(write([statement]), "day.xml") == [statement]
"""

from jinku.custody.statements.formats.camt.read import read
from jinku.custody.statements.formats.camt.write import write

__all__ = ["read", "write"]
"""``read(path_or_bytes, name, limits=…)`` and ``write(statements)``; see the two modules."""
