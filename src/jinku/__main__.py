"""``python -m jinku``: the same as the ``jinku`` command."""

from jinku.cli.main import run

run()
