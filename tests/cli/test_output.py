"""What comes from outside cannot steer the terminal that it is shown on."""

import pytest

from jinku.cli.failures import report
from jinku.cli.output import Output

HOSTILE = "a\x1b[2Jb\x9bc\u202ed\re"


def test_a_cell_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output(False).table(("name",), [(HOSTILE,)])
    shown = capsys.readouterr().out
    assert not set("\x1b\x9b\u202e\r") & set(shown)


def test_an_error_is_one_line_that_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report("bad_input", HOSTILE + "\nOK", "", as_json=False)
    shown = capsys.readouterr().err
    assert not set("\x1b\x9b\u202e\r") & set(shown)
    assert shown.count("\n") == 1
