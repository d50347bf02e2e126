"""Whole log directories: sound ones pass, and every changed, missing or added byte is found and named."""

import base64
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verify.kit import (
    LOG_KEY,
    ORIGIN,
    PQ_KEY,
    WITNESSES,
    checkpoint,
    day_of,
    path_of,
    sha,
    write_log,
)

from jinku.verify import LogReport, Trust, Unreadable, verify_log_directory

LEAVES = day_of(600).leaves
SIZE = len(LEAVES)
SMALL_BYTES = 600


def check(directory: Path, **options: object) -> LogReport:
    return verify_log_directory(directory, LOG_KEY.vkey, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("sound") / "log", LEAVES)


@pytest.fixture
def log(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "log"))


def files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def flipped(path: Path, at: int, bit: int = 1) -> bytes:
    data = path.read_bytes()
    path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
    return data


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_sound_logs_of_every_shape(size: int, tmp_path: Path) -> None:
    leaves = [b"entry %d" % number for number in range(size)]
    report = check(write_log(tmp_path / "log", leaves), replay=False)
    assert (report.findings, report.ok, report.root_matches, report.size) == ([], True, True, size)


def test_a_log_of_three_levels(tmp_path: Path) -> None:
    leaves = [b"%d" % number for number in range(65_536 + 300)]
    log = write_log(tmp_path / "log", leaves)
    assert (log / path_of(2, 0, 1)).is_file()
    assert check(log, replay=False).ok
    for name in (path_of(2, 0, 1), path_of(1, 0), path_of(1, 1, 1), path_of(0, 256)):
        before = flipped(log / name, 31)
        report = check(log, replay=False)
        assert [(finding.file, finding.offset) for finding in report.findings] == [(name, 31)]
        (log / name).write_bytes(before)


def test_a_sound_journal_is_replayed(sound: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = check(sound, progress=lambda done, total: seen.append((done, total)))
    assert report.ok
    assert report.replayed
    assert (report.bundles, report.tiles) == (3, 4)
    assert report.entries_by_kind == {
        "account": 8,
        "transfer": SIZE - 11,
        "burned_id": 1,
        "expiry": 1,
        "seal": 1,
    }
    assert report.open_pending == 1
    assert report.ledgers[1].debits_posted == report.ledgers[1].credits_posted > 10**30
    assert seen[-1] == (SIZE, SIZE)


def test_every_byte_of_every_small_file_and_a_sample_of_the_others(log: Path) -> None:
    """Each flipped byte is a finding, and a finding names the damaged file."""
    for path in files(log):
        size = path.stat().st_size
        whole = size <= SMALL_BYTES
        for at in range(size) if whole else {*range(0, size, 2503), size - 1}:
            before = flipped(path, at, 1 << at % 8)
            report = check(log, replay=False)
            name = path.relative_to(log).as_posix()
            assert not report.ok, (name, at)
            assert any(finding.file == name for finding in report.findings), (name, at, report.findings)
            path.write_bytes(before)
    assert check(log).ok


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_byte_of_any_file(sound: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(files(sound)))
    at = data.draw(st.integers(0, path.stat().st_size - 1))
    before = flipped(path, at, data.draw(st.integers(1, 255)))
    try:
        assert not check(sound, replay=data.draw(st.booleans())).ok
    finally:
        path.write_bytes(before)


def test_the_signed_root_tells_which_side_is_damaged(log: Path) -> None:
    tile, bundle = path_of(0, 1), path_of("entries", 1)
    before = flipped(log / tile, 5 * 32 + 7)
    report = check(log)
    assert [(f.code, f.file, f.offset) for f in report.findings] == [("tile_differs", tile, 167)]
    assert report.root_matches
    (log / tile).write_bytes(before)
    flipped(log / bundle, 7 * 282 + 2 + 100)
    report = check(log, replay=False)
    assert [(f.code, f.file, f.offset) for f in report.findings] == [
        ("entry_differs", bundle, 7 * 282 + 2),
        ("root_differs", "checkpoint", None),
    ]


def test_every_missing_file_is_named(log: Path) -> None:
    for path in files(log):
        if path.name == "checkpoint":
            continue
        data = path.read_bytes()
        path.unlink()
        report = check(log)
        assert [f.file for f in report.findings if f.code == "missing"] == [path.relative_to(log).as_posix()]
        path.write_bytes(data)


def test_extra_and_missing_bytes_are_named_by_offset(log: Path) -> None:
    for path in files(log):
        name, data = path.relative_to(log).as_posix(), path.read_bytes()
        path.write_bytes(data + b"\0")
        found = [f for f in check(log).findings if f.file == name]
        assert found, name
        if name != "checkpoint":
            assert found[0].offset == len(data)
        path.write_bytes(data[:-1])
        assert any(f.file == name for f in check(log).findings), name
        path.write_bytes(b"")
        assert any(f.file == name for f in check(log).findings), name
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("notes.txt", "stray"), ("tile/0/1", "stray"), ("tile/0/0000", "stray"), ("tile/0/x000/000", "stray"),
        ("tile/00/000", "stray"), ("tile/0/000.p/256", "stray"), ("tile/0/000.p/007", "stray"),
        ("tile/0/000.p/0", "stray"), ("tile/entries/000.txt", "stray"), (".writing", "stray"),
        ("tile/0/002", "ahead"), ("tile/0/003", "ahead"), ("tile/9/000", "ahead"), ("tile/1/000.p/3", "ahead"),
        ("tile/entries/002.p/255", "ahead"),
    ],
)  # fmt: skip
def test_every_file_that_does_not_belong_is_named(log: Path, name: str, code: str) -> None:
    (log / name).parent.mkdir(parents=True, exist_ok=True)
    (log / name).write_bytes(b"x" * 32)
    report = check(log)
    assert [(f.code, f.file) for f in report.findings] == [(code, name)]


