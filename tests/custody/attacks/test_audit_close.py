"""R6, R11: the close on other machines, and with what it stands on changed behind its back."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.custody.closing.scene import BOOKS, FIRST, Bank, Scene, scene_in

from jinku.base.database import Database
from jinku.base.errors import JinkuError
from jinku.custody.closing.tables import DAY
from jinku.custody.statements.model import Direction

ROOT = Path(__file__).resolve().parents[3]
DAYS = (FIRST, FIRST + timedelta(days=1), FIRST + timedelta(days=4))
"""Thursday, Friday, Monday."""
PROGRAM = """
import sys
from pathlib import Path
from tests.custody.attacks.test_audit_close import closed_days
for digest in closed_days(Path(sys.argv[1])):
    print(digest)
"""


def a_day(scene: Scene, bank: Bank, day: date) -> None:
    """Deposits that meet their lines in another order, one that is late, one that nobody knows of."""
    for amount in (10_000, 300, 10_000, 7):
        bank.line(scene.deposit(day, amount), amount, Direction.CREDIT, day)
    bank.line(scene.payout(day, 2_500), 2_500, Direction.DEBIT, day)
    bank.line(900_000 + day.day, 41, Direction.CREDIT, day)
    scene.deposit(day, 55)


def closed_days(directory: Path) -> list[str]:
    """Three days closed in an empty `directory`: what each record is called, and what it is when computed again."""
    with Database.open(directory / "control.db") as database, scene_in(directory, database) as scene:
        bank, found = Bank(), []
        for day in DAYS:
            a_day(scene, bank, day)
            scene.close(bank, day)
        for day in DAYS:
            again = scene.desk.reperform(BOOKS, day)
            assert again.equal, again.differences
            found.append(again.recomputed)
        assert scene.desk.verify(BOOKS) == ()
        return found


def test_a_close_has_the_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    """R11: time zone, language, hash seed and the number of threads of the machine are in no record."""
    places = [
        {"TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "7"},
    ]
    made = []
    for number, place in enumerate(places):
        directory = tmp_path / str(number)
        directory.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(directory)],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", **place},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        made.append(done.stdout.split())
    assert len(made[0]) == len(DAYS)
    assert made[0] == made[1]


CHANGES = {
    "a record's reviewer": "UPDATE {days} SET reviewed_by = 'clerk-9'",
    "a record's name": "UPDATE {days} SET record = '00' || substr(record, 3)",
    "a deleted day": f"DELETE FROM {{days}} WHERE day = '{DAYS[1]}'",
    "a deleted last day": f"DELETE FROM {{days}} WHERE day = '{DAYS[2]}'",
    "a day opened again": f"UPDATE {{days}} SET state = 'closing' WHERE day = '{DAYS[0]}'",
    "the last day opened again": f"UPDATE {{days}} SET state = 'closing' WHERE day = '{DAYS[2]}'",
    "the stretch of the journal": "UPDATE {days} SET end_entry = end_entry - 1",
}


def _noticed(check: Callable[[], object]) -> bool:
    try:
        return bool(check())
    except JinkuError:
        return True


@pytest.mark.parametrize("name", CHANGES)
def test_rows_changed_in_the_database_are_noticed(tmp_path: Path, name: str) -> None:
    """R6: whoever may write to the control database cannot change a closed day unseen."""
    with Database.open(tmp_path / "control.db") as database, scene_in(tmp_path, database) as scene:
        bank = Bank()
        for day in DAYS:
            a_day(scene, bank, day)
            scene.close(bank, day)
        assert scene.desk.verify(BOOKS) == ()
        with closing(
            sqlite3.connect(tmp_path / "control.db")
        ) as thief:  # constraints stop slips, not a thief
            for (trigger,) in thief.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                thief.execute(f"DROP TRIGGER {trigger}")
            thief.execute(CHANGES[name].format(days=DAY.name))
            thief.commit()
        assert _noticed(lambda: scene.desk.verify(BOOKS))
