"""One typed door to numba, so that a compiled function keeps its signature for the type checker.

A function decorated with :func:`compiled` is translated to machine code on first use and cached beside its
source (or in the user's cache directory where the source is read-only), so a second process starts warm.
Integer arithmetic in compiled code wraps silently: 128-bit sums go through ``jinku.ledger.u128`` only.

A hot loop is an entry point (`compiled`) that calls small functions (`inlined`) on arrays it has `borrowed`: counting
references to arrays costs far more there than the work itself.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.extending import intrinsic

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Return `function` compiled by numba in no-Python mode, cached on disk; it holds the GIL while it runs."""
    return cast(F, numba.njit(cache=True, boundscheck=False)(function))


def compiled_nogil(function: F) -> F:
    """Like :func:`compiled`, but other Python threads run meanwhile: only for functions over private arrays."""
    return cast(F, numba.njit(cache=True, boundscheck=False, nogil=True)(function))


def inlined(function: F) -> F:
    """Like :func:`compiled`, and always merged into the compiled function that calls it."""
    return cast(F, numba.njit(cache=True, boundscheck=False, forceinline=True)(function))


def _borrowed(_typing: Any, array: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = context.make_array(signature.args[0])(context, builder, arguments[0])
        struct.meminfo = struct.meminfo.type(None)
        return struct._getvalue()

    return array(array), generate


borrowed = cast(Callable[[A], A], intrinsic(_borrowed))
"""Inside compiled code only: the same array without reference counting. The caller's own reference must outlive it,
as the arguments of an entry point do; never return one."""
