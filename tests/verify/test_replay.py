"""The replay: a sound journal passes, and each broken rule is a finding of its own at the entry that breaks it."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.verify.kit import DAY, LOG_KEY, Journal, day_of, path_of, sha, write_log

from jinku.verify import LogReport, verify_log_directory
from jinku.verify.entries import decode
from jinku.verify.errors import Unreadable
from jinku.verify.ids import IdSpool

Change = Callable[[Journal], object]


def start() -> Journal:
    """Accounts 1 to 3, the third limited, with money in it."""
    journal = Journal()
    journal.account(1)
    journal.account(2)
    journal.account(3, flags=2)
    journal.account(4, flags=4)
    journal.transfer(10, 1, 3, 1000)
    return journal


def replayed(journal: Journal, directory: Path) -> LogReport:
    """The report over a directory that is sound but for what the journal says."""
    report = verify_log_directory(write_log(directory / "log", journal.leaves), LOG_KEY.vkey)
    assert report.root_matches
    return report


def set_at(journal: Journal, at: int, data: bytes, entry: int = -1) -> None:
    leaf = journal.leaves[entry]
    journal.leaves[entry] = leaf[:at] + data + leaf[at + len(data) :]


def moved(change: Callable[[Journal], object], at: int, data: bytes) -> Change:
    def apply(journal: Journal) -> None:
        change(journal)
        set_at(journal, at, data)

    return apply


def steps(*changes: Change) -> Change:
    def apply(journal: Journal) -> None:
        for change in changes:
            change(journal)

    return apply


def pay(journal: Journal) -> None:
    journal.transfer(20, 3, 2, 5)


def hold(journal: Journal, flags: int = 2, timeout: int = 0) -> None:
    journal.transfer(21, 3, 2, 100, flags=flags, timeout=timeout)


def twice(journal: Journal, flags: int) -> None:
    hold(journal)
    journal.resolve(22, 21, 100, flags)
    journal.resolve(23, 21, 100, 12 - flags)


def late_post(journal: Journal) -> None:
    hold(journal, timeout=60)
    journal.now += DAY
    journal.resolve(22, 21, 100, 4)


def expired_twice(journal: Journal) -> None:
    hold(journal, timeout=60)
    journal.expire(21)
    journal.expire(21)


def posted_then_expired(journal: Journal) -> None:
    hold(journal, timeout=60)
    journal.resolve(22, 21, 100, 4)
    journal.expire(21)


def closed_then_paid(journal: Journal) -> None:
    hold(journal, flags=2 | 64)
    pay(journal)


def overflow(journal: Journal) -> None:
    journal.transfer(30, 1, 2, (1 << 128) - 1)


def other_accounts(journal: Journal) -> None:
    hold(journal)
    event = journal.event(22, 3, 1, 100, flags=4, pending=21)
    journal.resolve(22, 21, 100, 4)
    set_at(journal, 24, event)


U128 = struct.Struct("<QQ")
BROKEN: dict[str, tuple[str, Change]] = {
    "a debited balance is off by one": ("balance_differs", moved(pay, 152 + 16, U128.pack(6, 0))),
    "a credited balance is off by one": ("balance_differs", moved(pay, 216 + 48, U128.pack(4, 0))),
    "a held balance is not zero": ("balance_differs", moved(pay, 152, U128.pack(1, 0))),
    "the upper half of a balance": ("balance_differs", moved(pay, 216 + 56, b"\1")),
    "flags after": ("flags_differ", moved(pay, 8, b"\0")),
    "no such account": ("unknown_account", moved(pay, 24 + 16, U128.pack(77, 0))),
    "one account on both sides": ("unknown_account", lambda j: j.transfer(20, 2, 2, 5)),
    "another ledger": ("wrong_ledger", moved(pay, 24 + 112, b"\2")),
    "a repeated transfer id": ("repeated_id", lambda j: j.transfer(10, 3, 2, 5)),
    "a burned id used again": ("repeated_id", steps(lambda j: j.burn(20), pay)),
    "a repeated account": ("repeated_id", lambda j: j.account(2)),
    "a reserved byte": ("not_an_entry", moved(pay, 2, b"\1")),
    "another reserved byte": ("not_an_entry", moved(pay, 12, b"\1")),
    "another version": ("not_an_entry", moved(pay, 1, b"\2")),
    "an unknown kind": ("not_an_entry", moved(pay, 0, b"\6")),
    "a status on a transfer": ("reserved_not_zero", moved(pay, 4, b"\1")),
    "an entry too short": ("not_an_entry", lambda j: j.leaves.append(b"x" * 279)),
    "time standing still": ("time_order", steps(lambda j: j.wait(-1), pay)),
    "a seal out of time": ("time_order", steps(lambda j: j.wait(-5), lambda j: j.seal(sha(b"x")))),
    "a time beyond the last": ("time_order", moved(lambda j: j.seal(sha(b"x")), 16, b"\xff" * 8)),
    "a record of another time": ("time_order", moved(pay, 24 + 120, struct.pack("<Q", 5))),
    "over the debit limit": ("limit_exceeded", lambda j: j.transfer(20, 3, 2, 1001)),
    "a hold over the debit limit": ("limit_exceeded", lambda j: j.transfer(20, 3, 2, 1001, flags=2)),
    "over the credit limit": ("limit_exceeded", lambda j: j.transfer(20, 1, 4, 1)),
    "balancing that overdraws": ("limit_exceeded", lambda j: j.transfer(20, 2, 1, 1, flags=16)),
    "beyond 128 bits": ("overflow", overflow),
    "posted then voided": ("hold_not_open", lambda j: twice(j, 4)),
    "voided then posted": ("hold_not_open", lambda j: twice(j, 8)),
    "posted after its time": ("hold_expired", late_post),
    "expired twice": ("hold_not_open", expired_twice),
    "posted and expired": ("hold_not_open", posted_then_expired),
    "expired too early": ("hold_not_due", steps(lambda j: hold(j, timeout=600), lambda j: j.expire(21, 60))),
    "posted more than held": ("bad_amount", steps(hold, lambda j: j.resolve(22, 21, 101, 4))),
    "voided less than held": ("bad_amount", steps(hold, lambda j: j.resolve(22, 21, 99, 8))),
    "posted to other accounts": ("hold_differs", other_accounts),
    "a closed account pays": ("closed_account", closed_then_paid),
    "post and void at once": ("bad_transfer", steps(hold, lambda j: j.resolve(22, 21, 100, 12))),
    "closing without a hold": ("bad_transfer", lambda j: j.transfer(20, 3, 2, 5, flags=64)),
    "a timeout without a hold": ("bad_transfer", lambda j: j.transfer(20, 3, 2, 5, timeout=5)),
    "an unknown flag": ("bad_transfer", lambda j: j.transfer(20, 3, 2, 5, flags=1 << 9)),
    "id zero": ("bad_transfer", lambda j: j.transfer(0, 3, 2, 5)),
    "the last id": ("bad_transfer", lambda j: j.transfer((1 << 128) - 1, 3, 2, 5)),
    "an account with both limits": ("bad_account", lambda j: j.account(9, flags=6)),
    "an account with money": ("reserved_not_zero", moved(lambda j: j.account(9), 24 + 16, b"\1")),
    "an account entry with balances": ("reserved_not_zero", moved(lambda j: j.account(9), 160, b"\1")),
    "a seal with more in it": ("reserved_not_zero", moved(lambda j: j.seal(sha(b"x")), 150, b"\1")),
    "a burned id for no reason": ("bad_burned_id", lambda j: j.burn(20, status=46)),
    "an account said to be missing": ("bad_burned_id", lambda j: j.burn(20, status=21)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_found_where_it_is_broken(name: str, tmp_path: Path) -> None:
    code, change = BROKEN[name]
    journal = start()
    change(journal)
    report = replayed(journal, tmp_path)
    assert not report.ok
    assert report.findings_total == len(report.findings)
    codes = [finding.code for finding in report.findings]
    assert code in codes, report.findings
    last = len(journal.leaves) - 1
    finding = report.findings[codes.index(code)]
    assert finding.file == path_of("entries", 0, len(journal.leaves))
    assert finding.offset == 2 + last * 282
    assert finding.message.startswith(f"entry {last} ")


@pytest.mark.parametrize(
    "change",
    [
        pay,
        hold,
        steps(hold, lambda j: j.resolve(22, 21, 0, 4)),
        steps(hold, lambda j: j.resolve(22, 21, 100, 8)),
        steps(lambda j: hold(j, timeout=60), lambda j: j.expire(21)),
        steps(lambda j: hold(j, flags=2 | 64 | 128), lambda j: j.resolve(22, 21, 100, 8), pay),
        steps(lambda j: hold(j, flags=2 | 64, timeout=60), lambda j: j.expire(21), pay),
        lambda j: j.burn(20, status=25),
        lambda j: j.transfer(20, 3, 2, 1000),
    ],
)
def test_sound_journals_have_no_finding(change: Change, tmp_path: Path) -> None:
    journal = start()
    change(journal)
    assert replayed(journal, tmp_path).findings == []


def test_imported_records_carry_an_earlier_time_that_rises(tmp_path: Path) -> None:
    journal = start()
    for number in (20, 21):
        journal.transfer(number, 3, 2, 5, flags=256)
    report = replayed(journal, tmp_path)
    assert report.ok
    set_at(journal, 24 + 120, struct.pack("<Q", journal.now - 1))
    codes = [finding.code for finding in replayed(journal, tmp_path / "again").findings]
    assert codes == ["time_order"]


def test_an_imported_transfer_is_later_than_its_accounts(tmp_path: Path) -> None:
    journal = Journal()
    journal.account(1)
    journal.account(2)
    journal.transfer(20, 1, 2, 5, flags=256)
    assert replayed(journal, tmp_path).ok
    set_at(journal, 24 + 120, struct.pack("<Q", journal.now - 1))
    assert [finding.code for finding in replayed(journal, tmp_path / "again").findings] == ["time_order"]


def test_one_fault_is_one_finding(tmp_path: Path) -> None:
    """After a wrong balance the entry's own is carried on with, and the next entry shows the fault once more."""
    journal = start()
    moved(pay, 152 + 16, U128.pack(6, 0))(journal)
    for number in range(40, 60):
        journal.transfer(number, 1, 2, 1)
    assert [finding.code for finding in replayed(journal, tmp_path).findings] == [
        "balance_differs",
        "out_of_balance",
    ]


