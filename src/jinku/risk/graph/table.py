"""What graph scores are made of, as tables a person reads.

Rules:

1. The score without labels is the sum of the evidences below: of each, log(1 + how many usual deviations the account
   lies above the middle account). No evidence has a weight or a threshold that was fitted to a file.
2. Time is in steps of the file (AMLSim: days).

Example::

    EVIDENCE["own_amount"].chinese  # "偏离自身惯常金额"
"""

from dataclasses import dataclass

STEP = 1.0
"""One step of the file's time: rows of the same step when times are whole."""
BURST_STEPS = 3.0
WEEK_STEPS = 7.0
RARITY_BINS = 64
DEVIATION_FLOOR = 0.05
"""The least spread (in logarithms, 5 %) that an account's amounts are taken to have."""
FOLDS = 5
FOLD_SEED = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason why an account stands out without any label."""

    key: str
    english: str
    chinese: str


EVIDENCE = {
    one.key: one
    for one in (
        Evidence("own_amount", "amounts far from the payer's own habit", "偏离自身惯常金额"),
        Evidence("rare_amount", "amounts that hardly anybody moves", "全体中罕见的金额"),
        Evidence("same_pair", "many transfers of one pair within a step", "同一对手短时重复划转"),
        Evidence("payers_at_once", "many payers within three steps", "短期内多方汇入"),
        Evidence("payees_at_once", "many payees within three steps", "短期内多方汇出"),
    )
}
