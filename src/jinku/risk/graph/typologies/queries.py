"""What the detectors share: running a query whose numbers come from the table, and the fan of an account.

Rules:

1. A detector's query gives rows (subject, measure, first, last, amount, ids, values): `measure` is the strength in
   units of its threshold, 1 where it is just reached; `values` a JSON text for the explanation.
2. ``{name}`` in a query is a number of the table or the period and nothing else.
3. Only what ends within the period is found; what went before is the history that says what is usual.

Example::

    found = run(moves, typology, period, SQL, window=24 * HOUR_US)
"""

import json
from typing import Any, NamedTuple

from jinku.base.clock import US_PER_DAY
from jinku.risk.graph.typologies.finding import EVIDENCE_MAX, SCORE_MAX, SCORE_MIN, Finding
from jinku.risk.graph.typologies.moves import HOUR_US, Moves
from jinku.risk.graph.typologies.table import Typology


class Period(NamedTuple):
    """From `first` to before `end`, microseconds UTC."""

    first: int
    end: int


def run(moves: Moves, row: Typology, period: Period, query: str, **more: float) -> list[Finding]:
    """Run `query` with the numbers of the table, of the period (first, end), and `more`."""
    numbers: dict[str, str] = {"first": str(period.first), "end": str(period.end)}
    for name, value in row.thresholds.items():
        if isinstance(value, tuple):
            continue
        numbers[name] = repr(value)
        if name.endswith(("_h", "_d")):
            numbers[name[:-2]] = str(round(value * (HOUR_US if name.endswith("_h") else US_PER_DAY)))
    numbers |= {name: repr(value) for name, value in more.items()}
    found = moves.database.execute(query.format(**numbers)).fetchall()
    return sorted(
        (_finding(moves, row, *one) for one in found), key=lambda one: (-one.score, -one.amount, one.subject)
    )


def _finding(moves: Moves, row: Typology, *found: Any) -> Finding:
    subject, measure, first, last, amount, ids, values = found
    score = round(min(SCORE_MAX, max(SCORE_MIN, SCORE_MIN + (SCORE_MAX - SCORE_MIN) * (float(measure) - 1))))
    evidence = tuple(ids[:EVIDENCE_MAX])
    return Finding(
        row, subject, score, first, last, int(amount), moves.currency, len(ids), evidence, json.loads(values)
    )


FAN = """
WITH novel AS (
  SELECT *, row_number() OVER (PARTITION BY account, other ORDER BY t) = 1 AS is_new
  FROM legs WHERE side = {side} AND other IS NOT NULL AND t < {end}
),
sliding AS (
  SELECT account, t, count(DISTINCT other) OVER recent AS others,
    sum(CAST(is_new AS BIGINT)) OVER recent AS new, sum(amount) OVER recent AS total, min(t) OVER recent AS first
  FROM novel
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
compared AS (
  SELECT *, coalesce(max(new) OVER (PARTITION BY account ORDER BY t
    RANGE BETWEEN UNBOUNDED PRECEDING AND {window} PRECEDING), 0) AS usual FROM sliding
),
best AS (
  SELECT * FROM compared WHERE t >= {first} AND others >= {others_min} AND new >= {new_share_min} * others
    AND new >= {times_usual} * usual
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY others DESC, total DESC, t) = 1
),
onward AS (
  SELECT b.account, least(sum(l.amount), any_value(b.total)) AS amount FROM best b JOIN legs l
  ON l.account = b.account AND l.side = -({side}) AND l.t < {end}
    AND l.t BETWEEN b.first - CASE WHEN {side} < 0 THEN {onward} ELSE 0 END
      AND b.t + CASE WHEN {side} > 0 THEN {onward} ELSE 0 END
  GROUP BY b.account
)
SELECT b.account, b.others / {others_min}, b.first, b.t, b.total, list(n.id ORDER BY n.t, n.id),
  to_json({{'others': b.others, 'new': b.new, 'total': b.total, 'onward': o.amount, 'hours': {window_h}}})
FROM best b JOIN onward o USING (account)
JOIN novel n ON n.account = b.account AND n.t BETWEEN b.first AND b.t
WHERE o.amount >= {onward_share_min} * b.total
GROUP BY b.account, b.others, b.first, b.t, b.total, b.new, o.amount
"""
"""The most different counterparties that an account had on one side within the window, mostly new ones and many more
than ever before, and what it moved on the other side: after receiving, or before paying."""
