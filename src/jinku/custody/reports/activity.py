"""What moved in the books of one legal entity and currency, and what lenders are owed: from the journal, two ways each.

Rules:

1. A movement counts when it was booked: by the ledger's own time, so that a report of a past period never changes.
2. Volumes are added up here column by column; `by_database` adds up the same rows by SQL in DuckDB. Both must agree.
3. The loan balance is what borrowers still owe: every released bid, less every principal that a borrower has repaid.
   Where the corridor keeps claims, the sum of all claims must be the same number.
4. Repayments of loans that were never released in these books belong to loans from before: they are named apart and
   come off the opening balance that the institution states, never off loans of these books.

Example::

    books = Activity.read(ledger, size_at(ledger, end), entity=1, unit=CNY)
    books.volumes(start, end)[Movement.DEPOSIT]  # Volume(count=…, amount=…)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from jinku.base.currency import Currency
from jinku.custody.orders.authority import CLAIM_LEDGER_BASE, AuthorityKind
from jinku.custody.reports.journal import (
    Journal,
    Standing,
    exact_sum,
    movements,
    places_of,
    posted,
    standing,
)
from jinku.custody.structure.model import Structure
from jinku.custody.structure.table import Money, Movement, Role
from jinku.ledger.layout import Array, u128

INT64_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Volume:
    """How many movements, and their sum in minor units."""

    count: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Loans:
    """What borrowers owe at one moment, in minor units."""

    balance: int
    """Of loans released in these books."""
    claims: int | None
    """The same by the claims that the corridor keeps; None where it keeps none."""
    lenders: int
    borrowers: int
    repaid_older: int
    """Principal repaid on loans from before these books."""
    sold: int
    """Sales of claims among the movements; without claims kept, lenders are counted as they first lent."""


@dataclass(frozen=True, eq=False)
class Activity:
    """The movements of one legal entity's books in one currency, up to one entry of the journal."""

    unit: Currency
    structure: Structure
    standing: Standing
    accounts: Array
    """Every account at the end, the entity's or not."""
    moves: Array
    """``MOVEMENT`` rows that moved this entity's money, in order."""
    debit: NDArray[np.int64]
    """Row of `accounts` that each movement debits."""
    credit: NDArray[np.int64]
    entity: int

    @classmethod
    def read(
        cls, ledger: Journal, size: int, entity: int, unit: Currency, structure: Structure
    ) -> "Activity":
        """Read the journal's first `size` entries."""
        books = standing(ledger, size)
        rows = posted(movements(ledger, size))
        rows = rows[rows["event"]["ledger"] == unit.number]
        debit = places_of(books.accounts, rows["event"], "debit_account_id")
        mine = (debit >= 0) & (books.accounts["user_data_32"][debit] == entity)
        rows, debit = rows[mine], debit[mine]
        credit = places_of(books.accounts, rows["event"], "credit_account_id")
        return cls(unit, structure, books, books.accounts, rows, debit, credit, entity)

    @property
    def own_rows(self) -> Array:
        """The entity's accounts in the currency at the end."""
        mine = (self.accounts["user_data_32"] == self.entity) & (self.accounts["ledger"] == self.unit.number)
        kept: Array = self.accounts[mine]
        return kept

    def within(self, start: int, end: int) -> NDArray[np.bool_]:
        """Which movements were booked from `start` to before `end` (ns)."""
        booked = self.moves["booked"]
        inside: NDArray[np.bool_] = (booked >= np.uint64(start)) & (booked < np.uint64(end))
        return inside

    def volumes(self, start: int, end: int) -> dict[int, Volume]:
        """Movements from `start` to before `end` by what they were for."""
        rows = self.moves[self.within(start, end)]["event"]
        found = {}
        for code in np.unique(rows["code"]).tolist():
            of = rows[rows["code"] == code]
            found[code] = Volume(len(of), exact_sum(of))
        return found

    def by_database(self, start: int, end: int) -> dict[int, Volume]:
        """The same as `volumes`, by SQL."""
        rows = self.moves[self.within(start, end)]["event"]
        columns: Mapping[str, NDArray[np.generic]] = {  # named in the query
            "code": np.ascontiguousarray(rows["code"]).astype(np.int64),
            "low": np.ascontiguousarray(rows["amount_lo"]),
            "high": np.ascontiguousarray(rows["amount_hi"]),
        }
        with duckdb.connect() as database:
            database.register("moved", dict(columns))
            query = "SELECT code, count(*), sum(low::HUGEINT), sum(high::HUGEINT) FROM moved GROUP BY code"
            answer = database.execute(query).fetchall()
        return {int(code): Volume(count, int(low) + (int(high) << 64)) for code, count, low, high in answer}

    def client_series(self) -> tuple[NDArray[np.uint64], list[int]]:
        """After each movement: when it was booked, and what all clients are owed then (minor units)."""
        client = np.array([code for code, one in self.structure.kinds.items() if one.money is Money.CLIENT])
        gains = np.isin(self.accounts["code"][self.credit], client).astype(np.int8)
        losses = np.isin(self.accounts["code"][self.debit], client).astype(np.int8)
        change = (gains - losses).tolist()
        owed, after = 0, []
        for sign, amount in zip(change, u128(self.moves["event"], "amount"), strict=True):
            owed += sign * amount
            after.append(owed)
        return self.moves["booked"].astype(np.uint64), after

    def loans(self) -> Loans:
        """What borrowers owe at the end."""
        event, codes = self.moves["event"], self.accounts["code"]
        borrower = self._code(Role.BORROWER)
        lent: dict[int, dict[int, int]] = {}
        owing: dict[int, int] = {}
        repaid_older = 0
        kinds = event["code"].tolist()
        wide = zip(*(u128(event, name) for name in ("user_data_128", "amount")), strict=True)
        for kind, (subject, amount), payer, payee in zip(
            kinds, wide, self.debit.tolist(), self.credit.tolist(), strict=True
        ):
            if kind == Movement.BID:
                by = lent.setdefault(subject, {})
                by[payer] = by.get(payer, 0) + amount
                owing[subject] = payee
            elif kind == Movement.PRINCIPAL:
                if subject not in lent:
                    repaid_older += amount if codes[payer] == borrower else 0
                    continue
                by = lent[subject]
                by[payee] = by.get(payee, 0) - amount
                if codes[payer] != borrower:  # whoever pays for the borrower takes over the claim
                    by[payer] = by.get(payer, 0) + amount
        open_loans = {subject: by for subject, by in lent.items() if sum(by.values())}
        claims, creditors = self._claims()
        by_money = {account for by in open_loans.values() for account, owed in by.items() if owed > 0}
        return Loans(
            balance=sum(sum(by.values()) for by in open_loans.values()),
            claims=claims,
            lenders=len(by_money) if creditors is None else creditors,
            borrowers=len({owing[subject] for subject in open_loans}),
            repaid_older=repaid_older,
            sold=kinds.count(int(Movement.DEBT_PRICE)),
        )

    def _claims(self) -> tuple[int | None, int | None]:
        rows = self.accounts[
            (self.accounts["code"] == int(AuthorityKind.CLAIM))
            & (self.accounts["ledger"] == CLAIM_LEDGER_BASE + self.unit.number)
            & (self.accounts["user_data_32"] == self.entity)
        ]
        if not len(rows):
            return None, None
        balances = zip(u128(rows, "credits_posted"), u128(rows, "debits_posted"), strict=True)
        owed = [credits_ - debits for credits_, debits in balances]
        creditors = zip(u128(rows, "user_data_128"), owed, strict=True)
        return sum(owed), len({creditor for creditor, claim in creditors if claim > 0})

    def opened(self, role: Role) -> int:
        """Accounts that parties of a role have."""
        return int(np.count_nonzero(self.own_rows["code"] == self._code(role)))

    def active(self, role: Role, start: int, end: int) -> int:
        """Parties of a role whose money moved from `start` to before `end`."""
        inside, code = self.within(start, end), self._code(role)
        touched = np.unique(np.concatenate([self.debit[inside], self.credit[inside]]))
        return int(np.count_nonzero(self.accounts["code"][touched] == code))

    def _code(self, role: Role) -> int:
        kind = self.structure.roles.get(role)
        return kind.code if kind else -1
