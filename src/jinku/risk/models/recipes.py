"""The recipes that come with the package, for the feature set `cards`. docs/risk-models.md says how they were found."""

from dataclasses import replace

from jinku.risk.models.training import Recipe

_TWICE_SAID = (
    "customer_exposure",
    "customer_exposed",
    "customer_mean_90d",
    "customer_usual_count",
    "customer_alarm_2d",
    "customer_alarm_4d",
    "customer_alarm_5d",
    "customer_alarm_9d",
    "customer_alarm_11d",
    "terminal_clean_age",
    "terminal_known_7d",
    "terminal_known_30d",
    "terminal_count_1d",
    "terminal_count_7d",
)

CARDS = Recipe(
    line=(
        "customer_evidence",
        "customer_suspicious",
        "customer_blatant",
        "amount_excess",
        "customer_alarm",
        "terminal_silence",
        "terminal_bad",
        "terminal_over",
        "terminal_doubt",
        "terminal_runs",
    ),
    exposed="customer_exposed",
    left_out=(
        *_TWICE_SAID,
        "amount_ratio",
        "customer_usual",
        "customer_alarm",
        "customer_alarm_1d",
        "customer_alarm_3d",
        "customer_alarm_7d",
        "customer_alarm_13d",
        "customer_count_1d",
        "customer_count_7d",
        "customer_max_7d",
        "customer_max_ratio",
        "terminal_fraud_last",
        "terminal_frauds_7d",
        "terminal_frauds_30d",
        "terminal_risk_7d",
        "terminal_risk_30d",
    ),
    rising=(
        "amount_ratio",
        "amount_excess",
        "customer_evidence",
        "customer_suspicious",
        "customer_blatant",
        "customer_alarm",
        "terminal_silence",
        "terminal_bad",
    ),
    falling=("terminal_over",),
    leaves=8,
    leaf_rows_min=60,
)
"""A week or two of training days: a few hundred frauds. The forest sees the few features that say most: among payments
without any sign, whatever else it sees it takes for one."""

CARDS_HISTORY = replace(CARDS, line=(), exposed="", left_out=_TWICE_SAID, trees=300, leaves=15)
"""More history: with thousands of frauds a forest alone does better."""