def test_links_pipes_and_foreign_names_are_named_not_followed(log: Path, tmp_path: Path) -> None:
    (log / "tile" / "link").symlink_to(tmp_path)
    os.mkfifo(log / "pipe")
    (log / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    tile = log / path_of(0, 0)
    tile.rename(tmp_path / "tile")
    tile.symlink_to(tmp_path / "tile")
    bundle = log / path_of("entries", 1)
    bundle.unlink()
    os.mkfifo(bundle)
    report = check(log)
    named = {f.file for f in report.findings}
    assert {"tile/link", "pipe", path_of(0, 0), path_of("entries", 1), r"\xff\xfe"} <= named


def test_partial_files_of_earlier_checkpoints_are_compared(log: Path, tmp_path: Path) -> None:
    for size in (100, 300, SIZE - 3):
        other = write_log(tmp_path / f"log{size}", LEAVES[:size])
        for path in files(other):
            to = log / path.relative_to(other)
            if not to.exists():
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(path.read_bytes())
    report = check(log)
    assert (report.findings, report.earlier_partials) == ([], 7)
    for path in files(log):
        if ".p/" in path.as_posix():
            before = flipped(path, path.stat().st_size // 2)
            assert [f.file for f in check(log, replay=False).findings][:1] == [
                path.relative_to(log).as_posix()
            ]
            path.write_bytes(before + b"\0")
            assert not check(log, replay=False).ok
            path.write_bytes(before)


def test_a_live_log_may_be_ahead_of_its_checkpoint(log: Path) -> None:
    """The next files are there, the partial ones just dropped, and the next checkpoint is not yet signed."""
    (log / path_of(1, 0, 1)).write_bytes((log / path_of(1, 0, 2)).read_bytes()[:32])
    (log / "checkpoint").write_bytes(checkpoint(LEAVES[:300]))
    (log / ".writing").write_bytes(b"half a fi")
    assert not check(log).ok
    report = check(log, live=True)
    assert (report.findings, report.size, report.replayed) == ([], 300, True)
    assert report.ahead == 5
    flipped(log / path_of("entries", 1), 10)
    assert not check(log, live=True).ok


def test_earlier_checkpoints_must_be_continued(log: Path) -> None:
    sizes = [0, 1, 255, 256, 257, 300, 512, SIZE]
    report = check(log, earlier=[checkpoint(LEAVES[:size]) for size in sizes])
    assert (report.findings, report.earlier_checkpoints) == ([], len(sizes))
    forked = [*LEAVES[:200], b"another", *LEAVES[201:400]]
    for wrong in (checkpoint(forked), checkpoint([*LEAVES, b"more"]), checkpoint(LEAVES[:9])[:-9], b""):
        assert not check(log, earlier=[wrong]).ok


def test_witnesses_may_lag_behind(log: Path) -> None:
    trust = Trust.of(LOG_KEY.vkey, witnesses=[key.vkey for key in WITNESSES], quorum=2)
    assert [f.code for f in verify_log_directory(log, trust).findings] == ["quorum_not_met"]
    cosigned = log / "checkpoint.cosigned"
    cosigned.write_bytes(checkpoint(LEAVES[:400], [LOG_KEY, *WITNESSES[:2]]))
    report = verify_log_directory(log, trust)
    assert (report.ok, report.witnessed_size, len(report.witnesses)) == (True, 400, 2)
    assert check(log).ok
    for at in range(0, len(cosigned.read_bytes()), 53):
        before = flipped(cosigned, at)
        assert not verify_log_directory(log, trust, replay=False).ok, at
        cosigned.write_bytes(before)
    cosigned.write_bytes(checkpoint([b"forked"], [LOG_KEY, *WITNESSES[:2]]))
    assert "inconsistent" in {f.code for f in verify_log_directory(log, trust).findings}
    (log / "checkpoint").write_bytes(checkpoint(LEAVES, [LOG_KEY, *WITNESSES]))
    cosigned.unlink()
    assert verify_log_directory(log, trust).witnessed_size == SIZE


def test_a_lock_file_is_empty(log: Path) -> None:
    (log / ".lock").write_bytes(b"")
    assert check(log).ok
    (log / ".lock").write_bytes(b"x")
    assert [f.file for f in check(log).findings] == [".lock"]


def test_both_sides_changed_alike_is_a_wrong_root(tmp_path: Path) -> None:
    changed = [*LEAVES[:3], LEAVES[3][:50] + b"\1" + LEAVES[3][51:], *LEAVES[4:]]
    log = write_log(tmp_path / "log", changed)
    (log / "checkpoint").write_bytes(checkpoint(LEAVES))
    assert "root_differs" in {f.code for f in check(log, replay=False).findings}


def test_a_log_by_another_key_or_two_keys(log: Path) -> None:
    both = Trust.of([LOG_KEY.vkey, PQ_KEY.vkey])
    assert not verify_log_directory(log, both).ok
    (log / "checkpoint").write_bytes(checkpoint(LEAVES, [LOG_KEY, PQ_KEY]))
    assert verify_log_directory(log, both).ok


def test_no_directory_or_no_checkpoint_is_unreadable(tmp_path: Path) -> None:
    for directory in (tmp_path / "none", tmp_path):
        with pytest.raises(Unreadable):
            check(directory)


def test_a_checkpoint_that_claims_any_size_does_not_keep_the_checker_busy(tmp_path: Path) -> None:
    text = f"{ORIGIN}\n{(1 << 63) - 1}\n{base64.b64encode(sha(b'x')).decode()}\n"
    (tmp_path / "checkpoint").write_text(text + "\n" + LOG_KEY.line(text))
    report = check(tmp_path)
    assert not report.ok
    assert 2_000 < report.findings_total < 2_010
    (tmp_path / "checkpoint").write_text((text + "\n" + LOG_KEY.line(text)).replace("922", "92"))
    assert [finding.file for finding in check(tmp_path).findings] == ["checkpoint"]


def test_findings_are_bounded_and_counted(log: Path) -> None:
    bundle = log / path_of("entries", 0)
    data = bytearray(bundle.read_bytes())
    for entry in range(256):
        data[entry * 282 + 150] ^= 1
    bundle.write_bytes(bytes(data))
    report = check(log, replay=False)
    assert len(report.findings) == 100
    assert report.findings_total == 257
    assert sha(b"")  # the report is plain data
    assert report.as_json()["findings_total"] == 257
