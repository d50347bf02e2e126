"""The ledger run again from its log: every entry must follow from those before it.

For every entry: reserved bytes are zero, and its timestamp is later than the one before.

1. Account: a new id, zero balances, a ledger and a code.
2. Transfer: both accounts exist, differ, and are of its ledger; no transfer or burned id had its id before.
   Single-phase adds the amount to both posted balances, pending to both pending balances. Post and void
   take the whole held amount from the pending balances of a hold that is open and not past its time. Post
   adds its own amount, at most the held one, to the posted balances; void has the held amount.
3. No transfer takes an account with a limit flag over its limit, no sum reaches 2**128, and a closed account
   takes nothing but voids. Closing holds close an account; voiding or expiry opens it again.
4. Expiry: repeats an open hold's record once its time has passed; its amount leaves the pending balances.
5. Burned id: one of the seven reasons; the id stays used. Seal: a digest and nothing else.
6. Balances and flags in the entry are exactly those computed. After a fault the entry's own are kept.
7. At the end, debits equal credits in each ledger, pending and posted.

Example::

    replay = Replay()
    replay.bundle(0, bundle, spans, count)
    replay.finish(report)
"""

from collections.abc import Callable
from typing import Any

from jinku.verify.entries import ACCOUNT, ENTRY_BYTES, KINDS, MOVE, SEAL, TRANSFER, id_text, wide
from jinku.verify.ids import IdSpool
from jinku.verify.report import FINDINGS_MAX, Finding, LedgerTotals, LogReport
from jinku.verify.tiles import ENTRIES, WIDTH, tile_name

PENDING, POST, VOID, IMPORTED = 2, 4, 8, 256
_RESOLVES = POST | VOID
_BALANCING_DEBIT, _BALANCING_CREDIT, _CLOSING_DEBIT, _CLOSING_CREDIT = 16, 32, 64, 128
_TRANSFER_FLAGS = 511
_NOT_WITH_RESOLVING = PENDING | _BALANCING_DEBIT | _BALANCING_CREDIT | _CLOSING_DEBIT | _CLOSING_CREDIT
_DEBITS_LIMITED, _CREDITS_LIMITED, _ACCOUNT_IMPORTED, _CLOSED = 2, 4, 16, 32
_ACCOUNT_FLAGS = 63
_BURNING = {21, 22, 25, 54, 55, 65, 66}
_DEBIT_NOT_FOUND, _CREDIT_NOT_FOUND = 21, 22
_OVER = 1 << 128
_NO_ID, _LAST_ID = bytes(16), b"\xff" * 16
_SECOND_NS = 10**9
Handler = Callable[[tuple[Any, ...], bytes], None]
"""Takes the unpacked fields of one entry and the 128 bytes of its record."""
_NO_BALANCES = (0,) * 16
_TIMESTAMP_MAX = (1 << 63) - 1


class _Account:
    """One account as the entries so far have made it."""

    __slots__ = ("cp", "cpo", "dp", "dpo", "flags", "ledger", "since")

    def __init__(self, ledger: int, flags: int, since: int) -> None:
        self.dp = self.dpo = self.cp = self.cpo = 0
        self.ledger, self.flags, self.since = ledger, flags, since


