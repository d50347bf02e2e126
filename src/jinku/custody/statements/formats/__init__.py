"""Files that custodians send, in every format, read into the one model of `jinku.custody.statements.model`.

Rules:

1. The format is told by the content, never by the name or a media type.
2. A file is read whole or refused whole, with one InputError that names file, line, field and value. Nothing is mended.
3. Every format passes the same checks: opening + booked entries = closing where the bank gave both, totals and counts
   where the format has them, no statement twice. A file that ends too early is refused.
4. Amounts become whole minor units; dates and directions are the bank's own words.

Example::

    statements = read_statement(Path("day.sta").read_bytes(), "day.sta")
"""

from jinku.custody.statements.formats.limits import ReadLimits
from jinku.custody.statements.formats.reading import Format, ReadOptions, format_of, read_statement

__all__ = ["Format", "ReadLimits", "ReadOptions", "format_of", "read_statement"]
"""What callers need; each format has a package or module of its own."""
