"""Where a ledger's bytes lie: on this machine (RocksDB) or on a PostgreSQL server.

:func:`jinku.ledger.stores.opening.open_store` picks by URL.
"""
