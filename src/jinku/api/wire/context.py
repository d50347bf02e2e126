"""What a platform tells of a movement beside it: opaque ids, handed to the risk desk first, sealed with its decision.

Rules:

1. An id that is written as the ledger writes ids (digits, below 2^128) is that number, so `customer` and `counterparty`
   may be accounts; any other is text of its own.
2. A context is of its own request alone: another request under the same id neither gets it nor changes it. What the
   decision did not use is forgotten when the request is answered. Of two contexts of one movement the first counts, and
   the first request's for good: the same movement again has its decision again.
3. A house without risk reads it, and keeps nothing of it.

Example::

    rows = rows_of(wanted.transfers)
    with handed_over(contexts, wanted.transfers, rows):
        await book(rows)
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from jinku.base.errors import JinkuError
from jinku.ledger.layout import Array
from jinku.risk.decision.context import Context, ContextBook, Said

_TOKEN = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,38}", re.ASCII)


def _read_identity(value: Any) -> int | str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be an opaque id: 1 to 128 of A-Z a-z 0-9 . _ : / + = -")
    if _NUMBER.fullmatch(value) and int(value) < 1 << 128:
        return int(value)
    return value


Identity = Annotated[
    int | str,
    PlainValidator(_read_identity),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9._:/+=-]{1,128}$", "examples": ["d-77", "7"]}),
]


class ContextIn(BaseModel):
    """What the platform knows of a movement. Ids are tokens or digests, never names."""

    model_config = ConfigDict(extra="forbid", title="MovementContext")

    kind: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,39}$")] | None = None
    """Such as ``payment`` or ``withdrawal``; without it the transfer's code, or the order's type, tells."""
    customer: Identity | None = None
    """Whose movement it is, where that is not the account debited."""
    counterparty: Identity | None = None
    """Who is on the other side, where the ledger knows only the institution's account at the bank."""
    device: Identity | None = None
    terminal: Identity | None = None
    address: Identity | None = None


class Told(Protocol):
    """A movement that may have a context."""

    id: int
    context: ContextIn | None


def handed_over(
    contexts: ContextBook | None, items: Sequence[Told], rows: Array
) -> AbstractContextManager[None]:
    """While this is entered the desk has what is told of `items`, whose ``TRANSFER`` rows are `rows`. `contexts` is
    None in a house without risk."""
    if contexts is None:
        return nullcontext()
    known = dict[Said, Context]()
    for at, one in enumerate(items):
        if one.context:
            known.setdefault((one.id, rows[at].tobytes()), context_of(one.context))
    return told(known, contexts)


@contextmanager
def told(known: dict[Said, Context], contexts: ContextBook) -> Iterator[None]:
    """While this is entered the desk has `known`. Raises ContextsFull.

    A request that is only given up keeps it: its movements are queued and will be decided.
    """
    try:
        for (number, said), context in known.items():
            contexts.put(number, context, said)
        yield
    except JinkuError:
        contexts.forget(known)
        raise
    if known:
        contexts.forget(known)


def context_of(given: ContextIn) -> Context:
    """As the desk has it."""
    return Context(
        given.kind, given.customer, given.counterparty, given.device, given.terminal, given.address
    )
