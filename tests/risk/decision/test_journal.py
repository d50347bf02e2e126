"""The journal of decisions: durable, sealed, cut where a crash tore it, and every alteration named."""

import random
from pathlib import Path

import pytest
from tests.risk.decision.kit import opened_ledger

from jinku.ledger.service import Ledger
from jinku.risk.decision.errors import JournalAltered, JournalElsewhere
from jinku.risk.decision.journal import PLACES_FILE, RECORDS_DIRECTORY, SEAL_TOPIC_DECISIONS, Journal
from jinku.risk.decision.segments import HEAD, PLACE, Stamp

SMALL = 2_000
"""Bytes of a segment."""


def filled(directory: Path, ledger: Ledger, count: int, sealed: int | None = None) -> list[bytes]:
    """A journal of `count` records of several segments, the first `sealed` of them sealed; their payloads."""
    rng, payloads = random.Random(7), []
    with Journal.open(directory, ledger, segment_bytes=SMALL) as journal:
        for number in range(count):
            payloads.append(rng.randbytes(rng.randrange(1, 900)))
            half = len(payloads[-1]) // 2
            journal.append([payloads[-1][:half], payloads[-1][half:]], Stamp(1_000 + number, 1, 1))
            if sealed is None or number < sealed:
                journal.seal(number)
    return payloads


def files(directory: Path) -> list[Path]:
    return sorted((directory / RECORDS_DIRECTORY).iterdir())


def test_what_was_written_is_read_again_and_sealed_in_the_log(tmp_path: Path) -> None:
    """K2: each record's digest stands in the log under topic 12, in the records' order."""
    with opened_ledger(tmp_path) as ledger:
        payloads = filled(tmp_path / "j", ledger, 20)
        assert len(files(tmp_path / "j")) > 3
        assert all(path.stat().st_size <= SMALL for path in files(tmp_path / "j"))
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            assert (journal.size, journal.sealed) == (20, 20)
            for number, payload in enumerate(payloads):
                assert journal.read(number) == payload
                journal.check_seal(number)
                entry = ledger.entries(int(journal.place(number)["seal"]), 1)
                assert entry["event"].tobytes()[:32] == journal.place(number)["digest"].tobytes()
                assert int.from_bytes(entry["event"].tobytes()[32:36], "little") == SEAL_TOPIC_DECISIONS
            assert [journal.first_at(time) for time in (0, 1_000, 1_007, 5_000)] == [0, 0, 7, 20]


@pytest.mark.parametrize("torn", [1, HEAD.itemsize - 1, HEAD.itemsize, HEAD.itemsize + 5])
def test_an_unsealed_torn_end_is_cut(tmp_path: Path, torn: int) -> None:
    with opened_ledger(tmp_path) as ledger:
        payloads = filled(tmp_path / "j", ledger, 6, sealed=5)
        newest = files(tmp_path / "j")[-1]
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            last = journal.place(5)
        begin = int(last["offset"])
        with newest.open("r+b") as file:
            file.truncate(min(begin + torn, begin + HEAD.itemsize + int(last["length"]) - 1))
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            assert (journal.size, journal.sealed) == (5, 5)
            assert journal.append([b"again"], Stamp(9_000, 1, 1)) == 5
            journal.seal(5)
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            assert [journal.read(number) for number in range(6)] == [*payloads[:5], b"again"]


def test_what_was_written_but_not_sealed_is_kept_and_sealed(tmp_path: Path) -> None:
    with opened_ledger(tmp_path) as ledger:
        payloads = filled(tmp_path / "j", ledger, 6, sealed=3)
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            assert journal.seal_rest() == 3
            assert journal.read(5) == payloads[5]
            journal.check_seal(5)


def test_places_are_derived_and_made_again(tmp_path: Path) -> None:
    with opened_ledger(tmp_path) as ledger:
        payloads = filled(tmp_path / "j", ledger, 20)
        before = (tmp_path / "j" / PLACES_FILE).read_bytes()
        for spoiled in (b"", before[: PLACE.itemsize * 7 + 3], bytes(len(before))):
            (tmp_path / "j" / PLACES_FILE).write_bytes(spoiled)
            with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
                assert journal.read(19) == payloads[19]
            assert (tmp_path / "j" / PLACES_FILE).read_bytes() == before


def test_every_altered_byte_of_a_sealed_record_is_named(tmp_path: Path) -> None:
    """K2: what was decided cannot be changed afterwards: opening, reading or comparing with the log tells."""
    with opened_ledger(tmp_path) as ledger:
        filled(tmp_path / "j", ledger, 12)
        rng = random.Random(3)
        for path in files(tmp_path / "j"):
            whole = path.read_bytes()
            for at in rng.sample(range(len(whole)), 12):
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
                with pytest.raises(JournalAltered):
                    read_all(tmp_path / "j", ledger)
            path.write_bytes(whole)
        read_all(tmp_path / "j", ledger)


def read_all(directory: Path, ledger: Ledger) -> None:
    with Journal.open(directory, ledger, segment_bytes=SMALL) as journal:
        for number in range(journal.size):
            journal.check_seal(number)


@pytest.mark.parametrize("places", [True, False])
def test_a_sealed_record_that_is_gone_is_named(tmp_path: Path, places: bool) -> None:
    """K2: cutting off what is sealed, to the byte, or a whole file, is told; also where the places are lost too."""
    with opened_ledger(tmp_path) as ledger:
        filled(tmp_path / "j", ledger, 12)
        newest = files(tmp_path / "j")[-1]
        whole = newest.read_bytes()
        with Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL) as journal:
            begin = int(journal.place(11)["offset"])
        for end in (begin, begin + 10, len(whole) - 1):
            if not places:
                (tmp_path / "j" / PLACES_FILE).unlink(missing_ok=True)
            newest.write_bytes(whole[:end])
            with pytest.raises(JournalAltered):
                Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL)
        newest.unlink()
        with pytest.raises(JournalAltered):
            Journal.open(tmp_path / "j", ledger, segment_bytes=SMALL)


def test_a_journal_written_anew_is_not_what_the_log_seals(tmp_path: Path) -> None:
    """K2: a whole journal forged consistently still differs from the seals."""
    with opened_ledger(tmp_path) as ledger:
        filled(tmp_path / "j", ledger, 4)
    (tmp_path / "other").mkdir()
    with opened_ledger(tmp_path / "other") as other, Journal.open(tmp_path / "forged", other) as forged:
        for number in range(4):
            forged.append([b"nothing happened"], Stamp(number, 1, 1))
    with opened_ledger(tmp_path) as ledger, pytest.raises(JournalAltered, match="not what entry"):
        Journal.open(tmp_path / "forged", ledger)


def test_a_ledger_has_one_journal(tmp_path: Path) -> None:
    """K2: a second journal on one ledger is refused: beside the first, after it, and the same one opened twice."""
    with opened_ledger(tmp_path) as ledger:
        with Journal.open(tmp_path / "j", ledger):
            for directory in ("j", "other"):
                with pytest.raises(JournalElsewhere, match="open"):
                    Journal.open(tmp_path / directory, ledger)
            with pytest.raises(JournalElsewhere), Journal.open(tmp_path / "other", ledger.through(print)):
                pass
        filled(tmp_path / "j", ledger, 3)
        with pytest.raises(JournalElsewhere, match="seals decisions, and there are none here"):
            Journal.open(tmp_path / "other", ledger)
        with Journal.open(tmp_path / "j", ledger) as journal:
            assert journal.size == 3
