"""Account structures as files: which kinds of account an institution has, whose money they hold, where it lies.

Rules:

1. A structure is one TOML file: a name, a version, facts of the legal entity, pools, kinds. Four are built in
   (`BUILT_IN`); an institution copies one and writes its own. What such a file must satisfy is in
   `jinku.custody.structure.reading`.
2. A built-in structure is read once and shared: it cannot be changed.

Example::

    structure = load_structure("uk-safeguarding")
    structure.kind(Kind.CUSTOMER).english
    [one.english for one in structure.places("client_pool")]
"""

from functools import cache
from importlib.resources import files
from pathlib import Path

from jinku.base.errors import InputError
from jinku.custody.structure.model import AccountKind, PoolLine, Structure
from jinku.custody.structure.reading import read_structure

__all__ = [
    "BUILT_IN",
    "AccountKind",
    "PoolLine",
    "Structure",
    "load_structure",
    "read_structure",
    "template_text",
]

BUILT_IN = ("cn-fund-custody", "uk-safeguarding", "eu-safeguarding", "us-fbo")
DEFAULT_STRUCTURE = "cn-fund-custody"
FILE_BYTES_MAX = 1 << 20


def load_structure(name_or_path: str | Path = DEFAULT_STRUCTURE) -> Structure:
    """The built-in structure of that name, or the one in the TOML file at that path.

    Raises InputError naming file, key and value, FileNotFoundError.
    """
    if str(name_or_path) in BUILT_IN:
        return _built_in(str(name_or_path))
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and not path.suffix:
        raise InputError(
            "is no structure that Jinku has",
            field="structure",
            value=name_or_path[:80],
            remedy=f"use one of {', '.join(BUILT_IN)}, or the path of a .toml file",
        )
    if path.stat().st_size > FILE_BYTES_MAX:
        raise InputError("is too large", file=path.name, remedy=f"keep it below {FILE_BYTES_MAX} bytes")
    return read_structure(path.read_bytes(), path.name)


def template_text(name: str) -> str:
    """The TOML text of a built-in structure, to start one's own from. Raises InputError."""
    _require_built_in(name)
    return (files("jinku.custody.structure") / "templates" / f"{name}.toml").read_text(encoding="utf-8")


@cache
def _built_in(name: str) -> Structure:
    return read_structure(template_text(name).encode(), f"{name}.toml")


def _require_built_in(name: str) -> None:
    if name not in BUILT_IN:
        raise InputError(
            "is no built-in structure",
            field="structure",
            value=name[:80],
            remedy=f"use one of {', '.join(BUILT_IN)}",
        )
