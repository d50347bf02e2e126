"""The process of the simulated bank: one directory, one TLS port, a beat, and a death now and then.

Rules:

1. Everything it knows is in its directory; a start continues where the last end left it, however it ended.
2. A crash of the plan replaces the process image at once: nothing is closed, nothing is finished, memory is lost. The
   bank comes up again under the same process id and port.
3. A beat settles, fails and returns what is due, sends notices, reads and writes files. With `day_s` the date moves by
   itself.

Example::

    run(Settings(Path("bank"), port=9443, faults="all", seed=7))
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from jinku.base.files import replace_durably
from jinku.sim.custodian.bank import Bank
from jinku.sim.custodian.books import Books
from jinku.sim.custodian.faults import FaultPlan
from jinku.sim.custodian.files import FileDesk
from jinku.sim.custodian.keys import CERTIFICATE_FILE, TLS_KEY_FILE, VKEY_FILE, BankKeys
from jinku.sim.custodian.notices import Notices
from jinku.sim.custodian.web import HANG_S, Front, bank_app

LOOPBACK = "127.0.0.1"
BEAT_S = 0.1
ABOUT_FILE = "bank.json"
NOTICE_FILE = "notice.json"
"""In the bank's directory: ``{"platform": …, "url": …}``, where notices go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a simulated bank runs. `again` is the command that starts it once more after a crash."""

    directory: Path
    port: int = 0
    faults: str = ""
    seed: int = 0
    hang_s: float = HANG_S
    day_s: float = 0
    day: date | None = None
    again: Sequence[str] = ()


def run(settings: Settings, witness: Starlette | None = None) -> None:
    """Serve until SIGINT or SIGTERM."""
    keys = BankKeys.open(settings.directory)
    listener = _listener(settings)
    port = int(listener.getsockname()[1])
    with Books(settings.directory / "books.sqlite") as books:
        day = settings.day or datetime.now(UTC).date()
        bank = Bank(books, FaultPlan.parse(settings.faults, settings.seed), day)

        def crash() -> None:
            os.execv(sys.executable, [sys.executable, "-m", "jinku", *settings.again, "--port", str(port)])  # noqa: S606

        about = {
            "url": f"https://{LOOPBACK}:{port}",
            "certificate": CERTIFICATE_FILE,
            "key": VKEY_FILE,
            "pid": os.getpid(),
        }
        replace_durably(settings.directory / ABOUT_FILE, (json.dumps(about, indent=2) + "\n").encode())
        files = FileDesk(settings.directory, bank, keys, crash)
        front = Front(bank, keys, crash, settings.hang_s)
        server = _Server(_config(settings, bank_app(front, witness)))
        asyncio.run(_serve(server, listener, _Beat(settings, bank, keys, files)))


class _Server(uvicorn.Server):
    """Leaves signals to the loop that it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


class _Beat:
    """What the bank does by itself."""

    def __init__(self, settings: Settings, bank: Bank, keys: BankKeys, files: FileDesk) -> None:
        self._settings, self._bank, self._keys, self._files = settings, bank, keys, files
        self._notices: Notices | None = None
        self._next_day = time.monotonic() + settings.day_s

    async def once(self) -> None:
        """One beat."""
        self._bank.beat()
        if self._settings.day_s and time.monotonic() >= self._next_day:
            self._next_day = time.monotonic() + self._settings.day_s
            self._files.end_of_day()
            self._bank.advance()
        self._files.beat()
        notices = self._told()
        if notices is not None:
            await notices.tell()

    def _told(self) -> Notices | None:
        path = self._settings.directory / NOTICE_FILE
        if self._notices is None and path.exists():
            about = json.loads(path.read_text(encoding="utf-8"))
            self._notices = Notices(self._bank, self._keys, about["platform"], about["url"])
        return self._notices


async def _serve(server: uvicorn.Server, listener: socket.socket, beat: _Beat) -> None:
    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not serving.done():
        await beat.once()
        await asyncio.wait({serving}, timeout=BEAT_S)
    await serving


def _listener(settings: Settings) -> socket.socket:
    """The bank's port: the one asked for, or that of its last start, or any."""
    path = settings.directory / ABOUT_FILE
    port = settings.port
    if not port and path.exists():
        port = int(json.loads(path.read_text(encoding="utf-8"))["url"].rpartition(":")[2])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(256)
    return listener


def _config(settings: Settings, app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ssl_keyfile=settings.directory / TLS_KEY_FILE,
        ssl_certfile=str(settings.directory / CERTIFICATE_FILE),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
