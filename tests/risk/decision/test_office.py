"""The office: one decision for each id, for ever, across retries, threads and restarts."""

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.risk.decision.kit import Plain, asked, batch_of, office_over, opened_ledger

from jinku.risk.decision.errors import BadBatch, DecisionsHalted, DecisionUnknown
from jinku.risk.decision.model import Action
from jinku.risk.decision.office import last_time
from jinku.risk.decision.record import RecordKind, decode, encode, events_of
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column

A, C, H, D = Action.ALLOW, Action.CHALLENGE, Action.HOLD, Action.DENY


def test_a_retry_gets_its_decision_again_and_a_changed_one_is_told(tmp_path: Path) -> None:
    """K2: exactly one decision for each id, also after the house was opened anew; a changed request is refused."""
    with opened_ledger(tmp_path) as ledger:
        with office_over(tmp_path, ledger) as office:
            first = office.decide(asked([10, 11, 12], [100, 6_000, 60_000]))
            assert first.outcomes["action"].tolist() == [A, H, D]
        engines = Plain(seen=99)
        with office_over(tmp_path, ledger, engines) as office:
            again = office.decide(asked([12, 13, 11, 10], [60_000, 199, 6_000, 101]))
            assert again.outcomes["action"].tolist() == [D, C, H, A]
            assert again.changed.tolist() == [False, False, False, True]
            assert again.fresh.tolist() == [False, True, False, False]
            assert [again.whys[one] for one in again.outcomes["why"]] == [
                "huge: above 50,000",
                "model",
                "large: above 5,000",
                "",
            ]
            assert engines.seen == 100, "a retry is not an event"
            assert (office.find(11), office.find(13)) == ((0, 1), (1, 0))
            with pytest.raises(DecisionUnknown):
                office.find(14)


def test_twice_in_one_batch_is_a_retry_of_the_first(tmp_path: Path) -> None:
    """K2: the same id twice at once is decided once."""
    with opened_ledger(tmp_path) as ledger, office_over(tmp_path, ledger) as office:
        answer = office.decide(asked([7, 5, 7, 7], [6_000, 100, 6_000, 1]))
        assert answer.outcomes["action"].tolist() == [H, A, H, A]
        assert answer.changed.tolist() == [False, False, False, True]
        assert office.journal.place(0)["rows"] == 2


def test_a_record_holds_all_that_it_was_made_from(tmp_path: Path) -> None:
    """K2: inputs, feature values, versions and outputs are in the sealed bytes, and are the same bytes again."""
    with opened_ledger(tmp_path) as ledger, office_over(tmp_path, ledger) as office:
        office.decide(asked([10, 11, 12], [199, 6_001, 60_000], [True, False, False]))
        payload = office.journal.read(0)
        kept = decode(payload)
        assert b"".join(bytes(part) for part in encode(kept.asked, kept.decided)) == payload
        assert kept.asked.events.column("amount").values.tolist() == [199, 6_001, 60_000]
        assert kept.decided.findings.values.tolist() == [[199, 6_001, 60_000], [1, 2, 3]]
        assert kept.decided.findings.hits.tolist() == [[0, 0, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]]
        assert kept.decided.outcomes["action"].tolist() == [H, H, D]
        assert kept.linked.tolist() == [True, False, False]
        assert kept.decided.versions.features == "f" * 64
        assert np.frombuffer(kept.asked.requests.tobytes(), np.int64).tolist() == [199, 6_001, 60_000]


def test_many_threads_get_one_decision_for_each_id(tmp_path: Path) -> None:
    """K2: the same ids from many threads at once are decided once each, and all hear the same."""
    heard: list[dict[int, int]] = [{} for _ in range(6)]

    def ask(office: object, number: int) -> None:
        rng = np.random.default_rng(number)
        for _ in range(30):
            ids = rng.choice(np.arange(1, 200), 9, replace=False).tolist()
            answer = office.decide(asked(ids, [one * 300 for one in ids]))  # type: ignore[attr-defined]
            heard[number].update(zip(ids, answer.outcomes["action"].tolist(), strict=True))

    with opened_ledger(tmp_path) as ledger, office_over(tmp_path, ledger) as office:
        threads = [threading.Thread(target=ask, args=(office, number)) for number in range(len(heard))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = sum(int(office.journal.place(number)["rows"]) for number in range(office.journal.size))
        seen = {one for each in heard for one in each}
        assert rows == len(seen)
        for each in heard:
            assert all((action == H) == (5_000 < one * 300 <= 50_000) for one, action in each.items())
        assert office.journal.sealed == office.journal.size


def test_what_cannot_be_kept_halts_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """K1: where a decision cannot be made durable nothing is answered; opened again, it is decided then."""
    with opened_ledger(tmp_path) as ledger:
        with office_over(tmp_path, ledger) as office:
            office.decide(asked([1], [100]))

            def full(*_: object) -> None:
                raise OSError(28, "no space left")

            monkeypatch.setattr("jinku.risk.decision.segments._write_all", full)
            with pytest.raises(DecisionsHalted, match="JournalUnusable"):
                office.decide(asked([2], [100]))
            monkeypatch.undo()
            with pytest.raises(DecisionsHalted):
                office.decide(asked([1], [100]))
        with office_over(tmp_path, ledger) as office:
            answer = office.decide(asked([1, 2], [100, 6_000]))
            assert answer.fresh.tolist() == [False, True]
            assert answer.outcomes["action"].tolist() == [A, H]


def test_history_from_elsewhere_keeps_its_times(tmp_path: Path) -> None:
    """K2: what a platform did before is taken in once, sealed, in order; nothing earlier comes after it."""
    past = batch_of([500, 700], first=1)
    with opened_ledger(tmp_path) as ledger:
        engines = Plain()
        with office_over(tmp_path, ledger, engines) as office:
            assert office.learn_past(past) == 0
            assert engines.seen == 2
            with pytest.raises(BadBatch, match="before what is known"):
                office.learn_past(past)
            office.decide(asked([10], [100]))
            with pytest.raises(BadBatch, match="before what is known"):
                office.learn_past(batch_of([1], first=3))
            kept = events_of(office.journal.read(0), RecordKind.LEARNT)
            assert kept is not None
            assert kept.to_bytes() == past.to_bytes()
            assert last_time(office.journal) > 3
        later = batch_of([1, 2], first=4_000_000_000_000_000)
        far = EventBatch.build(
            later.schema, dict(later.columns) | {"time": Column.full(later.times * (1, 2))}
        )
        with office_over(tmp_path, ledger) as office:
            office.learn_past(far)
            assert last_time(office.journal) == int(far.times[-1])
