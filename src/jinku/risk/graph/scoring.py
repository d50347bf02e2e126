"""Graph scoring from files to ranked accounts: with labels, without, and what each score is made of.

Example::

    scored = score_graph(read_transfers(transactions, labels), explain=100)
    scored.document()["aml_ap"]
    scored.write(Path("ranked.csv"))
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jinku.risk.graph.features import account_features, pairs_of, unusual
from jinku.risk.graph.supervised import PARAMETERS, Learned, average_precision, score_supervised
from jinku.risk.graph.table import EVIDENCE, FOLD_SEED, FOLDS
from jinku.risk.graph.transfers import Floats, Transfers
from jinku.risk.graph.unsupervised import Scored, score_unsupervised

SHARES_SHOWN = 20
HEADER = ("rank", "account", "score", "unsupervised", "label", "reasons", "reasons_zh")


@dataclass(frozen=True, slots=True)
class GraphScore:
    """Both scores of all accounts; `learned` is None without labels."""

    transfers: Transfers
    alone: Scored
    learned: Learned | None

    @property
    def ranking(self) -> Floats:
        """What accounts are ranked by: the supervised score where there are labels."""
        return self.alone.score if self.learned is None else self.learned.score

    def document(self) -> dict[str, Any]:
        """Counts, average precisions and what the scores are made of, as JSON values."""
        labels = self.transfers.labels
        document: dict[str, Any] = {
            "accounts": self.transfers.count,
            "transfers": len(self.transfers),
            "transfers_to_oneself": self.transfers.to_oneself,
        }
        if labels is not None and self.learned is not None:
            known = labels >= 0
            document |= {
                "labelled": int(known.sum()),
                "fraud": int((labels == 1).sum()),
                "aml_ap": self.learned.average_precision,
                "aml_ap_folds": list(self.learned.fold_precisions),
                "aml_ap_unsupervised": average_precision(labels[known], self.alone.score[known]),
                "supervised": {
                    "how": "gradient-boosted trees, each account by a model that saw no label of its fold",
                    "folds": FOLDS,
                    "fold_seed": FOLD_SEED,
                    "model": {**PARAMETERS},
                    "features": len(self.learned.gains),
                    "share_of_gain": dict(self.learned.gains[:SHARES_SHOWN]),
                },
            }
        return document | {"unsupervised": self._alone()}

    def _alone(self) -> dict[str, Any]:
        labels = self.transfers.labels
        parts = []
        for key, (middle, deviation) in self.alone.usual.items():
            part: dict[str, Any] = {
                "key": key,
                "en": EVIDENCE[key].english,
                "zh": EVIDENCE[key].chinese,
                "middle": middle,
                "usual_deviation": deviation,
            }
            if labels is not None:
                known = labels >= 0
                part["ap_alone"] = average_precision(labels[known], self.alone.parts[key][known])
            parts.append(part)
        return {"how": "sum over parts of log(1 + (value - middle) / usual deviation)", "parts": parts}

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Accounts from the highest rank down, under `HEADER`."""
        labels = self.transfers.labels
        for rank, account in enumerate(np.argsort(-self.ranking, kind="stable"), 1):
            yield (
                rank,
                self.transfers.accounts[account],
                "" if self.learned is None else f"{self.learned.score[account]:.6f}",
                f"{self.alone.score[account]:.6f}",
                "" if labels is None or labels[account] < 0 else int(labels[account]),
                "; ".join(self.reasons(int(account), chinese=False)),
                "; ".join(self.reasons(int(account), chinese=True)),
            )

    def reasons(self, account: int, *, chinese: bool) -> list[str]:
        """Why this account has its rank: evidences above the usual with their values, then what moved the model."""
        found = [
            (float(self.alone.parts[key][account]), key)
            for key in EVIDENCE
            if self.alone.parts[key][account] > 0
        ]
        texts = []
        for part, key in sorted(found, reverse=True):
            name = EVIDENCE[key].chinese if chinese else EVIDENCE[key].english
            value, middle = self.alone.values[key][account], self.alone.usual[key][0]
            usual = "通常" if chinese else "usual"
            texts.append(f"{name} {value:.3g} ({usual} {middle:.3g}) +{part:.2f}")
        if self.learned is not None:
            model = "模型" if chinese else "model"
            texts += [f"{model} {name} +{moved:.2f}" for name, moved in self.learned.reasons.get(account, ())]
        return texts

    def write(self, path: Path) -> None:
        """The ranked accounts as CSV. Raises OSError."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER)
            writer.writerows(self.rows())


def score_graph(transfers: Transfers, explain: int = 0) -> GraphScore:
    """Score all accounts; give the model's reasons for the `explain` highest. Raises GraphRefused, ExtraAbsent."""
    pairs = pairs_of(transfers)
    strange = unusual(transfers, pairs)
    alone = score_unsupervised(transfers, strange)
    if transfers.labels is None:
        return GraphScore(transfers, alone, None)
    table = account_features(transfers, pairs, strange)
    return GraphScore(transfers, alone, score_supervised(table, pairs, transfers, explain))
