"""A decision in words and values: why it came out so, and from what.

Example::

    explained(decided, 0, names, lines)["rules"]  # [{"name": "large", "action": "hold", …}]
"""

from typing import Any

import numpy as np

from jinku.risk.decision.combining import RuleLines
from jinku.risk.decision.engines import HouseEngines
from jinku.risk.decision.model import Action, Decided, Stage

REASONS_MAX = 8
"""Reasons of a model that are told of one decision."""
GAVE_DECIMALS = 4


def told(decided: Decided, place: int) -> dict[str, Any]:
    """The outcome at `place` as JSON values; the score as text, since JSON here has no floats."""
    one = decided.outcomes[place]
    return {
        "action": Action(int(one["action"])).name.lower(),
        "own": Action(int(one["own"])).name.lower(),
        "why": decided.why(place),
        "stage": Stage(int(one["stage"])).name.lower(),
        "points": int(one["points"]),
        "score": number(float(one["model"])),
    }


def explained(decided: Decided, place: int, names: tuple[str, ...], lines: RuleLines) -> dict[str, Any]:
    """The outcome at `place`, the rules that fired, and the features that are not NULL."""
    fired = np.flatnonzero(decided.findings.hits[place]).tolist()
    values = decided.findings.values[:, place].tolist()
    return told(decided, place) | {
        "rules": [
            {
                "name": lines.lines[at].name,
                "action": lines.lines[at].action.name.lower(),
                "points": lines.lines[at].points,
                "reason": lines.lines[at].reason,
                "shadow": lines.lines[at].shadow,
            }
            for at in fired
        ],
        "features": {
            name: number(value) for name, value in zip(names, values, strict=True) if value == value
        },
        "versions": decided.versions.as_json(),
    }


def raised(decided: Decided, place: int, engines: HouseEngines) -> list[dict[str, str]]:
    """The features that raised the model's score at `place`, the strongest first, in both languages, with what each
    gave (log-odds); none where no model scored it."""
    if np.isnan(decided.outcomes[place]["model"]):
        return []
    return [
        {
            "feature": one.code,
            "zh": one.words.zh,
            "en": one.words.en,
            "value": number(one.value),
            "gave": number(round(one.gave, GAVE_DECIMALS)),
        }
        for one in engines.reasons(decided.findings.values[:, place], REASONS_MAX)
    ]


def number(value: float) -> str:
    """A number as text, whole ones without a point; empty for none."""
    if value != value:
        return ""
    return str(int(value)) if value == int(value) else repr(value)
