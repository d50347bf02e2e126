"""What the tables of seals tell, and what they do not."""

from pathlib import Path

from tests.custody.breaks.parts import house

from jinku.custody.reports.journal import seals
from jinku.custody.reports.topics import TOPICS, WITHHELD
from jinku.ledger.layout import EntryKind


def test_no_table_tells_when_the_risk_desk_sealed_an_act(tmp_path: Path) -> None:
    """K7: who reads a pack or a year's evidence learns neither that the desk acted nor when."""
    with house(tmp_path / "ledger") as ledger:
        for topic in (1, *sorted(WITHHELD), 12):
            ledger.seal(bytes([topic]) * 32, topic)
        size = ledger.size()
        assert sum(ledger.entries(0, size)["kind"] == EntryKind.SEAL) == 2 + len(WITHHELD)
        told = seals(ledger, size)
    assert [(topic, digest[0]) for _, _, topic, digest in told] == [(1, 1), (12, 12)]
    assert not WITHHELD & TOPICS.keys()
