"""One typed door to numba, so that a compiled function keeps its signature for the type checker.

A function decorated with :func:`compiled` is translated to machine code on first use and cached beside its
source (or in the user's cache directory where the source is read-only), so a second process starts warm.
Integer arithmetic in compiled code wraps silently: 128-bit sums go through ``jinku.ledger.u128`` only.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Return `function` compiled by numba in no-Python mode, cached on disk; it holds the GIL while it runs."""
    return cast(F, numba.njit(cache=True, boundscheck=False)(function))


def compiled_nogil(function: F) -> F:
    """Like :func:`compiled`, but other Python threads run meanwhile: only for functions over private arrays."""
    return cast(F, numba.njit(cache=True, boundscheck=False, nogil=True)(function))
