"""A small server for banks' notices, in a thread beside the dispatching."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn

from jinku.custody.channel.custodian.callbacks import Callbacks, callback_app

LOOPBACK = "127.0.0.1"
STOP_S = 5


@contextmanager
def listening(callbacks: Mapping[str, tuple[int, Callbacks]]) -> Iterator[None]:
    """Take notices in while the block runs; a proxy with TLS stands in front where banks are on other machines."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []
    try:
        for port, one in callbacks.values():
            config = uvicorn.Config(
                callback_app(one),
                host=LOOPBACK,
                port=port,
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="none",
                timeout_graceful_shutdown=1,
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, name="bank-notices", daemon=True)
            thread.start()
            running.append((server, thread))
        yield
    finally:
        for server, thread in running:
            server.should_exit = True
            thread.join(STOP_S)
