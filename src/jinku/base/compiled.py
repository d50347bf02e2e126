"""One typed door to numba, so that a compiled function keeps its signature for the type checker.

A function decorated with :func:`compiled` is translated to machine code on first use and cached beside its
source (or in the user's cache directory where the source is read-only), so a second process starts warm.
Integer arithmetic in compiled code wraps silently: 128-bit sums go through ``jinku.ledger.u128`` only.

A hot loop is an entry point (`compiled`) that calls small functions (`inlined`) on arrays it has `borrowed`: counting
references to arrays costs far more there than the work itself.

What is cached is reused only while the function and all that it names, down to constants in other files, are what
they were: numba itself would look at the function's own file alone and go on running what an edited helper was.
"""

import hashlib
from collections.abc import Callable
from enum import EnumType
from functools import cache
from types import ModuleType
from typing import Any, TypeVar, cast

import numba
from numba import int64, uint64
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

A = TypeVar("A")
F = TypeVar("F", bound=Callable[..., object])


@cache
def _fingerprint(function: Callable[..., object]) -> str:
    """A digest of the function's code and of whatever it names in its module."""
    code, names = function.__code__, function.__globals__
    parts = [code.co_code.hex(), repr(code.co_names)]
    parts += [repr(constant) for constant in code.co_consts if constant != function.__doc__]
    parts += [_named(names[name]) for name in code.co_names if name in names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _named(value: Any) -> str:
    """What a global stands for: code by its fingerprint, an enumeration by its members, a record by its fields."""
    if isinstance(value, Dispatcher):
        return _fingerprint(value.py_func)
    if isinstance(value, EnumType):
        return repr(list(value))
    if isinstance(value, ModuleType | type) or callable(value):
        return f"{getattr(value, '__name__', '')}{getattr(value, '_fields', '')}"
    return repr(value)


def _cached(function: F, *, merge: bool = False, release: bool = False) -> F:
    dispatcher: Any = numba.njit(cache=True, boundscheck=False, forceinline=merge, nogil=release)(function)
    if hasattr(dispatcher, "_cache"):  # a plain function where compilation is switched off
        dispatcher._cache._cache_file._source_stamp = _fingerprint(function)
    return cast(F, dispatcher)


def compiled(function: F) -> F:
    """Return `function` compiled by numba in no-Python mode, cached on disk; it holds the GIL while it runs."""
    return _cached(function)


def released(function: F) -> F:
    """Like :func:`compiled`, and lets other threads run meanwhile: nothing else may write what it is given."""
    return _cached(function, release=True)


def inlined(function: F) -> F:
    """Like :func:`compiled`, and always merged into the compiled function that calls it."""
    return _cached(function, merge=True)


def _borrowed(_typing: Any, array: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        struct = context.make_array(signature.args[0])(context, builder, arguments[0])
        struct.meminfo = struct.meminfo.type(None)
        return struct._getvalue()

    return array(array), generate


borrowed = cast(Callable[[A], A], intrinsic(_borrowed))
"""Inside compiled code only: the same array without reference counting. The caller's own reference must outlive it,
as the arguments of an entry point do; never return one."""


def _counted(_typing: Any, _value: Any) -> tuple[Any, Callable[..., Any]]:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return int64(uint64), generate


ones = cast(Callable[[Any], int], intrinsic(_counted))
"""Inside compiled code only: how many bits of a 64-bit word are set."""
