"""Thieves with an order file that says one thing to who looks at it and another to who books it."""

from pathlib import Path

import pytest
from tests.custody.orders.kit import CHART

from jinku.base.errors import InputError
from jinku.custody.orders.files import read_requests
from jinku.custody.orders.model import new_order_id

BASE = f'"type":"sweep","id":"{new_order_id(1, 1)}","day":"2026-11-20","maker":"m"'
WORD = '"word":{"method":"sms","method":"signature","evidence":"e","given_at":"2026-11-20T00:00:00Z","digest":"00"}'


@pytest.mark.parametrize(
    "line",
    [
        f'{{{BASE},"amount":"5","amount":"500000"}}',
        f'{{{BASE},"amount":"5","maker":"other"}}',
        f'{{{BASE},"amount":"5",{WORD}}}',
        f'{{{BASE},"amount":"5","type":"ſweep"}}',
        f'{{{BASE},"amount":"5"}}\u2028{{{BASE},"amount":"6"}}',
        f'{{{BASE},"amount":"5"}}\x0c{{{BASE},"amount":"6"}}',
        f'{{{BASE},"amount":"５"}}',
        f'{{{BASE},"amount":5.0}}',
        f'{{{BASE},"amount":NaN}}',
        f'{{{BASE},"amount":{"9" * 5_000}}}',
        "[" * 100_000,
        f'{{{BASE.replace("2026-11-20", "20261120")},"amount":"5"}}',
        f'{{{BASE.replace("2026-11-20", "2026-W47-5")},"amount":"5"}}',
        f'{{{BASE.replace("2026-11-20", "２026-11-20")},"amount":"5"}}',
    ],
)
def test_what_can_be_read_two_ways_is_refused(line: str, tmp_path: Path) -> None:
    """R3: a field twice, a hidden second line, other digits, other days: refused whole, by line and field."""
    file = tmp_path / "orders.jsonl"
    file.write_text(line, encoding="utf-8", newline="")
    with pytest.raises(InputError) as caught:
        read_requests(file, CHART)
    assert caught.value.line == 1
    assert len(str(caught.value)) < 400


def test_a_plain_file_is_taken_with_either_end_of_line(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    for end in ("\n", "\r\n"):
        other = BASE.replace(str(new_order_id(1, 1)), str(new_order_id(1, 2)))
        file.write_text(
            f'{{{BASE},"amount":"5"}}{end}{end}{{{other},"amount":"6"}}', encoding="utf-8", newline=""
        )
        assert [one.order.id for one in read_requests(file, CHART)] == [
            new_order_id(1, 1),
            new_order_id(1, 2),
        ]
