"""The verifier as one file that runs with plain ``python3``: a zip application of `jinku.verify` and nothing else.

Rules:

1. It holds the source of the verifier as it is installed here, file by file, so that it can be read before it is run.
2. It needs Python 3.11 or newer. Where the package `cryptography` is not installed, the program `openssl` checks
   signatures; where that is missing too, the verifier says so and how to check them elsewhere.
3. The same source gives the same bytes.

Example::

    Path("verify.pyz").write_bytes(verifier_pyz())
"""

import io
import zipfile
from importlib import resources
from importlib.resources.abc import Traversable

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = """import sys

if sys.version_info < (3, 11):
    sys.exit("verify.pyz needs Python 3.11 or newer / 需要 Python 3.11 或更新版本")
from jinku.verify.command import main

sys.exit(main())
"""
_ROOT = '"""Jinku (金库): the independent verifier, packed to stand alone."""\n'


def verifier_pyz() -> bytes:
    """The bytes of ``verify.pyz``."""
    out = io.BytesIO()
    out.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        _add(made, "__main__.py", _MAIN.encode())
        _add(made, "jinku/__init__.py", _ROOT.encode())
        for name, file in sorted(_sources(resources.files("jinku.verify"), "jinku/verify")):
            _add(made, name, file.read_bytes())
    return out.getvalue()


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found = []
    for one in folder.iterdir():
        if one.is_dir() and one.name != "__pycache__":
            found += _sources(one, f"{prefix}/{one.name}")
        elif one.name.endswith(".py"):
            found.append((f"{prefix}/{one.name}", one))
    return found


def _add(made: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    made.writestr(entry, data)
