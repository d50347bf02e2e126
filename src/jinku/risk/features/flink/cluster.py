"""A Flink cluster of this machine's own: one job manager and one task manager on free loopback ports.

Rules:

1. The programs come from the `apache-flink` package in an environment of its own (`make test-scale` makes
   `.venv-flink`), because it pins old numpy, pandas and pyarrow; Java comes from JAVA_HOME or the PATH.
2. Configuration, logs and temporary files lie in one temporary directory and go with the cluster.
3. The cluster stops what it started, by process id, and nothing else.

Example::

    with LocalCluster(find_flink()) as cluster:
        cluster.session().run(["CREATE TABLE …", "INSERT INTO …"], timeout_s=60)
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx2

from jinku.risk.features.flink.errors import FlinkFailed, NoFlink
from jinku.risk.features.flink.local import LocalSession

ENVIRONMENT = "JINKU_FLINK"
DEFAULT_ENVIRONMENT = ".venv-flink"
SLOTS = 2
JOB_MANAGER_MIB = 768
TASK_MANAGER_MIB = 1_964
MANAGED_MIB = 96
START_TIMEOUT_S = 90
STOP_TIMEOUT_S = 20
ASK_TIMEOUT_S = 120
ATTEMPTS_MAX = 3
_LOG4J = """\
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = Console
appender.console.name = Console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss,SSS} %-5p %c{1} %m%n
"""


@dataclass(frozen=True, slots=True)
class FlinkHome:
    """Where Flink lies: the Python that has pyflink, its distribution's directory and the home of Java."""

    python: Path
    distribution: Path
    java_home: Path

    def environment(self, configuration: Path) -> dict[str, str]:
        """The environment that Flink's programs need to use the directory `configuration`."""
        return {
            "PATH": f"{self.java_home / 'bin'}:{os.environ.get('PATH', '')}",
            "HOME": str(configuration),
            "LANG": "C.UTF-8",
            "JAVA_HOME": str(self.java_home),
            "FLINK_HOME": str(self.distribution),
            "FLINK_CONF_DIR": str(configuration),
            "FLINK_LOG_DIR": str(configuration),
            "FLINK_PID_DIR": str(configuration),
        }


def find_flink(environment: str | Path | None = None) -> FlinkHome:
    """The Flink of the virtual environment `environment`, of JINKU_FLINK or of `.venv-flink` here. Raises NoFlink."""
    root = Path(environment or os.environ.get(ENVIRONMENT) or DEFAULT_ENVIRONMENT).absolute()
    found = sorted(root.glob("lib/python3.*/site-packages/pyflink/bin/config.sh"))
    if not found:
        raise NoFlink(f"no Flink in {root}", remedy="run: make .venv-flink/.ready, or name it by JINKU_FLINK")
    return FlinkHome(root / "bin" / "python", found[0].parent.parent, find_java())


def find_java() -> Path:
    """The home of Java, by JAVA_HOME or the program `java` on the PATH. Raises NoFlink."""
    named = os.environ.get("JAVA_HOME")
    if named and (Path(named) / "bin" / "java").is_file():
        return Path(named)
    program = shutil.which("java")
    if program is None:
        raise NoFlink("no Java on this machine", remedy="apt-get install openjdk-17-jre-headless")
    return Path(program).resolve().parent.parent


