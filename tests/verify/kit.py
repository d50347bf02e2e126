"""What the verifier's tests write by themselves: keys, notes, journals and log directories, from the formats' texts.

Nothing here uses `jinku.log` or `jinku.ledger`: the verifier is tested against the specification first, and
against what the other rooms write in `test_whole.py`.
"""

import base64
import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

ORIGIN = "ledger.example/jinku"
DAY = 86_400 * 10**9


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\0" + leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha(b"\1" + tree_root(leaves[:k]) + tree_root(leaves[k:]))


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if index < k:
        return [*inclusion(index, leaves[:k]), tree_root(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), tree_root(leaves[:k])]


def consistency(old: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [tree_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if old <= k:
        return [*consistency(old, leaves[:k], whole), tree_root(leaves[k:])]
    return [*consistency(old - k, leaves[k:], False), tree_root(leaves[:k])]


class Key:
    """A test key of any of the three types."""

    def __init__(self, name: str, kind: int = 1, seed: bytes = b"") -> None:
        self.name, self.kind = name, kind
        seed = sha(name.encode() + bytes([kind]) + seed)
        self.private: Ed25519PrivateKey | MLDSA44PrivateKey = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if kind == 6
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        self.material = bytes([kind]) + self.private.public_key().public_bytes_raw()
        self.key_id = sha(name.encode() + b"\n" + self.material)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.material).decode()}"

    def line(self, text: str, time: int = 1_700_000_000) -> str:
        """The signature line over a note's text."""
        if self.kind == 1:
            signature = self.private.sign(text.encode())
        elif self.kind == 4:
            signature = struct.pack(">Q", time) + self.private.sign(
                f"cosignature/v1\ntime {time}\n{text}".encode()
            )
        else:
            origin, size, root = text.split("\n")[:3]
            message = (
                b"subtree/v1\n\0" + bytes([len(self.name)]) + self.name.encode() + struct.pack(">Q", time)
            )
            message += bytes([len(origin)]) + origin.encode() + struct.pack(">QQ", 0, int(size))
            message += base64.b64decode(root)
            signature = struct.pack(">Q", time) + self.private.sign(message)
        return f"— {self.name} {base64.b64encode(self.key_id + signature).decode()}\n"


LOG_KEY = Key(ORIGIN)
PQ_KEY = Key(ORIGIN, 6)
WITNESSES = [Key(f"witness{number}.example", 4 if number else 6) for number in range(3)]


def checkpoint(leaves: Sequence[bytes], keys: Sequence[Key] = (LOG_KEY,), origin: str = ORIGIN) -> bytes:
    """A signed checkpoint over `leaves`."""
    text = f"{origin}\n{len(leaves)}\n{base64.b64encode(tree_root(leaves)).decode()}\n"
    return (text + "\n" + "".join(key.line(text) for key in keys)).encode()


def receipt(
    leaves: Sequence[bytes], index: int, keys: Sequence[Key] = (LOG_KEY,), *, extra: bool = False
) -> bytes:
    """A tlog-proof of one leaf."""
    lines = ["c2sp.org/tlog-proof@v1"]
    if extra:
        lines.append("extra " + base64.b64encode(leaves[index]).decode())
    lines.append(f"index {index}")
    lines += [base64.b64encode(node).decode() for node in inclusion(index, leaves)]
    return ("\n".join(lines) + "\n\n").encode() + checkpoint(leaves, keys)


def path_of(level: str | int, index: int, width: int = 256) -> str:
    digits = f"{index:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join(["tile", str(level), *(f"x{group}" for group in groups[:-1]), groups[-1]])
    return name if width == 256 else f"{name}.p/{width}"


