"""Files of events that mean two things, or nothing, are refused by name before anything is created."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jinku.base.errors import InputError
from jinku.cli.creating import create_from
from jinku.ledger import Ledger, open_journal


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with open_journal(str(tmp_path_factory.mktemp("creating") / "ledger")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("twice.json", '{"accounts": [{"id": "1", "ledger": 156, "code": 10, "id": "2"}]}'),
        ("twice-at-the-top.json", '{"accounts": [{"id": "1", "ledger": 156, "code": 10}], "accounts": []}'),
        ("deep.json", "[" * 200_000),
        ("number.json", '{"accounts": [{"id": %s}]}' % ("9" * 10_000)),
        ("latin.json", b"\xff"),
        ("twice.csv", "id,ledger,code,code\n1,156,10,11\n"),
        ("digits.csv", "id,ledger,code\n1,156,\u0661\u0660\n"),
        ("number.csv", "id,ledger,code\n1,156," + "1" * 10_000 + "\n"),
        ("latin.csv", b"id,ledger,c\xff\n"),
        ("long.csv", "x" * 200_000),
        ("null.csv", "id,ledger,code\n1,156,\x0010\n"),
    ],
)
def test_a_file_that_means_two_things_or_nothing_is_refused(
    ledger: Ledger, tmp_path: Path, name: str, content: str | bytes
) -> None:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=name):
        create_from(ledger, file)
    assert ledger.size() == 0
