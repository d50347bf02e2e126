"""Detectors of an account's own habits: just under a threshold, awake after a long silence, round, fast, by night.

Every detector takes movements, its row of the table and the period, and gives findings; see `queries` for their form.
"""

from jinku.base.clock import US_PER_DAY
from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.graph.typologies.moves import Moves
from jinku.risk.graph.typologies.queries import Period, run
from jinku.risk.graph.typologies.table import Typology

_STRUCTURING = """
SELECT account, least(2.0, sum(amount) / {threshold}), min(t), max(t), sum(amount), list(id ORDER BY t, id),
  to_json({{'transfers': count(*), 'lowest': min(amount), 'highest': max(amount), 'total': sum(amount),
    'threshold': CAST({threshold} AS BIGINT), 'side': CASE WHEN side = 1 THEN 'received' ELSE 'paid' END}})
FROM legs WHERE t >= {first} AND t < {end} AND amount >= {near_share} * {threshold} AND amount < {threshold}
GROUP BY account, side, day HAVING count(*) >= {transfers_min} AND sum(amount) >= {threshold}
"""

_DORMANT = """
WITH start AS (SELECT min(t) AS begun FROM legs),
silent AS (
  SELECT account, legs.t AS t, side, amount,
    legs.t - coalesce(lag(legs.t) OVER (PARTITION BY account ORDER BY legs.t), begun) AS gap
  FROM legs, start WHERE legs.t < {end}
),
woken AS (SELECT * FROM silent WHERE side = 1 AND gap >= {silent} AND amount >= {amount_min}),
paid AS (
  SELECT w.account, w.t AS woke, w.amount AS got, w.gap, sum(l.amount) AS paid, max(l.t) AS t,
    list(l.id ORDER BY l.t) AS ids
  FROM woken w JOIN legs l ON l.account = w.account AND l.side = -1
    AND l.t > w.t AND l.t <= w.t + {window} AND l.t < {end}
  GROUP BY ALL
)
SELECT p.account, 1 + least(1.0, p.gap / {silent} - 1), p.woke, p.t, p.got, list_concat([any_value(l.id)], p.ids),
  to_json({{'days': CAST(floor(p.gap / {day}) AS BIGINT), 'got': p.got, 'paid': p.paid, 'hours': {window_h}}})
FROM paid p JOIN legs l ON l.account = p.account AND l.t = p.woke AND l.side = 1
WHERE p.t >= {first} AND p.paid >= {share_min} * p.got
GROUP BY p.account, p.woke, p.t, p.got, p.paid, p.gap, p.ids
"""

_ROUND = """
WITH sliding AS (
  SELECT account, t, count(*) OVER recent AS transfers, min(t) OVER recent AS first, sum(amount) OVER recent AS total,
    count(*) FILTER (amount % {unit} = 0) OVER recent AS round,
    count(DISTINCT (other, amount)) FILTER (amount % {unit} = 0) OVER recent AS kinds
  FROM legs WHERE side = -1 AND t < {end}
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
best AS (
  SELECT * FROM sliding WHERE t >= {first} AND transfers >= {transfers_min} AND round >= {round_share_min} * transfers
    AND kinds >= {kinds_min}
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY round DESC, total DESC, t) = 1
)
SELECT b.account, b.kinds / {kinds_min}, b.first, b.t, b.total, list(l.id ORDER BY l.t, l.id),
  to_json({{'round': b.round, 'transfers': b.transfers, 'kinds': b.kinds}})
FROM best b JOIN legs l ON l.account = b.account AND l.side = -1 AND l.t BETWEEN b.first AND b.t
GROUP BY ALL
"""

_VELOCITY = """
WITH counted AS (
  SELECT account, t, count(*) OVER recent AS transfers, min(t) OVER recent AS first, sum(amount) OVER recent AS total
  FROM legs WHERE side = -1 AND t < {end}
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
usual AS (
  SELECT *, coalesce(max(transfers) OVER (PARTITION BY account ORDER BY t
    RANGE BETWEEN UNBOUNDED PRECEDING AND {window} PRECEDING), 0) AS usual FROM counted
),
best AS (
  SELECT * FROM usual WHERE t >= {first} AND transfers >= {transfers_min} AND transfers >= {times_usual} * usual
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY transfers DESC, total DESC, t) = 1
)
SELECT b.account, b.transfers / {transfers_min}, b.first, b.t, b.total, list(l.id ORDER BY l.t, l.id),
  to_json({{'transfers': b.transfers, 'usual': b.usual, 'minutes': CAST({window} / 60000000 AS BIGINT)}})
FROM best b JOIN legs l ON l.account = b.account AND l.side = -1 AND l.t BETWEEN b.first AND b.t
GROUP BY ALL
"""

_NIGHT = """
WITH sliding AS (
  SELECT account, t, count(*) OVER recent AS transfers, count(*) FILTER (night) OVER recent AS nights,
    min(t) OVER recent AS first, sum(amount) FILTER (night) OVER recent AS total,
    coalesce(count(*) FILTER (night) OVER before / nullif(count(*) OVER before, 0), 0) AS usual
  FROM legs WHERE side = -1 AND t < {end}
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW),
    before AS (PARTITION BY account ORDER BY t RANGE BETWEEN UNBOUNDED PRECEDING AND {window} PRECEDING)
),
best AS (
  SELECT * FROM sliding WHERE t >= {first} AND nights >= {night_min} AND nights >= {night_share_min} * transfers
    AND usual <= {usual_share_max}
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY nights DESC, total DESC, t) = 1
)
SELECT b.account, b.nights / {night_min}, b.first, b.t, b.total, list(l.id ORDER BY l.t, l.id),
  to_json({{'night': b.nights, 'transfers': b.transfers, 'days': {window_d},
    'usual': CAST(round(100 * b.usual) AS BIGINT)}})
FROM best b JOIN legs l ON l.account = b.account AND l.side = -1 AND l.night AND l.t BETWEEN b.first AND b.t
GROUP BY ALL
"""


def structuring(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Several transfers of one side within one local day, each just under a reporting threshold, above it together.

    PBOC Order [2016] No. 3, art. 5 (the thresholds); FATF, "Professional money laundering", 2018.
    """
    thresholds = row.numbers(f"thresholds_{moves.currency.lower()}")
    found = [one for limit in thresholds for one in run(moves, row, period, _STRUCTURING, threshold=limit)]
    return sorted(found, key=lambda one: (-one.score, -one.amount, one.subject))


def dormant(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """An account silent for weeks, or never seen in weeks of history, receives much and pays most of it on at once.

    PBOC guidance on 长期闲置的账户突然启用; FATF, "Money mules", 2018.
    """
    return run(moves, row, period, _DORMANT, day=US_PER_DAY)


def round_amounts(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Payments nearly all of whole thousands, to changing payees or of changing amounts: a standing order is neither.

    FATF and Egmont Group, "Trade-based money laundering: risk indicators", 2021.
    """
    return run(moves, row, period, _ROUND)


def velocity(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Many more payments within an hour than the account ever made in one.

    Wolfsberg Group, "Statement on monitoring", 2019.
    """
    return run(moves, row, period, _VELOCITY)


def night(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Payments mostly by night, by an account that used to pay by day. Who works nights always did.

    PBOC [2016] No. 261 on watching transfers late at night.
    """
    return run(moves, row, period, _NIGHT)
