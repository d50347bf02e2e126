"""The tables of a ledger on PostgreSQL and every statement that touches them.

Rules:

1. The tables lie in the connection's current schema. A ledger per database or per schema: name the schema in
   the URL (``?options=-csearch_path%3Dbooks``).
2. Every statement is text that stands here; values go as parameters or as a binary COPY, never into the text.
3. The journal is only appended to: one row holds up to ``PAGE_ENTRIES`` entries, fills one 8 KiB page and
   never crosses a multiple of ``PAGE_ENTRIES``.
4. ``epoch`` counts the writers that opened the ledger. Each commit names its own, so a writer that was
   replaced changes nothing.
"""

from typing import Final

FORMAT_VERSION: Final = 1
PAGE_ENTRIES: Final = 28

CREATE: Final = """
CREATE TABLE ledger_header (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    format integer NOT NULL,
    epoch bigint NOT NULL,
    size bigint NOT NULL,
    header bytea NOT NULL
);
INSERT INTO ledger_header (format, epoch, size, header) VALUES (1, 0, 0, '');
CREATE TABLE ledger_journal (
    first bigint PRIMARY KEY,
    body bytea NOT NULL
);
CREATE TABLE ledger_id (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL
);
CREATE TABLE ledger_index (
    key bytea PRIMARY KEY,
    body bytea NOT NULL
);
CREATE TABLE ledger_pending (
    sequence bigint PRIMARY KEY,
    status smallint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX ledger_pending_open ON ledger_pending (sequence) INCLUDE (expires_at) WHERE expires_at > 0;
CREATE TABLE ledger_block (
    number bigint PRIMARY KEY,
    body bytea NOT NULL
);
ALTER TABLE ledger_journal ALTER COLUMN body SET STORAGE PLAIN;
ALTER TABLE ledger_index ALTER COLUMN body SET STORAGE PLAIN;
ALTER TABLE ledger_block ALTER COLUMN body SET STORAGE EXTERNAL;
"""
"""Run once, in one transaction, under the writer's lock."""

PREPARE_WRITER: Final = "SET synchronous_commit = on; SET lock_timeout = '1s'"
PREPARE_READER: Final = (
    "SET default_transaction_read_only = on; SET enable_seqscan = off; "
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off"
)
"""The tables grow from nothing, so the planner's statistics lag: readers always go by index."""

SERVER_STATE: Final = (
    "SELECT current_setting('fsync') = 'on', pg_is_in_recovery(), current_schema() IS NOT NULL"
)
EXISTS: Final = "SELECT to_regclass(quote_ident(current_schema()) || '.ledger_header') IS NOT NULL"
LOCK: Final = "SELECT pg_advisory_lock(hashtext('jinku.ledger'), hashtext(current_schema()::text))"
"""Waits as long as ``lock_timeout``: enough for the server to notice that the last writer's process died."""
FORMAT: Final = "SELECT format FROM ledger_header"
TAKE_OVER: Final = "UPDATE ledger_header SET epoch = epoch + 1 RETURNING epoch"
HEADER: Final = "SELECT epoch, size, header FROM ledger_header"

ADVANCE: Final = """
UPDATE ledger_header SET size = %(size)s, header = %(header)s
WHERE epoch = %(epoch)s AND size = %(first)s
"""
COPY_JOURNAL: Final = "COPY ledger_journal (first, body) FROM STDIN (FORMAT binary)"
COPY_IDS: Final = "COPY ledger_id (id, sequence) FROM STDIN (FORMAT binary)"
COPY_INDEX: Final = "COPY ledger_index (key, body) FROM STDIN (FORMAT binary)"
PUT_PENDING: Final = """
INSERT INTO ledger_pending (sequence, status, expires_at)
SELECT * FROM unnest(%(sequences)s, %(statuses)s, %(expires)s)
ON CONFLICT (sequence) DO UPDATE SET status = excluded.status, expires_at = excluded.expires_at
"""
PUT_BLOCK: Final = """
INSERT INTO ledger_block (number, body) VALUES (%(number)s, %(body)s)
ON CONFLICT (number) DO UPDATE SET body = excluded.body
"""

BLOCKS: Final = "SELECT number, body FROM ledger_block ORDER BY number"
OPEN_PENDING: Final = "SELECT sequence, expires_at FROM ledger_pending WHERE expires_at > 0 ORDER BY sequence"
JOURNAL: Final = (
    "SELECT first, body FROM ledger_journal WHERE first > %(below)s AND first < %(end)s ORDER BY first"
)
ENTRIES_AT: Final = """
SELECT substring(page.body FROM ((wanted.sequence - page.first) * 280 + 1)::integer FOR 280)
FROM unnest(%(sequences)s) WITH ORDINALITY AS wanted (sequence, place)
CROSS JOIN LATERAL (
    SELECT first, body FROM ledger_journal WHERE first <= wanted.sequence ORDER BY first DESC LIMIT 1
) AS page
ORDER BY wanted.place
"""
FIND_IDS: Final = """
SELECT wanted.place, known.sequence
FROM unnest(%(ids)s) WITH ORDINALITY AS wanted (id, place)
JOIN ledger_id AS known ON known.id = wanted.id
"""
STATUSES: Final = """
SELECT wanted.place, known.status
FROM unnest(%(sequences)s) WITH ORDINALITY AS wanted (sequence, place)
JOIN ledger_pending AS known ON known.sequence = wanted.sequence
"""

SCAN_FORWARD: Final = """
SELECT key, body FROM ledger_index
WHERE key >= coalesce((
    SELECT key FROM ledger_index WHERE key >= %(prefix)s AND key <= %(lower)s ORDER BY key DESC LIMIT 1
), %(lower)s) AND key <= %(upper)s AND key > %(after)s
ORDER BY key LIMIT %(keys)s
"""
SCAN_REVERSE: Final = """
SELECT key, body FROM ledger_index
WHERE key >= coalesce((
    SELECT key FROM ledger_index WHERE key >= %(prefix)s AND key <= %(lower)s ORDER BY key DESC LIMIT 1
), %(lower)s) AND key <= %(upper)s AND key < %(after)s
ORDER BY key DESC LIMIT %(keys)s
"""
"""Both begin at the last key that starts at or before the lower bound, since its group may reach into the
bounds."""
