"""BAI2, the cash management file of North American banks: bytes → statements.

Rules:

1. Records stand in their nesting: 01 file, 02 group, 03 account, 16 detail, 49, 98, 99; an 88 goes on with the record
   before it. Anything after 99, or a file without it, is refused.
2. Control totals and record counts are verified at all three levels, account, group and file, and item counts and
   totals of all credits (100) and all debits (400) where the bank gives them.
3. Amounts are minor units of the account's currency, that of its group where it names none, USD where nobody does.
4. A type code says which way money went: 100-399 in, 400-699 out. A detail with a code for a balance or a total is
   refused, as is a code whose meaning the bank defines for itself.
5. Only a group that is an update is taken: nothing here can delete, correct or test.

Example::

    [statement] = read(b"01,BANK,US,261120,0600,1,,,2/\\n02,…", "prior-day.bai")
"""

from jinku.custody.statements.formats.bai2.read import read

__all__ = ["read"]
"""``read(data, name, limits)``."""
