"""Building the sum tree of one day: balances cut into parts, parts shuffled, everything hashed and kept.

Rules:

1. Salts and the order of leaves within their row are drawn anew for each tree from the operating system's random
   numbers: two days' positions have nothing to do with each other.
2. The tree must be worth the ledger's own sum, which the caller computed apart, plus what was floored; otherwise
   nothing is built.
3. A folder is filled and made durable; who builds into a fresh folder and renames it has all or nothing.
4. Large trees are hashed by `workers` processes (`hashing`); memory stays below a kilobyte a customer.

Example::

    statement = build(folder, Books(1, "CNY", day, as_of, size, ["C-1", "C-2"], [500, -3], ledger_total=497))
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from jinku.crypto.commitment import SALT_BYTES
from jinku.custody.errors import BadAttestation, BadLiability
from jinku.custody.proof.attestation import LEAVES_MAX, SUM_MAX, Attestation
from jinku.custody.proof.hashing import hash_tree
from jinku.custody.proof.parts import Counts, cut, random_words
from jinku.custody.proof.store import Leaves, write_statement
from jinku.custody.proof.sumtree import Bytes2, Index, Rows, amount_bytes, empty_root

CUSTOMER_BYTES_MAX = 256
WORKERS = 2
_RANDOM_BITS = 56


@dataclass(frozen=True, slots=True)
class Books:
    """What is owed to each customer, read from the ledger at one instant."""

    entity: int
    currency: str
    day: date
    as_of: int
    """The moment, ns since 1970."""
    ledger_size: int
    customers: Sequence[str]
    """Customers' numbers, each once, 1 to 256 bytes."""
    balances: Sequence[int]
    """Minor units, beside `customers`; a negative one counts as zero and is stated as floored."""
    ledger_total: int
    """The ledger's own sum of all balances, computed apart from `balances`."""


def build(folder: Path, books: Books, *, workers: int = WORKERS) -> Attestation:
    """Build the tree into the existing empty `folder`; what is to be sealed.

    Raises BadLiability for a customer that cannot stand in it (naming the place, never the customer), BadAttestation
    where the total is not the ledger's, BuildFailed.
    """
    names = _names(books.customers)
    order = np.argsort(names, kind="stable")
    names = names[order]
    _refuse_twice(names)
    owed = _owed(books)
    balances = [owed[at] for at in order.tolist()]
    counts = cut(balances)
    statement = _statement(books, sum(balances), counts)
    rows = Rows.of(statement.customers, statement.parts)
    if rows.leaves > LEAVES_MAX:
        raise BadLiability(f"{rows.leaves} parts are more than {LEAVES_MAX}", position=0)
    salts = np.frombuffer(random_words(len(names) * SALT_BYTES // 8).tobytes(), np.uint8).reshape(
        -1, SALT_BYTES
    )
    leaves = _laid_out(names, salts, amount_bytes(balances), counts)
    leaves.save(folder)
    context = statement.context()
    write_statement(folder, statement)
    root = hash_tree(folder, rows, context, workers) if rows.leaves else empty_root(context)
    statement = replace(statement, root=root)
    write_statement(folder, statement)
    return statement


def _names(customers: Sequence[str]) -> Index:
    raw = [one.encode() for one in customers]
    for at, one in enumerate(raw):
        if not 1 <= len(one) <= CUSTOMER_BYTES_MAX or one[-1] == 0:
            raise BadLiability(f"a customer's number of {len(one)} bytes", position=at)
    return np.array(raw, f"S{max(map(len, raw), default=1)}")


def _refuse_twice(names: Index) -> None:
    (twice,) = np.nonzero(names[1:] == names[:-1])
    if len(twice):
        raise BadLiability(f"{len(twice)} customers occur twice", position=int(twice[0]))


def _owed(books: Books) -> list[int]:
    """What is owed to each customer, none negative, after comparing with the ledger's own sum."""
    if len(books.customers) != len(books.balances):
        raise BadLiability(f"{len(books.balances)} balances of {len(books.customers)} customers", position=0)
    for at, one in enumerate(books.balances):
        if one > SUM_MAX:
            raise BadLiability(f"a balance of {one}", position=at)
    owed = [max(0, one) for one in books.balances]
    total = sum(owed)
    if total > SUM_MAX:
        raise BadLiability(f"the total reaches {total}, more than {SUM_MAX}", position=0)
    if total + sum(one for one in books.balances if one < 0) != books.ledger_total:
        raise BadAttestation(
            f"the ledger owes customers {books.ledger_total} on balance", field="liabilities", value=total
        )
    return owed


def _statement(books: Books, total: int, counts: Counts) -> Attestation:
    """The attestation without its root."""
    parts = [(1 << at, int(count)) for at, count in enumerate(counts.sum(0, dtype=np.int64)) if count]
    return Attestation(
        entity=books.entity,
        currency=books.currency,
        day=books.day,
        as_of=books.as_of,
        ledger_size=books.ledger_size,
        customers=len(books.customers),
        liabilities=total,
        floored=total - books.ledger_total,
        parts=tuple(parts),
        root=bytes(32),
    )


def _laid_out(names: Index, salts: Bytes2, amounts: Bytes2, counts: Counts) -> Leaves:
    """Every leaf at a random place of its row."""
    used = np.nonzero(counts.any(axis=0))[0]
    each = np.ones((len(names), len(used) + 1), np.uint16)
    each[:, 1:] = counts[:, used]
    offsets = np.zeros(len(names) + 1, np.uint64)
    np.cumsum(each.sum(axis=1, dtype=np.uint64), out=offsets[1:])
    row = np.repeat(np.tile(np.arange(each.shape[1], dtype=np.uint8), len(names)), each.ravel())
    draw = random_words(len(row)) >> np.uint64(64 - _RANDOM_BITS)
    order = np.argsort(row.astype(np.uint64) << np.uint64(_RANDOM_BITS) | draw).astype(np.uint32)
    where = np.empty_like(order)
    where[order] = np.arange(len(order), dtype=np.uint32)
    return Leaves(names, salts, amounts, offsets.astype(np.int64), order, where)