def test_a_missing_bundle_ends_the_replay_but_not_the_check(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log", day_of(600).leaves)
    (log / path_of("entries", 1)).unlink()
    report = verify_log_directory(log, LOG_KEY.vkey)
    assert not report.replayed
    assert [finding.code for finding in report.findings] == ["missing", "root_unknown", "replay_stopped"]


def test_repeated_ids_are_found_on_disk_too() -> None:
    ids = IdSpool()
    for number in range(200_000):
        ids.add(number.to_bytes(16, "big"), number)
    ids.add((77).to_bytes(16, "big"), 999_999)
    assert list(ids.repeated()) == [((77).to_bytes(16, "big"), 77, 999_999)]


def test_entries_are_decoded_for_people() -> None:
    leaves = day_of(0).leaves
    kinds = [decode(leaf)["kind"] for leaf in leaves]
    assert set(kinds) == {"account", "transfer", "burned_id", "expiry", "seal"}
    first = decode(leaves[kinds.index("transfer")])
    assert first["amount"] == str(10**30)
    assert first["credit_account_after"] == {
        "debits_pending": "0", "debits_posted": "0", "credits_pending": "0", "credits_posted": str(10**30), "flags": 2,
    }  # fmt: skip
    assert decode(leaves[kinds.index("seal")])["digest"] == sha(b"a document").hex()
    for bad in (b"", b"x" * 280, leaves[0][:-1]):
        with pytest.raises(Unreadable):
            decode(bad)
