"""Errors about what a file says name the file.

Example::

    with named(path):
        policy = read_policy(json.loads(path.read_bytes()))
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinku.base.errors import JinkuError


@contextmanager
def named(file: Path, line: int = 0) -> Iterator[None]:
    """Put the file's name, and the line's number, before what is wrong there where the message does not say it."""
    try:
        yield
    except JinkuError as error:
        if file.name not in error.message:
            error.message = f"{file.name}{f':{line}' if line else ''}: {error.message}"
        raise
