"""Rules: SQL conditions over events and features, published by two persons, tried on history before they act.

`reading` makes a checked `RuleSet` of a file; `publishing` keeps versions and says which one is in force; `backtest`
and `difference` say what a set would have done. docs/risk-rules.md teaches all of it in ten minutes.
"""

from jinku.risk.rules.errors import BadHistory, BadRules, RulesRefused
from jinku.risk.rules.model import Hits, Outcome, Rule, RuleSet
from jinku.risk.rules.reading import load, read_rules

__all__ = [
    "BadHistory",
    "BadRules",
    "Hits",
    "Outcome",
    "Rule",
    "RuleSet",
    "RulesRefused",
    "load",
    "read_rules",
]