class LocalCluster:
    """A cluster that lives as long as the `with` block; see the module. Raises NoFlink, FlinkFailed."""

    def __init__(self, home: FlinkHome, *, slots: int = SLOTS, memory_mib: int = TASK_MANAGER_MIB) -> None:
        self.home, self.slots, self.memory_mib = home, slots, memory_mib
        self.rest_port = 0
        self._directory: Path | None = None
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "LocalCluster":
        self._directory = Path(tempfile.mkdtemp(prefix="jinku-flink-"))
        try:
            for attempt in range(1, ATTEMPTS_MAX + 1):
                try:
                    self._start(self._directory)
                    break
                except FlinkFailed:  # somebody may have taken a port between finding it free and using it
                    self._stop()
                    if attempt == ATTEMPTS_MAX:
                        raise
        # whatever ends the start, an interruption too, leaves no process behind
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop both processes and remove the directory. Once more does nothing."""
        self._stop()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def session(self) -> LocalSession:
        """A session that runs SQL on this cluster."""
        environment = self.home.environment(self.directory)
        return LocalSession(self.home.python, environment, self.rest_port, self.slots)

    @property
    def directory(self) -> Path:
        """Where its configuration lies, while it runs. Raises FlinkFailed."""
        if self._directory is None:
            raise FlinkFailed("the local cluster is not running")
        return self._directory

    @property
    def rest_url(self) -> str:
        """The address of the cluster's REST interface."""
        return f"http://127.0.0.1:{self.rest_port}"

    def _start(self, directory: Path) -> None:
        self.rest_port, rpc_port = _free_ports(2)
        (directory / "config.yaml").write_text(self._configuration(directory, rpc_port), encoding="utf-8")
        for name in ("log4j.properties", "log4j-console.properties", "log4j-cli.properties"):
            (directory / name).write_text(_LOG4J, encoding="utf-8")
        environment = self.home.environment(directory)
        for program in ("jobmanager", "taskmanager"):
            with (directory / f"{program}.out").open("wb") as out:
                process = subprocess.Popen(  # noqa: S603 - a program of the package that was found
                    [self.home.distribution / "bin" / f"{program}.sh", "start-foreground"],
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    cwd=directory,
                    start_new_session=True,
                )
            self._processes.append(process)
        self._wait(directory)

    def _wait(self, directory: Path) -> None:
        """Until all slots are there; the environment's proxies are not asked about this machine's own ports."""
        deadline = time.monotonic() + START_TIMEOUT_S
        with httpx2.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < deadline:
                for process in self._processes:
                    if process.poll() is not None:
                        raise FlinkFailed(f"a process of Flink ended at once: {_last_words(directory)}")
                try:
                    answer = client.get(f"{self.rest_url}/overview")
                    if answer.is_success and answer.json().get("slots-total", 0) >= self.slots:
                        return
                except (httpx2.HTTPError, ValueError):
                    pass
                time.sleep(0.2)
        raise FlinkFailed(f"Flink did not start within {START_TIMEOUT_S} s: {_last_words(directory)}")

    def _stop(self) -> None:
        for process in reversed(self._processes):
            _signal(process, signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self._processes.clear()

    def _configuration(self, directory: Path, rpc_port: int) -> str:
        settings: Mapping[str, object] = {
            "env.java.opts.all": _java_options(self.home.distribution),
            "jobmanager.rpc.address": "127.0.0.1",
            "jobmanager.rpc.port": rpc_port,
            "jobmanager.bind-host": "127.0.0.1",
            "jobmanager.memory.process.size": f"{JOB_MANAGER_MIB}m",
            "rest.address": "127.0.0.1",
            "rest.bind-address": "127.0.0.1",
            "rest.port": self.rest_port,
            "taskmanager.host": "127.0.0.1",
            "taskmanager.bind-host": "127.0.0.1",
            "taskmanager.numberOfTaskSlots": self.slots,
            "taskmanager.memory.process.size": f"{self.memory_mib}m",
            # State lies on the heap here; managed memory holds what windows gather before they close, no more.
            "taskmanager.memory.managed.size": f"{MANAGED_MIB}m",
            "taskmanager.memory.jvm-metaspace.size": "192m",
            "taskmanager.memory.jvm-overhead.min": "96m",
            "taskmanager.memory.jvm-overhead.max": "96m",
            "taskmanager.memory.network.min": "96m",
            "taskmanager.memory.network.max": "96m",
            "parallelism.default": self.slots,
            # A machine that is busy takes long to compile a large job.
            "pekko.ask.timeout": f"{ASK_TIMEOUT_S} s",
            "io.tmp.dirs": directory,
            "web.tmpdir": directory,
        }
        return "".join(f"{name}: {value}\n" for name, value in settings.items())


def _java_options(distribution: Path) -> str:
    """The openings of Java's modules that Flink's own configuration asks for; they change with its version."""
    for line in (distribution / "conf" / "config.yaml").read_text(encoding="utf-8").splitlines():
        name, _, value = line.strip().partition(":")
        if name == "all" and "--add-opens" in value:
            return value.strip()
    return ""


def _free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _last_words(directory: Path) -> str:
    """The last line with a complaint that Flink wrote."""
    for name in ("taskmanager.out", "jobmanager.out"):
        path = directory / name
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        for line in reversed(lines):
            if "ERROR" in line or "Exception" in line or "Error" in line:
                return line.strip()[:300]
    return "it wrote no error"


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
