"""The command line: thin commands over the rooms; each says one clear thing, as a table or as JSON.

Rules:

1. Exit codes: 0 done, 1 refused, not verified or differences found, 2 usage or bad input, 3 unavailable.
2. A failure is one line on standard error with a remedy, never a traceback; with ``--json`` one JSON object.
3. Standard output carries the answer alone: one JSON object with ``--json``, else a table or lines.
4. A module imports what it needs inside its commands, so that ``jinku --help`` starts fast.
"""
