"""The 280 bytes of one entry of Jinku's journal, decoded on their own terms.

Little-endian throughout. Offsets in bytes:

| offset | size | field |
|---|---|---|
| 0 | 1 | kind: 1 account, 2 transfer, 3 burned id, 4 expiry, 5 seal |
| 1 | 1 | version of this layout: 1 |
| 2 | 2 | reserved, zero |
| 4 | 4 | status: why the id of a failed transfer is burned; zero for other kinds |
| 8 | 2 | flags of the debited account after the change, zero where no money moves |
| 10 | 2 | flags of the credited account after the change |
| 12 | 4 | reserved, zero |
| 16 | 8 | timestamp: when the ledger booked it, ns since 1970; rises from entry to entry |
| 24 | 128 | the account, the transfer, or the seal |
| 152 | 64 | debited account after: debits pending, debits posted, credits pending, credits posted |
| 216 | 64 | credited account after, the same four |

Transfer: id, debit account, credit account, amount, pending id, user data 128 (16 bytes each); user data
64 (8),
user data 32, timeout in seconds, ledger (4 each); code, flags (2 each); timestamp (8).
Account: id, the four balances, user data 128 (16 each); user data 64 (8); user data 32, reserved, ledger
(4 each);
code, flags (2 each); timestamp (8). Seal: digest (32), topic (4), reserved (92).

Example::

    decode(leaf)["kind"]  # "transfer"
"""

import struct

from jinku.verify.errors import Unreadable

ENTRY_BYTES = 280
_STRIDE = ENTRY_BYTES + 2
KINDS = {1: "account", 2: "transfer", 3: "burned_id", 4: "expiry", 5: "seal"}

HEAD = struct.Struct("<BBHIHHIQ")
TRANSFER = struct.Struct("<16s16s16sQQ16s16sQIIIHHQ")
ACCOUNT = struct.Struct("<16s8Q16sQIIIHHQ")
SEAL = struct.Struct("<32sI92s")
BALANCES = struct.Struct("<8Q")
MOVE = struct.Struct("<BBHIHHIQ16s16s16sQQ16s16sQIIIHHQ8Q8Q")
"""Head, transfer and both balances at once."""
_BALANCE_NAMES = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")


def bundle_is_uniform(bundle: bytes, count: int) -> bool:
    """Whether a bundle is exactly `count` entries of 280 bytes, each behind its length."""
    return (
        len(bundle) == count * _STRIDE
        and bundle[0::_STRIDE] == b"\x01" * count
        and bundle[1::_STRIDE] == b"\x18" * count
    )


def uniform_spans(count: int) -> list[tuple[int, int]]:
    """Start and end offsets of the entries of such a bundle."""
    return [(at + 2, at + _STRIDE) for at in range(0, count * _STRIDE, _STRIDE)]


def wide(low: int, high: int) -> int:
    """A 128-bit number from its two halves."""
    return low | high << 64


def _balances(data: bytes, at: int) -> dict[str, str]:
    halves = BALANCES.unpack_from(data, at)
    return {name: str(wide(halves[2 * i], halves[2 * i + 1])) for i, name in enumerate(_BALANCE_NAMES)}


def id_text(raw: bytes) -> str:
    """A 128-bit id of 16 bytes, little-endian, in digits."""
    return str(int.from_bytes(raw, "little"))


def decode(entry: bytes) -> dict[str, object]:
    """What an entry says, for a person or a program: 128-bit numbers as strings of digits.

    Raises Unreadable unless it is 280 bytes of a known kind and version.
    """
    if len(entry) != ENTRY_BYTES or entry[0] not in KINDS or entry[1] != 1:
        raise Unreadable("bad_entry", f"not an entry of Jinku's journal ({len(entry)} bytes)")
    kind, _, _, status, debit_flags, credit_flags, _, timestamp = HEAD.unpack_from(entry)
    said: dict[str, object] = {"kind": KINDS[kind], "timestamp": str(timestamp)}
    if kind == 5:
        digest, topic, _ = SEAL.unpack_from(entry, 24)
        return said | {"digest": digest.hex(), "topic": topic}
    if kind == 1:
        account = ACCOUNT.unpack_from(entry, 24)
        return said | {
            "id": id_text(account[0]), "ledger": account[13], "code": account[14], "flags": account[15]
        }  # fmt: skip
    move = TRANSFER.unpack_from(entry, 24)
    said |= {
        "id": id_text(move[0]),
        "debit_account_id": id_text(move[1]),
        "credit_account_id": id_text(move[2]),
        "amount": str(wide(move[3], move[4])),
        "pending_id": id_text(move[5]),
        "ledger": move[10],
        "code": move[11],
        "flags": move[12],
    }
    if kind == 3:
        return said | {"status": status}
    return said | {
        "debit_account_after": _balances(entry, 152) | {"flags": debit_flags},
        "credit_account_after": _balances(entry, 216) | {"flags": credit_flags},
    }
