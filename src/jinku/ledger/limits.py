"""The named bounds of the ledger. Sizes are those of TigerBeetle's default message of one mebibyte."""

BATCH_EVENTS_MAX = 8189
"""Events in one request, and in one durable group of requests."""
RESULTS_MAX = 8189
"""Accounts, transfers or balances in one answer."""
CHANGE_EVENTS_MAX = 2730
"""Change events in one answer: each is as large as a transfer and two accounts."""
QUEUED_REQUESTS_MAX = 65_536
"""Requests that may wait for the committer; one more is refused rather than kept in memory."""
SNAPSHOT_ENTRIES = 1 << 19
"""Journal entries between two snapshots of the account table; bounds the work of reopening."""
BLOCK_ACCOUNTS = 1024
"""Accounts in one snapshot block."""
REPLAY_ENTRIES = 1 << 16
"""Entries read at once while reopening."""
GATHER_S = 0.0005
"""How long the committer waits for callers to come back when a group would be smaller than the last one."""
IDLE_WAIT_S = 0.25
"""How long the committer sleeps at most before it looks at the clock for expiries."""
TIMESTAMP_MAX = (1 << 63) - 1
"""The latest instant in nanoseconds that the model knows."""
