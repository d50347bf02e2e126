"""How well card fraud is found, by the Handbook's protocol: means over start dates.

Example::

    run(Path("transactions.parquet"), progress=print)
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from jinku.bench.report import Figure
from jinku.risk.models.evaluation import Period
from jinku.risk.models.experiment import Study, days_of

STARTS = tuple(str(date(2018, 5, 6) + timedelta(days=day)) for day in range(66))
"""First days of training: every day with five weeks of payments before it (the longest window and the label delay),
to the last whose test week the file holds. A mean over few of them says more about which were chosen."""
HISTORY_STARTS = ("2018-05-20", "2018-06-01", "2018-06-15", "2018-06-28", "2018-07-08")
"""The same for training on all days before."""

Progress = Callable[[str], None]


def run(data: Path, progress: Progress) -> dict[str, Figure]:
    """`card_ap`, `card_cp100`, `card_auc` of seven training days, and `card_ap_history`. Raises BadTrainingData."""
    progress("card fraud: features of all payments")
    study = Study.open(data, lambda _what, _share: None)
    week, history = [], []
    for number, start in enumerate(STARTS, 1):
        progress(f"card fraud: training from {start}, {number} of {len(STARTS)}")
        week.append(study.evaluate(Period(days_of(start))).quality)
    for start in HISTORY_STARTS:
        progress(f"card fraud: training on all days before {start} and its week")
        history.append(study.evaluate(Period(days_of(start), history_days=None)).quality)
    return {
        "card_ap": Figure(float(np.mean([one.ap for one in week])), "average precision", 0.73),
        "card_cp100": Figure(float(np.mean([one.cp100 for one in week])), "card precision", 0.31),
        "card_auc": Figure(float(np.mean([one.auc for one in week])), "area", 0.895),
        "card_ap_history": Figure(float(np.mean([one.ap for one in history])), "average precision", 0.76),
    }