class Replay:
    """See the module's rules. Memory: one record for each account and for each open hold."""

    def __init__(self) -> None:
        self._accounts: dict[bytes, _Account] = {}
        self._holds: dict[bytes, bytes] = {}
        """Id of each open hold → its transfer's 128 bytes."""
        self._ids = IdSpool()
        self._counts = [0] * (max(KINDS) + 1)
        self._last = self._last_transfer = self._last_account = 0
        self._stopped_at: int | None = None
        self._findings: list[Finding] = []
        self._total = 0
        self._place = (0, 0, 0)

    def bundle(self, index: int, bundle: bytes, spans: list[tuple[int, int]], count: int) -> None:
        """Take the next bundle, whose entries lie at `spans`.

        A bundle without all `count` entries ends the replay.
        """
        if self._stopped_at is not None:
            return
        if len(spans) != count:
            self._stopped_at = index * WIDTH
            return
        handlers: dict[int, Handler] = {
            1: self._account,
            2: self._transfer,
            3: self._burned,
            4: self._expiry,
            5: self._seal,
        }
        for entry, (start, end) in enumerate(spans, index * WIDTH):
            self._place = (entry, start, count)
            if end - start != ENTRY_BYTES:
                self._problem(
                    "not_an_entry", f"has {end - start} bytes, an entry of the journal has {ENTRY_BYTES}"
                )
                continue
            f = MOVE.unpack_from(bundle, start)
            handler = handlers.get(f[0])
            if handler is None or f[1] != 1 or f[2] or f[6]:
                self._problem("not_an_entry", f"has kind {f[0]}, version {f[1]}, reserved {f[2]} and {f[6]}")
                continue
            if not self._last < f[7] <= _TIMESTAMP_MAX:
                self._problem("time_order", f"has timestamp {f[7]}, the one before {self._last}")
            if f[3] and f[0] != 3:
                self._problem("reserved_not_zero", f"has status {f[3]}, only a burned id has one")
            self._last = f[7]
            self._counts[f[0]] += 1
            handler(f, bundle[start + 24 : start + 152])

    def _problem(self, code: str, message: str) -> None:
        entry, offset, count = self._place
        self._total += 1
        if len(self._findings) < FINDINGS_MAX:
            file = tile_name(ENTRIES, entry // WIDTH, count)
            self._findings.append(Finding(code, file, offset, f"entry {entry} {message}"))

    def _moves_nothing(self, f: tuple[Any, ...]) -> None:
        if f[22:] != _NO_BALANCES or f[4] or f[5]:
            self._problem("reserved_not_zero", "moves no money but states balances or flags")

    def _account(self, f: tuple[Any, ...], event: bytes) -> None:
        account = ACCOUNT.unpack(event)
        ledger, code, flags, time = account[13:17]
        self._moves_nothing(f)
        if account[1:9] != (0,) * 8 or account[12]:
            self._problem("reserved_not_zero", "creates an account with balances or reserved bytes")
        if (
            account[0] in (_NO_ID, _LAST_ID)
            or not ledger
            or not code
            or flags & ~_ACCOUNT_FLAGS
            or flags & 6 == 6
        ):
            self._problem(
                "bad_account", f"creates an account with ledger {ledger}, code {code}, flags {flags}"
            )
        self._own_time(f[7], time, bool(flags & _ACCOUNT_IMPORTED), self._last_account)
        self._last_account = time
        if account[0] in self._accounts:
            self._problem("repeated_id", f"creates account {id_text(account[0])} again")
            return
        self._accounts[account[0]] = _Account(ledger, flags, time)

    def _own_time(self, booked: int, own: int, imported: bool, before: int) -> None:
        if own > booked or (own != booked and not imported):
            self._problem("time_order", f"was booked at {booked} but its record says {own}")
        if own <= before:
            self._problem("time_order", f"has a record of {own}, not after {before}")

    def _transfer(self, f: tuple[Any, ...], event: bytes) -> None:
        flags, amount = f[20], f[11] | f[12] << 64
        self._ids.add(f[8], self._place[0])
        if flags & IMPORTED or f[21] != f[7] or f[21] <= self._last_transfer:
            self._own_time(f[7], f[21], bool(flags & IMPORTED), self._last_transfer)
        self._last_transfer = f[21]
        if flags or f[13] != _NO_ID or f[17] or f[8] in (_NO_ID, _LAST_ID) or not f[19]:
            self._check_form(f, flags)
        sides = self._sides(f)
        if sides is None:
            return
        debit, credit = sides
        if (debit.flags | credit.flags) & _CLOSED and not flags & VOID:
            self._problem("closed_account", "moves money of a closed account")
        if flags & _RESOLVES:
            self._resolve(f, debit, credit, amount)
        elif flags & PENDING:
            debit.dp += amount
            credit.cp += amount
            if f[8] in self._holds:
                self._problem("repeated_id", f"repeats the open hold {id_text(f[8])}")
            self._holds[f[8]] = event
            if flags & _CLOSING_DEBIT:
                debit.flags |= _CLOSED
            if flags & _CLOSING_CREDIT:
                credit.flags |= _CLOSED
        else:
            debit.dpo += amount
            credit.cpo += amount
        self._check_bounds(debit, credit, flags if amount else 0)
        self._compare(f, debit, credit)

    def _check_form(self, f: tuple[Any, ...], flags: int) -> None:
        """What a transfer's own fields must satisfy whatever the state."""
        resolves = flags & _RESOLVES
        if (
            flags & ~_TRANSFER_FLAGS
            or resolves == _RESOLVES
            or (resolves and flags & _NOT_WITH_RESOLVING)
            or (flags & (_CLOSING_DEBIT | _CLOSING_CREDIT) and not flags & PENDING)
            or bool(resolves) != (f[13] != _NO_ID)
            or (f[17] and (not flags & PENDING or flags & IMPORTED))
            or f[8] in (_NO_ID, _LAST_ID, f[13])
            or not f[19]
        ):
            self._problem(
                "bad_transfer",
                f"has flags {flags}, timeout {f[17]}, code {f[19]}, pending id {id_text(f[13])}",
            )

    def _sides(self, f: tuple[Any, ...]) -> tuple[_Account, _Account] | None:
        debit, credit = self._accounts.get(f[9]), self._accounts.get(f[10])
        if debit is None or credit is None or debit is credit:
            self._problem(
                "unknown_account",
                f"moves money from {id_text(f[9])} to {id_text(f[10])}: no two known accounts",
            )
            return None
        if not debit.ledger == credit.ledger == f[18]:
            self._problem(
                "wrong_ledger", f"is of ledger {f[18]}, its accounts of {debit.ledger} and {credit.ledger}"
            )
        if f[20] & IMPORTED and f[21] <= max(debit.since, credit.since):
            self._problem("time_order", f"was effective at {f[21]}, before its accounts")
        return debit, credit

    def _resolve(self, f: tuple[Any, ...], debit: _Account, credit: _Account, amount: int) -> None:
        """Post or void the hold that the transfer names."""
        event = self._holds.pop(f[13], None)
        if event is None:
            self._problem("hold_not_open", f"resolves {id_text(f[13])}, which is no open hold")
            return
        hold = TRANSFER.unpack(event)
        held = wide(hold[3], hold[4])
        if hold[1:3] != (f[9], f[10]) or hold[10:12] != (f[18], f[19]):
            self._problem(
                "hold_differs", f"has other accounts, ledger or code than its hold {id_text(f[13])}"
            )
        if hold[9] and f[7] >= hold[13] + hold[9] * _SECOND_NS:
            self._problem("hold_expired", f"resolves hold {id_text(f[13])} after its time")
        if amount > held or (f[20] & VOID and amount != held):
            self._problem("bad_amount", f"resolves {amount} of a hold of {held}")
        self._release(hold[12], held, debit, credit, reopen=bool(f[20] & VOID))
        if f[20] & POST:
            debit.dpo += amount
            credit.cpo += amount

    def _release(
        self, hold_flags: int, held: int, debit: _Account, credit: _Account, *, reopen: bool
    ) -> None:
        debit.dp -= held
        credit.cp -= held
        if reopen and hold_flags & _CLOSING_DEBIT:
            debit.flags &= ~_CLOSED
        if reopen and hold_flags & _CLOSING_CREDIT:
            credit.flags &= ~_CLOSED

    def _expiry(self, f: tuple[Any, ...], event: bytes) -> None:
        if self._holds.pop(f[8], None) != event:
            self._problem("hold_not_open", f"expires {id_text(f[8])}, which is no open hold with this record")
            return
        if not f[17] or f[7] < f[21] + f[17] * _SECOND_NS:
            self._problem("hold_not_due", f"expires hold {id_text(f[8])} before its time")
        debit, credit = self._accounts[f[9]], self._accounts[f[10]]
        self._release(f[20], wide(f[11], f[12]), debit, credit, reopen=True)
        self._compare(f, debit, credit)

    def _burned(self, f: tuple[Any, ...], _event: bytes) -> None:
        self._ids.add(f[8], self._place[0])
        self._moves_nothing(f)
        if f[3] not in _BURNING or f[8] in (_NO_ID, _LAST_ID):
            self._problem("bad_burned_id", f"burns id {id_text(f[8])} with status {f[3]}")
        if (f[3] == _DEBIT_NOT_FOUND and f[9] in self._accounts) or (
            f[3] == _CREDIT_NOT_FOUND and f[10] in self._accounts
        ):
            self._problem("bad_burned_id", f"says that an account is not there, which is (status {f[3]})")

    def _seal(self, f: tuple[Any, ...], event: bytes) -> None:
        self._moves_nothing(f)
        if any(SEAL.unpack(event)[2]):
            self._problem("reserved_not_zero", "is a seal with reserved bytes that are not zero")

    def _check_bounds(self, debit: _Account, credit: _Account, flags: int) -> None:
        out, into = debit.dp + debit.dpo, credit.cp + credit.cpo
        if out >= _OVER or into >= _OVER:
            self._problem("overflow", "takes a balance beyond 128 bits")
        if (debit.flags & _DEBITS_LIMITED or flags & _BALANCING_DEBIT) and out > debit.cpo:
            self._problem(
                "limit_exceeded", f"takes the debited account's debits to {out}, over its {debit.cpo}"
            )
        if (credit.flags & _CREDITS_LIMITED or flags & _BALANCING_CREDIT) and into > credit.dpo:
            self._problem(
                "limit_exceeded", f"takes the credited account's credits to {into}, over its {credit.dpo}"
            )

    def _compare(self, f: tuple[Any, ...], debit: _Account, credit: _Account) -> None:
        """Compare what the entry states of both accounts with what was computed."""
        for account, flags, at, side in ((debit, f[4], 22, "debited"), (credit, f[5], 30, "credited")):
            dp, dpo = f[at] | f[at + 1] << 64, f[at + 2] | f[at + 3] << 64
            cp, cpo = f[at + 4] | f[at + 5] << 64, f[at + 6] | f[at + 7] << 64
            if dp != account.dp or dpo != account.dpo or cp != account.cp or cpo != account.cpo:
                stated, computed = (dp, dpo, cp, cpo), (account.dp, account.dpo, account.cp, account.cpo)
                self._problem(
                    "balance_differs", f"states {stated} for the {side} account, computed {computed}"
                )
                account.dp, account.dpo, account.cp, account.cpo = stated
            if flags != account.flags:
                self._problem(
                    "flags_differ", f"states flags {flags} for the {side} account, not {account.flags}"
                )
                account.flags = flags

    def finish(self, report: LogReport) -> None:
        """Put what was found, and the sums per ledger, into `report`."""
        for raw_id, first, again in self._ids.repeated():
            self._place = (
                again,
                2 + again % WIDTH * (2 + ENTRY_BYTES),
                min(WIDTH, report.size - again // WIDTH * WIDTH),
            )
            self._problem("repeated_id", f"uses transfer id {id_text(raw_id)}, already used by entry {first}")
        report.findings_total += self._total
        report.findings.extend(self._findings[: max(0, FINDINGS_MAX - len(report.findings))])
        report.entries_by_kind = {name: self._counts[kind] for kind, name in KINDS.items()}
        report.open_pending = len(self._holds)
        for account in self._accounts.values():
            sums = report.ledgers.setdefault(account.ledger, LedgerTotals())
            sums.accounts += 1
            sums.debits_pending += account.dp
            sums.debits_posted += account.dpo
            sums.credits_pending += account.cp
            sums.credits_posted += account.cpo
        for ledger, sums in sorted(report.ledgers.items()):
            if (sums.debits_pending, sums.debits_posted) != (sums.credits_pending, sums.credits_posted):
                report.add(
                    "out_of_balance", f"ledger {ledger}", None, f"debits and credits differ: {sums.as_json()}"
                )
        report.replayed = self._stopped_at is None
        if self._stopped_at is not None:
            message = f"stopped before entry {self._stopped_at}, whose bundle is missing or damaged"
            report.add("replay_stopped", "replay", None, message)
