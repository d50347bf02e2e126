"""Killed in the middle of closing, again and again, and two at once: each day is closed once, sealed once, in order."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from tests.custody.closing.scene import Scene, Taken, scene_in

from jinku.base.clock import from_rfc3339
from jinku.base.database import Database
from jinku.custody.closing.chain import verify_chain
from jinku.custody.closing.days import Books, DayBook, DayState
from jinku.custody.closing.desk import CloseDesk, DeskParts
from jinku.custody.closing.errors import CloseRefused
from jinku.custody.closing.inputs import Given
from jinku.custody.closing.settings import CloseSettings
from jinku.custody.closing.three_sides import reconcile_day
from jinku.custody.closing.vault import Vault
from jinku.custody.orders.desk import OrderDesk
from jinku.custody.structure.chart import Chart
from jinku.custody.structure.template import load_structure
from jinku.ledger.layout import SEAL, EntryKind
from jinku.ledger.opening import open_journal

BOOKS = Books(1, 826)
FIRST = date(2026, 1, 1)
DAYS, KILLS = 14, 3
EVERY = CloseSettings("every day", "UTC", "24:00", "UK")


def close_on(directory: Path) -> None:
    """What the victim does: bring what was left to its end, then close day after day, and say how far it is."""
    chart = Chart(1, 826, load_structure("uk-safeguarding"))

    def clock() -> int:
        return from_rfc3339("2026-12-31T00:00:00Z")

    with (
        open_journal(directory / "ledger", clock=clock) as ledger,
        Database.open(directory / "c.db") as database,
    ):
        OrderDesk(ledger, chart).open_entity()
        book = DayBook(database, ledger, clock)
        if not book.books():
            book.begin(BOOKS, EVERY, FIRST, "clerk-1")
        vault = Vault(directory / "closes")
        desk = CloseDesk(DeskParts(database, book, ledger, vault, reconcile_day, Taken(), clock))
        desk.resume(BOOKS)
        while book.next_to_close(*BOOKS) < FIRST + timedelta(days=DAYS):
            day = next(reversed(book.days(BOOKS)), None)
            if day is None or day.state in (DayState.CLOSED, DayState.CLOSING):
                desk.start(BOOKS, Given(), chart.structure, "clerk-1")
                desk.finish(BOOKS, "clerk-1")
            desk.review(BOOKS, "clerk-2")
            sys.stdout.write(f"{book.last_closed(*BOOKS)}\n")
            sys.stdout.flush()


def killed_after(directory: Path, lines: int, delay_s: float) -> None:
    program = f"from tests.custody.closing.test_close_crash import *; close_on(Path({str(directory)!r}))"
    victim = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert victim.stdout is not None
    for _ in range(lines):
        if not victim.stdout.readline():
            break
    time.sleep(delay_s)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    victim.stdout.close()


def test_days_survive_kill_9(tmp_path: Path) -> None:
    """R6, R21: a process killed at any step leaves nothing half; each day ends sealed exactly once."""
    for kill in range(KILLS):
        killed_after(tmp_path, 3 + kill, 0.003 * (kill + 1))
    close_on(tmp_path)
    with open_journal(tmp_path / "ledger") as ledger, Database.open(tmp_path / "c.db") as database:
        book = DayBook(database, ledger, time.time_ns)
        days = book.days(BOOKS)
        assert [one.day for one in days] == [FIRST + timedelta(days=number) for number in range(DAYS)]
        assert all(one.state is DayState.CLOSED for one in days)
        entries = ledger.entries(0, ledger.size())
        seals = entries["event"][entries["kind"] == EntryKind.SEAL].copy().view(SEAL)
        sealed = Counter(bytes(one["digest"]).hex() for one in seals)
        assert {sealed[one.record] for one in days} == {1}
        assert verify_chain(book, ledger, Vault(tmp_path / "closes"), BOOKS) == ()


def test_two_who_close_at_once_close_one_day(database: Database, tmp_path: Path) -> None:
    """R6: whoever is slower finds the day done or is refused; the log has one seal."""
    with scene_in(tmp_path, database) as scene:
        scene.clock.to("2026-11-19T18:00:00Z")
        faults: list[BaseException] = []

        def work(scene: Scene, by: str, reviewer: str) -> None:
            try:
                scene.start([])
                scene.desk.finish(BOOKS, by)
                scene.desk.review(BOOKS, reviewer)
            except CloseRefused:
                pass
            except BaseException as fault:
                faults.append(fault)

        pairs = [("clerk-1", "clerk-2"), ("clerk-3", "clerk-4"), ("clerk-5", "clerk-6")]
        threads = [threading.Thread(target=work, args=(scene, *pair)) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults
        if scene.book.day(BOOKS, date(2026, 11, 19)).state is not DayState.CLOSED:
            scene.desk.review(BOOKS, "clerk-9")
        day = scene.book.day(BOOKS, date(2026, 11, 19))
        assert scene.seals(day.record) == [day.sealed_entry]
        assert len(scene.book.days(BOOKS)) == 1
        assert scene.desk.reperform(BOOKS, day.day).equal
