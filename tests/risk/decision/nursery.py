"""A house that decides and posts until it is killed: run as ``python -m tests.risk.decision.nursery DIRECTORY``.

It first checks what the one before it left, and says ``wrong …``; then ``sent FIRST`` before each batch and
``acked FIRST`` after it. Once loaded it is forked for each line on standard input, so that a life is short.
"""

import os
import sys
from pathlib import Path

import numpy as np

from jinku.bootstrap import open_house
from jinku.bootstrap.deciding_status import DecidedStatus
from jinku.bootstrap.risk import Risk
from jinku.ledger.layout import ACCOUNT, ID, TRANSFER, Array, EntryKind
from jinku.ledger.model import CreateTransferStatus
from jinku.risk.decision.model import Action
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.decision.transfers import rows_of

ROWS = 40
GOOD = {int(CreateTransferStatus.CREATED), int(CreateTransferStatus.EXISTS)}
RULES = """
name = "house"
[[rule]]
name = "large"
when = "amount > 500"
outcome = "hold"
score = 50
reason = "large"
reason_zh = "large"
[[rule]]
name = "huge"
when = "amount > 800"
outcome = "deny"
score = 50
reason = "huge"
reason_zh = "huge"
"""


def batch(first: int) -> Array:
    """The batch with ids from `first`: the same whenever it is asked for."""
    rng, rows = np.random.default_rng(first), np.zeros(ROWS, TRANSFER)
    rows["id_lo"] = np.arange(first, first + ROWS)
    rows["debit_account_id_lo"], rows["credit_account_id_lo"] = 1, 2
    rows["amount_lo"], rows["ledger"], rows["code"] = rng.integers(1, 1_000, ROWS), 156, 1
    return rows


def live(directory: Path, first: int) -> None:
    """One life."""
    with open_house(directory, recheck_entries=1_000) as house, Risk(house) as risk:
        risk.recover()
        if not house.ledger.size() or not len(house.ledger.accounts_array()):
            rows = np.zeros(2, ACCOUNT)
            rows["id_lo"], rows["ledger"], rows["code"] = [1, 2], 156, 1
            house.ledger.create_accounts_array(rows)
        check(risk)
        say(f"checked {risk.journal.size}")
        last = None
        while True:
            say(f"sent {first}")
            statuses = risk.gate.create_transfers_array(batch(first))["status"]
            if last is not None:  # the one before again: the same answers, no second decision
                again = risk.gate.create_transfers_array(batch(last[0]))["status"]
                if [one if one not in GOOD else 0 for one in again.tolist()] != last[1]:
                    say(f"wrong: another answer for {last[0]}")
            last = first, [one if one not in GOOD else 0 for one in statuses.tolist()]
            held = np.flatnonzero(statuses == DecidedStatus.RISK_HELD)
            if len(held):
                number = first + int(held[0])
                if not risk.waiting.among([number])[number].proposed:  # it may be from the life before
                    risk.acts.release(number, by="anna", note="x")
                risk.acts.release(number, by="ben", note="x")
                last[1][int(held[0])] = 0
            say(f"acked {first}")
            first += ROWS


def check(risk: Risk) -> None:
    """Every decision is sealed and done: allowed posted once, held pending or resolved, denied nowhere, no id twice."""
    ledger, seen = risk.house.ledger, set[int]()
    for number in range(risk.journal.size):
        risk.journal.check_seal(number)
        if int(risk.journal.place(number)["kind"]) != RecordKind.DECISIONS:
            continue
        kept = decode(risk.journal.read(number))
        rows, _ = rows_of(kept.asked.requests)
        actions = kept.decided.outcomes["action"]
        ids = rows["id_lo"].tolist()
        if seen & set(ids):
            say(f"wrong: record {number} decides an id again")
        seen |= set(ids)
        wanted = np.zeros(int((actions != Action.DENY).sum()), ID)
        wanted["id_lo"] = rows["id_lo"][actions != Action.DENY]
        if len(ledger.lookup_transfers_array(wanted)) != len(wanted):
            say(f"wrong: record {number} was decided and not sent")
        if ledger.lookup_transfers(rows["id_lo"][actions == Action.DENY].tolist()):
            say(f"wrong: record {number} has a denied transfer in the ledger")
    entries = ledger.entries(0, ledger.size())
    posted = entries["event"]["pending_id_lo"][entries["kind"] == EntryKind.TRANSFER]
    if len(set(posted[posted > 0].tolist())) != int((posted > 0).sum()):
        say("wrong: a held transfer was resolved twice")
    for one in risk.waiting.listed(None, 100_000):
        if one.state == "released" and ledger.transfer_sequence(one.id) < 0:
            say(f"wrong: {one.id} was released and is not there")


def say(line: str) -> None:
    os.write(1, (line + "\n").encode())


def main() -> None:
    """Fork a life for each line: directory and first id."""
    for line in sys.stdin:
        directory, first = line.split()
        child = os.fork()
        if child == 0:
            try:
                live(Path(directory), int(first))
            except Exception as error:
                say(f"wrong: {type(error).__name__}: {error}".replace("\n", " "))
            os._exit(1)
        say(f"pid {child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
