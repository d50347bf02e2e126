"""CSV by mapping: a small description of a bank's columns, and statements read by it.

Rules:

1. A file is read by the one mapping whose header row (and marks, where it has some) stands in it; two that fit are a
   fault of the mappings and refused. Columns that no mapping names are passed over.
2. Rows before and after the table that begin with a label give values of the whole: account, balances, count, total.
3. Amounts have one decimal mark; a group mark is taken only where it parts threes. The sign is what the mapping says:
   the amount's own, a word in a column, the column that it stands in, or fixed.
4. A running balance is checked on every line. Balances that the file does not give are computed and marked.
5. A file that does not end with a line end, in a quote, or with another number of cells in a row, is refused.

Example::

    mapping = mapping_of(Path("bank.toml").read_bytes(), "bank.toml")
    [statement] = read(data, "day.csv", ReadLimits(), [mapping])
"""

from jinku.custody.statements.formats.csv.mapping import CsvMapping, Sign, mapping_of, mappings_in
from jinku.custody.statements.formats.csv.read import find, read

__all__ = ["CsvMapping", "Sign", "find", "mapping_of", "mappings_in", "read"]
"""The description, its TOML, and the reader."""
