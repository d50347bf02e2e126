"""How much happens on the simulated day, as tables.

Amounts are in fen (CNY minor units), rates in hundredths of a percent, times in half hours since midnight in
China.
"""

from dataclasses import dataclass

SLOTS = 48
SLOT_S = 1800
CUT_OFF_SLOT = 47
"""From here on, what comes in belongs to the next business day."""

HOURLY_WEIGHTS = (
    (2, 1, 1, 0, 0, 1, 3, 8, 22, 46, 62, 48, 34, 38, 50, 46, 38, 30, 26, 34, 52, 48, 28, 12)
)  # fmt: skip
"""How busy each hour of the day is: morning launch of projects, after lunch, and the evening on the sofa."""

REPAYMENT_SLOTS = range(18, 34)
"""Loans are collected from 9:00 to 17:00."""
LAUNCH_SLOTS = (20, 21, 28, 29, 40, 41)
"""Projects open at 10:00, 14:00 and 20:00, and half an hour later."""
SWEEP_SLOTS = (34,)
"""Fee income leaves the client pool at 17:00; what comes in later is an excess that the close finds."""
CUT_OFF = "23:30"

HUNDRED_YUAN = 10_000
RELEASE_FEE_BP = 150
INTEREST_FEE_BP = 1_000
WITHDRAWAL_FEE = 200
"""Two yuan, from every third withdrawal."""
EXPIRING_TIMEOUT_S = 5_400
EXPIRED_AFTER_SLOTS = 4
"""Money held by an expiring bid is used again two hours later, well after its hold has ended."""
BID_TIMEOUT_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts of the day. `bids_per_project` and `investors_per_loan` are (least, most)."""

    investors: int
    borrowers: int
    merchants: int
    guarantors: int
    deposits: int
    withdrawals: int
    projects: int
    bids_per_project: tuple[int, int]
    loans_due: int
    investors_per_loan: tuple[int, int]
    resent_per_thousand: int = 10
    """Orders that a caller sends twice because the answer got lost."""
    overdrawn_per_thousand: int = 4
    """Bids for more than the investor has."""
    unidentified: int = 5
    breaks_per_class: int = 3


FULL = Scale(
    investors=3_000,
    borrowers=320,
    merchants=40,
    guarantors=8,
    deposits=5_600,
    withdrawals=2_700,
    projects=66,
    bids_per_project=(80, 280),
    loans_due=280,
    investors_per_loan=(20, 62),
)
SMALL = Scale(
    investors=160,
    borrowers=24,
    merchants=6,
    guarantors=2,
    deposits=300,
    withdrawals=140,
    projects=8,
    bids_per_project=(20, 40),
    loans_due=14,
    investors_per_loan=(8, 20),
    unidentified=2,
    breaks_per_class=2,
)
