"""Which store a ledger's URL names.

=============================  ==============================================
``path`` or ``file:path``      RocksDB in that directory, made where absent
``postgresql://…``             PostgreSQL, in the connection's current schema
=============================  ==============================================

A store's own library is imported when it is first named, so that neither slows down the other.

Example::

    store = open_store("file:/var/lib/jinku/ledger")
"""

import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from jinku.ledger.errors import StoreError
from jinku.ledger.store import Store

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


def open_store(url: str) -> Store:
    """Open the store that `url` names.

    Raises StoreError for an unknown scheme, LedgerLocked where another process writes the store,
    CorruptJournal where its bytes are damaged.
    """
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else "file"
    if scheme == "file":
        from jinku.ledger.stores.rocks import RocksStore

        return RocksStore(_file_path(url))
    if scheme in ("postgresql", "postgres"):
        from jinku.ledger.stores.postgres import PostgresStore

        return PostgresStore(url)
    if scheme == "tigerbeetle":
        raise StoreError(
            "a TigerBeetle cluster keeps no journal of ours, so it has no log to publish or serve",
            remedy="open it by jinku.ledger.open_ledger, or name a directory or a PostgreSQL server",
        )
    raise StoreError(
        f"no store is named by the scheme {scheme!r}",
        remedy="use a directory's path, file:PATH or postgresql://USER@HOST/DATABASE",
    )


def _file_path(url: str) -> Path:
    """The directory that a plain path, ``file:path`` or ``file:///path`` names."""
    if not url.lower().startswith("file:"):
        path = url
    elif url[5:].startswith("//"):
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise StoreError(
                f"file URL names the host {parts.netloc!r}",
                remedy="write file:PATH, or file:///PATH for a path from the root",
            )
        path = unquote(parts.path)
    else:
        path = url[5:]
    if not path:
        raise StoreError("the ledger's path is empty", remedy="name a directory")
    return Path(path)
