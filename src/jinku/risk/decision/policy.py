"""The decision policy: from score, rules and screening to one action, and the answer where these came too late.

Rules:

1. The strongest action wins: of the rules that fired and are not in shadow, and of the policy's rows all of whose
   conditions hold. Of equally strong ones the first rule in the rule set's order gives the reason, then the first row.
2. A row's conditions: `model` (the score is at least), `points` (of the rules that fired, at least), `listed`
   (screening hit somebody). A score that is not there meets no condition.
3. ``[late]`` answers where the deadline passed, ``[failed]`` where features, model or rules failed: hold above the
   amount of the currency (0 where it is not named), else `action`. The amount is that of all which a customer gets
   through in this way within a day; ``all_above`` is one of all customers together (none where it is not named). See
   `jinku.risk.decision.late`.
4. The same bytes are the same policy: its version is their SHA-256.

Example::

    policy = Policy.from_bytes(Path("decision.toml").read_bytes(), "decision.toml")
    policy.deadline_ms  # 250
"""

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jinku.risk.decision.errors import BadPolicy
from jinku.risk.decision.model import Action
from jinku.risk.events.batch import EventBatch

DEADLINE_MS_MAX = 60_000
ROWS_MAX = 100
REASON_CHARACTERS_MAX = 200
AMOUNT_MAX = (1 << 63) - 1
CONDITION = np.dtype(
    [
        ("model", "<f8"),
        ("points", "<i8"),
        ("action", "<i8"),
        ("by_model", "u1"),
        ("by_points", "u1"),
        ("listed", "i1"),
    ]
)
"""A row of the policy: `by_…` say which conditions count, `listed` is 1, 0, or -1 where it does not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered where nothing could be found out in time."""

    action: Action
    hold_above: Mapping[str, int]
    """Per currency code, in minor units: what is above is held."""
    all_above: Mapping[str, int] = field(default_factory=dict)
    """Per currency code: what all customers together get through before the rest is held."""

    def actions(self, batch: EventBatch) -> NDArray[np.uint8]:
        """The action for each event of `batch`: the stronger of the two."""
        amount, currency = batch.column("amount"), batch.column("currency")
        limits = np.array([self.hold_above.get(word, 0) for word in currency.words] or [0], np.int64)
        limit = np.where(currency.valid, limits[currency.values], 0)
        held = ~amount.valid | (amount.values > limit)
        otherwise = np.uint8(self.action)
        return np.where(held, max(otherwise, np.uint8(Action.HOLD)), otherwise).astype(np.uint8)


@dataclass(frozen=True)
class Policy:
    """See the module's rules. Made by `from_bytes`."""

    raw: bytes
    name: str
    deadline_ms: int
    late: Answer
    failed: Answer
    conditions: NDArray[Any]
    """``CONDITION`` rows."""
    reasons: tuple[str, ...]
    """Of each row."""

    @property
    def digest(self) -> str:
        """The policy's version."""
        return hashlib.sha256(self.raw).hexdigest()

    @classmethod
    def from_bytes(cls, raw: bytes, file: str = "policy") -> "Policy":
        """The policy that a TOML file says. Raises BadPolicy."""
        try:
            told = tomllib.loads(raw.decode())
        except (ValueError, RecursionError) as error:
            raise BadPolicy(f"is no TOML: {str(error)[:120]}", file=file) from None
        _known(told, {"name", "deadline_ms", "late", "failed", "when"}, file)
        deadline = told.get("deadline_ms", 0)
        if not _whole(deadline) or not 1 <= deadline <= DEADLINE_MS_MAX:
            raise BadPolicy(f"is not 1 to {DEADLINE_MS_MAX}", file=file, field="deadline_ms", value=deadline)
        name, rows = told.get("name", ""), told.get("when", [])
        if not isinstance(name, str) or not name or len(name) > REASON_CHARACTERS_MAX:
            raise BadPolicy("is no name", file=file, field="name", value=name)
        if not isinstance(rows, list) or len(rows) > ROWS_MAX:
            raise BadPolicy(f"must be at most {ROWS_MAX} tables", file=file, field="when")
        conditions = np.zeros(len(rows), CONDITION)
        for place, row in enumerate(rows):
            conditions[place] = _condition(row, file, place + 1)
        reasons = tuple(_reason(row, file, place + 1) for place, row in enumerate(rows))
        late, failed = (_answer(told, part, file) for part in ("late", "failed"))
        return cls(raw, name, deadline, late, failed, conditions, reasons)


def _known(table: Mapping[str, Any], names: set[str], file: str, within: str = "") -> None:
    for name in table:
        if name not in names:
            raise BadPolicy(f"is not known{within}", file=file, field=name, value=table[name])


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _action(value: object, file: str, field: str) -> Action:
    try:
        return Action[str(value).upper()] if isinstance(value, str) else Action(-1)
    except (KeyError, ValueError):
        raise BadPolicy(
            "is not allow, challenge, hold or deny", file=file, field=field, value=value
        ) from None


def _answer(told: Mapping[str, Any], part: str, file: str) -> Answer:
    table = told.get(part)
    if not isinstance(table, dict):
        raise BadPolicy("is missing", file=file, field=part)
    _known(table, {"action", "hold_above", "all_above"}, file, f" in [{part}]")
    limits = (_amounts(table, part, name, file) for name in ("hold_above", "all_above"))
    return Answer(_action(table.get("action"), file, f"{part}.action"), *limits)


def _amounts(table: Mapping[str, Any], part: str, name: str, file: str) -> dict[str, int]:
    limits, amounts = table.get(name, {}), {}
    if not isinstance(limits, dict):
        raise BadPolicy("is no table of amounts", file=file, field=f"{part}.{name}", value=limits)
    for currency, digits in limits.items():
        if not isinstance(digits, str) or not digits.isascii() or not digits.isdigit() or len(digits) > 19:
            raise BadPolicy(
                "is no amount: digits in quotes", file=file, field=f"{part}.{currency}", value=digits
            )
        amounts[currency] = min(int(digits), AMOUNT_MAX)
    return amounts


def _condition(row: object, file: str, number: int) -> tuple[float, int, int, int, int, int]:
    within = f" in [[when]] {number}"
    if not isinstance(row, dict):
        raise BadPolicy("is no table", file=file, field=f"when {number}", value=row)
    _known(row, {"model", "points", "listed", "action", "reason"}, file, within)
    if not {"model", "points", "listed"} & set(row):
        raise BadPolicy("has no condition", file=file, field=f"when {number}")
    model, points, listed = row.get("model", 0.0), row.get("points", 0), row.get("listed")
    if isinstance(model, bool) or not isinstance(model, int | float) or not math.isfinite(model):
        raise BadPolicy(f"is no score{within}", file=file, field="model", value=model)
    if not _whole(points) or abs(points) > AMOUNT_MAX:
        raise BadPolicy(f"is no whole number{within}", file=file, field="points", value=points)
    if listed not in (None, True, False):
        raise BadPolicy(f"is neither true nor false{within}", file=file, field="listed", value=listed)
    action = _action(row.get("action"), file, f"when {number} action")
    return (model, points, action, "model" in row, "points" in row, -1 if listed is None else int(listed))


def _reason(row: Mapping[str, Any], file: str, number: int) -> str:
    reason = row.get("reason")
    if not isinstance(reason, str) or not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise BadPolicy(f"is missing in [[when]] {number}", file=file, field="reason", value=reason)
    return reason