def write_log(directory: Path, leaves: Sequence[bytes], keys: Sequence[Key] = (LOG_KEY,)) -> Path:
    """Write the whole log directory, as the tlog-tiles text lays it out."""

    def put(level: str | int, parts: list[bytes]) -> None:
        for at in range(0, len(parts), 256):
            tile = parts[at : at + 256]
            path = directory / path_of(level, at // 256, len(tile))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(tile))

    put("entries", [struct.pack(">H", len(leaf)) + leaf for leaf in leaves])
    level, hashes, span = 0, [sha(b"\0" + leaf) for leaf in leaves], 1
    while hashes:
        put(level, hashes)
        level, span = level + 1, span * 256
        hashes = [tree_root(leaves[at * span : (at + 1) * span]) for at in range(len(leaves) // span)]
    directory.mkdir(exist_ok=True)
    (directory / "checkpoint").write_bytes(checkpoint(leaves, keys))
    return directory


@dataclass
class Journal:
    """A tiny ledger that writes 280-byte entries; no checks, so that tests can also write wrong ones."""

    leaves: list[bytes] = field(default_factory=list)
    balances: dict[int, list[int]] = field(default_factory=dict)
    flags: dict[int, int] = field(default_factory=dict)
    holds: dict[int, tuple[bytes, int, int, int, int]] = field(default_factory=dict)
    now: int = DAY

    def _entry(
        self,
        kind: int,
        event: bytes,
        sides: tuple[int, int] | None = None,
        status: int = 0,
        reserved: int = 0,
    ) -> bytes:
        flags, after = (0, 0), bytes(128)
        if sides is not None:
            flags = (self.flags[sides[0]], self.flags[sides[1]])
            after = b"".join(
                (value % (1 << 128)).to_bytes(16, "little") for side in sides for value in self.balances[side]
            )
        head = struct.pack("<BBHIHHIQ", kind, 1, reserved, status, *flags, 0, self.now)
        self.leaves.append(head + event + after)
        return self.leaves[-1]

    def account(self, number: int, flags: int = 0, ledger: int = 1) -> None:
        self.now += 1
        self.balances[number], self.flags[number] = [0, 0, 0, 0], flags
        event = number.to_bytes(16, "little") + bytes(64 + 16) + struct.pack("<QII", 0, 0, 0)
        self._entry(1, event + struct.pack("<IHHQ", ledger, 1, flags, self.now))

    def event(
        self, number: int, debit: int, credit: int, amount: int, *, flags: int = 0, pending: int = 0,
        timeout: int = 0, time: int = 0,
    ) -> bytes:  # fmt: skip
        ids = b"".join(value.to_bytes(16, "little") for value in (number, debit, credit, amount, pending, 0))
        return ids + struct.pack("<QIIIHHQ", 0, 0, timeout, 1, 1, flags, time or self.now)

    def _add(self, debit: int, credit: int, held: int, posted: int) -> None:
        self.balances[debit][0] += held
        self.balances[debit][1] += posted
        self.balances[credit][2] += held
        self.balances[credit][3] += posted

    def transfer(
        self, number: int, debit: int, credit: int, amount: int, flags: int = 0, timeout: int = 0
    ) -> None:
        """Single-phase, or a hold when `flags` says pending."""
        self.now += 1
        event = self.event(number, debit, credit, amount, flags=flags, timeout=timeout)
        if flags & 2:
            self.holds[number] = (event, debit, credit, amount, flags)
            self._add(debit, credit, amount, 0)
            self.flags[debit] |= 32 if flags & 64 else 0
            self.flags[credit] |= 32 if flags & 128 else 0
        else:
            self._add(debit, credit, 0, amount)
        self._entry(2, event, (debit, credit))

    def resolve(self, number: int, hold: int, amount: int, flags: int) -> None:
        """Post (flags 4) or void (flags 8)."""
        self.now += 1
        _, debit, credit, held, hold_flags = self.holds[hold]
        self._add(debit, credit, -held, amount if flags & 4 else 0)
        if flags & 8:
            self._reopen(debit, credit, hold_flags)
        self._entry(2, self.event(number, debit, credit, amount, flags=flags, pending=hold), (debit, credit))

    def _reopen(self, debit: int, credit: int, hold_flags: int) -> None:
        self.flags[debit] &= ~32 if hold_flags & 64 else -1
        self.flags[credit] &= ~32 if hold_flags & 128 else -1

    def expire(self, hold: int, after: int = DAY) -> None:
        self.now += after
        event, debit, credit, held, hold_flags = self.holds[hold]
        self._add(debit, credit, -held, 0)
        self._reopen(debit, credit, hold_flags)
        self._entry(4, event, (debit, credit))

    def burn(self, number: int, status: int = 54) -> None:
        self.now += 1
        self._entry(3, self.event(number, 1, 2, 5, time=0), status=status)

    def wait(self, nanoseconds: int) -> None:
        self.now += nanoseconds

    def seal(self, digest: bytes, topic: int = 1) -> bytes:
        self.now += 1
        return self._entry(5, digest + struct.pack("<I", topic) + bytes(92))


def day_of(movements: int) -> Journal:
    """A sound journal with every kind of entry and at least `movements` transfers."""
    journal = Journal()
    for number in range(1, 9):
        journal.account(number, flags=2 if number == 8 else 0)
    journal.transfer(100, 1, 8, 10**30)
    for step in range(max(0, movements - 12)):
        journal.transfer(1000 + step, 1 + step % 7, 1 + (step + 1) % 7, step * 7)
    journal.transfer(101, 8, 2, 50, flags=2)
    journal.resolve(102, 101, 20, 4)
    journal.transfer(103, 8, 3, 70, flags=2, timeout=3600)
    journal.resolve(104, 103, 70, 8)
    journal.transfer(105, 8, 4, 5, flags=2, timeout=3600)
    journal.expire(105)
    journal.transfer(106, 8, 5, 0, flags=2 | 64)
    journal.resolve(107, 106, 0, 8)
    journal.burn(108)
    journal.seal(sha(b"a document"))
    journal.transfer(109, 8, 6, 9, flags=2)
    return journal
