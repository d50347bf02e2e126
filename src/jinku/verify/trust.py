"""What a checker trusts: keys of the log, keys of witnesses, and how many of each must have signed.

1. Every log key that is given must have signed, unless `log_quorum` says that fewer do (after a key change).
2. The origin that the checkpoint names must be the one expected: by default the name of the log's keys.
3. `quorum` of the witnesses must have signed; two keys of one name count as one witness, and one key under two
   names, or under a witness's and the log's, is refused: it would count twice.
4. Extension lines are accepted only under a signature that covers them.

Example::

    trust = Trust.of("ledger.example/jinku+1234abcd+AQ…", witnesses=["w.example+…"], quorum=1)
    opened = open_checkpoint(Path("checkpoint").read_bytes(), trust)
    opened.body.size, opened.witnesses
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jinku.verify.checkpoint import Body, parse_body
from jinku.verify.errors import NotVerified, Unreadable
from jinku.verify.keys import VerifierKey
from jinku.verify.note import check_signatures, parse_note

KEYS_MAX = 64


@dataclass(frozen=True, slots=True)
class Trust:
    """See the module's rules. Build it with `Trust.of`."""

    origin: str
    log_keys: tuple[VerifierKey, ...]
    log_quorum: int
    witnesses: tuple[VerifierKey, ...]
    quorum: int

    @classmethod
    def of(
        cls,
        log: str | Sequence[str],
        *,
        witnesses: Sequence[str] = (),
        quorum: int | None = None,
        log_quorum: int | None = None,
        origin: str | None = None,
    ) -> "Trust":
        """Build from vkeys. `quorum` and `log_quorum` default to all keys given. Raises Unreadable."""
        log_keys = tuple(VerifierKey.parse(vkey) for vkey in ([log] if isinstance(log, str) else log))
        witness_keys = tuple(VerifierKey.parse(vkey) for vkey in witnesses)
        names = {key.name for key in log_keys}
        witness_names = {key.name for key in witness_keys}
        if not log_keys or len(log_keys) + len(witness_keys) > KEYS_MAX:
            raise Unreadable("bad_trust", f"give 1 to {KEYS_MAX} keys, at least one of them the log's")
        if origin is None and len(names) != 1:
            raise Unreadable(
                "bad_trust", f"the log's keys have several names, so say its origin: {sorted(names)}"
            )
        if names & witness_names:
            raise Unreadable("bad_trust", f"a log cannot witness itself: {sorted(names & witness_names)}")
        owner: dict[bytes, str] = {}
        for key in log_keys + witness_keys:
            if owner.setdefault(key.public, key.name) != key.name:
                raise Unreadable("bad_trust", f"{owner[key.public]} and {key.name} have one and the same key")
        if not all(key.cosigns for key in witness_keys):
            raise Unreadable(
                "bad_trust", "a witness key has type 0x04 or 0x06, since a witness states a time"
            )
        need = len(witness_names) if quorum is None else quorum
        log_need = len(log_keys) if log_quorum is None else log_quorum
        if not 0 <= need <= len(witness_names) or not 1 <= log_need <= len(log_keys):
            raise Unreadable(
                "bad_trust",
                f"a quorum of {need} among {len(witness_names)} witnesses or {log_need} among "
                f"{len(log_keys)} log keys cannot be met",
            )
        return cls(origin if origin is not None else names.pop(), log_keys, log_need, witness_keys, need)


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint whose signatures satisfy a `Trust`."""

    body: Body
    signed_by: tuple[str, ...]
    """Name and type of each log key that signed."""
    witnesses: dict[str, int]
    """Witnesses that cosigned, each with the time it states (seconds since 1970)."""


def as_trust(trust: Trust | str) -> Trust:
    """`trust` itself, or the policy of one log key given as a vkey."""
    return Trust.of(trust) if isinstance(trust, str) else trust


def open_checkpoint(data: bytes, trust: Trust | str) -> Opened:
    """Parse and verify a signed checkpoint. Raises Unreadable, or NotVerified where the policy is not met."""
    policy = as_trust(trust)
    note = parse_note(data)
    body = parse_body(note.text)
    if body.origin != policy.origin:
        raise NotVerified(
            "wrong_origin", f"the checkpoint is of {body.origin[:80]!r}, not of {policy.origin!r}"
        )
    by_log = check_signatures(note, policy.log_keys)
    if len(by_log) < policy.log_quorum:
        raise NotVerified(
            "log_not_signed",
            f"{len(by_log)} of the {len(policy.log_keys)} trusted log keys signed, {policy.log_quorum} must",
        )
    if body.extensions and not any(key.covers_text for key in by_log):
        raise NotVerified("extension_not_signed", "the checkpoint has lines that no trusted signature covers")
    witnesses: dict[str, int] = {}
    for key, time in check_signatures(note, policy.witnesses).items():
        witnesses[key.name] = max(time or 0, witnesses.get(key.name, 0))
    if len(witnesses) < policy.quorum:
        raise NotVerified(
            "quorum_not_met",
            f"{len(witnesses)} trusted witnesses cosigned, {policy.quorum} must: {sorted(witnesses)}",
        )
    return Opened(body, tuple(f"{key.name} (type 0x{key.kind:02x})" for key in by_log), witnesses)
