"""A house with risk switched on, its clock, movements, and persons who act in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tests.risk.decision.kit import patient

from jinku.bootstrap import open_house
from jinku.bootstrap.risk import Risk
from jinku.bootstrap.risk_desks import RiskDesks, open_desks
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array, set_u128
from jinku.risk.cases.access import Role
from jinku.risk.decision.record import Kept, RecordKind, decode
from jinku.risk.screening.formats.reading import Loaded
from jinku.risk.screening.lists import ListDesk
from jinku.risk.screening.model import Entry, ListedName
from jinku.risk.screening.names import Kind

NOON_NS = 1_795_176_000 * 10**9  # 2026-11-20T12:00:00Z
DAY_NS = 86_400 * 10**9
RULES = """
name = "house"
[[rule]]
name = "large"
when = "amount > {most}"
outcome = "hold"
score = 50
reason = "large"
reason_zh = "大额"
"""
SETTINGS = 'zone = "Asia/Shanghai"\nfeatures = "payments"\n'


class Now:
    """A clock that moves by a millisecond each time that it is asked."""

    def __init__(self) -> None:
        self.ns = NOON_NS

    def __call__(self) -> int:
        self.ns += 1_000_000
        return self.ns


@contextmanager
def opened(
    directory: Path, clock: Now, settings: str = SETTINGS, *, control: str = "", accounts: Sequence[int] = ()
) -> Iterator[Risk]:
    """Risk over the house at `directory`, with accounts 1 … 30 and those named."""
    directory.mkdir(exist_ok=True)
    if not (directory / "risk.toml").exists():
        (directory / "risk.toml").write_text(settings + patient(directory))
    with open_house(directory, clock=clock, control=control) as house:
        if not house.ledger.size():
            ids = [*range(1, 31), *accounts]
            rows = np.zeros(len(ids), ACCOUNT)
            set_u128(rows, "id", ids)
            rows["ledger"], rows["code"] = 156, 1
            house.ledger.create_accounts_array(rows)
        with Risk(house, clock) as risk:
            risk.recover()
            yield risk


def movements(first: int, *sides: tuple[int, int, int]) -> Array:
    """Transfers (payer, payee, amount) with ids from `first` on."""
    rows = np.zeros(len(sides), TRANSFER)
    set_u128(rows, "id", range(first, first + len(sides)))
    set_u128(rows, "debit_account_id", [payer for payer, _, _ in sides])
    set_u128(rows, "credit_account_id", [payee for _, payee, _ in sides])
    set_u128(rows, "amount", [amount for _, _, amount in sides])
    rows["ledger"], rows["code"] = 156, 1
    return rows


def moved(risk: Risk, first: int, *sides: tuple[int, int, int]) -> list[int]:
    """The statuses of transfers (payer, payee, amount)."""
    statuses: list[int] = risk.gate.create_transfers_array(movements(first, *sides))["status"].tolist()
    return statuses


def last(risk: Risk) -> Kept:
    """The journal's newest decisions."""
    for number in range(risk.journal.size - 1, -1, -1):
        if int(risk.journal.place(number)["kind"]) == RecordKind.DECISIONS:
            return decode(risk.journal.read(number))
    raise LookupError


def load_list(risk: Risk, clock: Now, *names: str) -> None:
    """Load the list "house" with these names, as another version."""
    entries = tuple(
        Entry("house", str(number), Kind.PERSON, (ListedName(name),)) for number, name in enumerate(names)
    )
    loaded = Loaded(entries, f"{len(names):064x}", "2026-11-20", "csv")
    ListDesk(risk.house.control, risk.house.ledger, clock).load(loaded, "house", by="officer-1")


def desks_of(risk: Risk, clock: Now) -> RiskDesks:
    """The desks over the risk's house, with an analyst ``aml-1`` and approvers ``head-1``, ``head-2``."""
    desks = open_desks(risk.house, clock)
    for who, role in (("head-1", Role.APPROVER), ("head-2", Role.APPROVER), ("aml-1", Role.ANALYST)):
        by = "founder" if who != "aml-1" else "head-1"
        desks.access.admit(who, role, by=by, text="of the desk")
    return desks
