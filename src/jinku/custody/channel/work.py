"""Durable work: what was begun is finished after a crash, from the last step that was written down.

Rules:

1. DBOS keeps a workflow's steps in SQLite (a file beside the control data) or in PostgreSQL. A workflow's id is
   given by the caller, so starting it twice is once. Inputs and results are JSON, never pickled objects.
2. DBOS has one instance a process. `Work` owns it from opening to closing, makes its workflows then and not at import,
   and leaves nothing behind. A second one at the same time is WorkBusy.
3. Workflows decide nothing: each step reads the instruction table, and may run twice. So losing the file of the
   workflows loses no money and repeats no sending; `start` begins again what the table has open.

Example::

    with Work(Path("data/bank-work.sqlite"), {"send": send_batch}) as work:
        work.start("send", "batch-17", "batch-17")
        work.wait("batch-17")
"""

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, WorkflowHandle
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from jinku.base.closing import Closing
from jinku.base.files import make_private
from jinku.custody.channel.errors import WorkBusy

APPLICATION = "jinku-bank"
VERSION = "1"
"""Workflows begun by one version are finished by it; raised when their steps change."""
BUSY_WAIT_MS = 30_000
POLL_S = 0.02
_ENDED_BADLY = ("ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_RESTARTS_MAX = 100

Workflow = Callable[["Steps", str], list[int]]
"""Takes the means to run steps and its argument."""

_one_at_a_time = threading.Lock()


class Steps:
    """How a workflow runs its steps."""

    def run(self, name: str, function: Callable[..., int], *arguments: Any) -> int:
        """The result of `function`, written down; after a crash the result that was written down."""
        return DBOS.run_step({"name": name}, function, *arguments)


class Work(Closing):
    """An open DBOS instance; see the module's rules."""

    def __init__(self, where: Path | str, workflows: Mapping[str, Workflow]) -> None:
        """Open the SQLite file or PostgreSQL URL, and finish what is open in it. Raises WorkBusy."""
        if not _one_at_a_time.acquire(blocking=False):
            raise WorkBusy(
                "durable work is open in this process already", remedy="close it, or use another process"
            )
        with ExitStack() as undo:
            undo.callback(self._release)
            logging.getLogger("dbos").setLevel(logging.CRITICAL)
            DBOS(config=_config(where))
            steps = Steps()
            self._workflows = {name: _registered(name, run, steps) for name, run in workflows.items()}
            DBOS.launch()
            undo.pop_all()

    def start(self, workflow: str, identity: str, argument: str) -> str:
        """Begin the workflow `identity`, or find it begun; the id under which it runs.

        One that ended in an error runs again under the next id.
        """
        for number in range(_RESTARTS_MAX):
            name = identity if not number else f"{identity}~{number}"
            status = DBOS.get_workflow_status(name)
            if status is None or status.status not in _ENDED_BADLY:
                break
        if status is None:
            with SetWorkflowID(name):
                DBOS.start_workflow(self._workflows[workflow], argument)
        return name

    def wait(self, name: str) -> list[int]:
        """The numbers that a workflow ended with. Raises what it raised."""
        handle: WorkflowHandle[list[int]] = DBOS.retrieve_workflow(name)
        return handle.get_result(polling_interval_sec=POLL_S)

    def close(self) -> None:
        """Stop; what is under way is finished at the next opening."""
        self._release()

    def _release(self) -> None:
        try:
            DBOS.destroy(destroy_registry=True)
        except SQLAlchemyError:
            logging.getLogger(__name__).warning("the durable worker did not close in order")
        finally:
            _one_at_a_time.release()


def _registered(name: str, run: Workflow, steps: Steps) -> Callable[[str], list[int]]:
    def workflow(argument: str) -> list[int]:
        return run(steps, argument)

    workflow.__qualname__ = f"jinku_bank_{name}"
    return DBOS.workflow(name=f"jinku_bank_{name}", max_recovery_attempts=None)(workflow)


def _config(where: Path | str) -> DBOSConfig:
    config = DBOSConfig(
        name=APPLICATION,
        application_version=VERSION,
        executor_id="local",
        enable_otlp=False,
        log_level="CRITICAL",
        serializer=DBOSPortableJSONSerializer(),
        scheduler_polling_interval_sec=3_600.0,
    )
    if isinstance(where, str) and where.startswith(("postgresql://", "postgres://")):
        config["system_database_url"] = "postgresql://" + where.split("://", 1)[1]
        return config
    make_private(Path(where))
    url = f"sqlite:///{where}"
    config["system_database_url"] = url
    config["system_database_engine"] = _engine(url)
    return config


def _engine(url: str) -> sa.Engine:
    """As DBOS sets SQLite up, and with a write-ahead log, so that readers do not wait for writers."""
    engine = sa.create_engine(url)

    def settle(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in (
            f"busy_timeout={BUSY_WAIT_MS}",
            "foreign_keys=ON",
            "journal_mode=WAL",
            "synchronous=FULL",
        ):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", settle)
    return engine
