"""MT940 (customer statement) and MT942 (interim report) of SWIFT: bytes → statements.

Rules:

1. Messages come in SWIFT blocks (``{1:…}{2:…}{4:`` to ``-}``) or bare, from ``:20:`` to a line ``-`` or the next
   ``:20:``. One file holds one of the two ways.
2. Fields come in the standard's order; one that is missing, comes twice or stands elsewhere is refused.
3. Pages (``:60M:``, ``:62M:``) are joined: each opens with what the page before closed with, and has the next page
   number. A statement whose last page is missing is refused, as is
   an MT942 that shows neither both totals nor its end.
4. ``RC`` takes a credit back and is a debit, ``RD`` takes a debit back and is a credit; both are reversals. ``EC`` and
   ``ED`` of MT942 are expected and so pending.
5. The message is known by reference, account, number and day, since banks give many messages one ``:20:``.

Example::

    [statement] = read(b":20:X\\r\\n:25:…", "day.sta")
"""

from jinku.custody.statements.formats.mt.read import read

__all__ = ["read"]
"""``read(data, name, limits)``."""
