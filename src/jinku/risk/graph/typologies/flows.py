"""Detectors of how money flows: through, in from many, out to many, apart and together again, round.

Every detector takes movements, its row of the table and the period, and gives findings; see `queries` for their form.
"""

from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.graph.typologies.moves import Moves
from jinku.risk.graph.typologies.queries import FAN, Period, run
from jinku.risk.graph.typologies.table import Typology

_IN_AND_OUT = """
WITH sliding AS (
  SELECT account, t, side,
    sum(amount) FILTER (side = 1) OVER recent AS got, sum(amount) FILTER (side = -1) OVER recent AS paid,
    min(t) OVER recent AS first, min(t) FILTER (side = 1) OVER recent AS first_got
  FROM legs WHERE t < {end}
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
compared AS (
  SELECT *, coalesce(max(got) OVER (PARTITION BY account ORDER BY t
    RANGE BETWEEN UNBOUNDED PRECEDING AND {window} PRECEDING), 0) AS usual FROM sliding
),
best AS (
  SELECT * FROM compared WHERE t >= {first} AND side = -1 AND got >= {amount_min} AND first_got < t
    AND paid BETWEEN {share_min} * got AND (2 - {share_min}) * got AND got >= {times_usual} * usual
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY got DESC, t) = 1
)
SELECT b.account, least(2.0, b.got / greatest(b.usual * {times_usual}, {amount_min})), b.first, b.t, b.got,
  list(l.id ORDER BY l.t, l.id),
  to_json({{'got': b.got, 'paid': b.paid, 'hours': {window_h},
    'times': CASE WHEN b.usual > 0 THEN CAST(round(b.got / b.usual) AS VARCHAR) ELSE '∞' END}})
FROM best b JOIN legs l ON l.account = b.account AND l.t BETWEEN b.first AND b.t
GROUP BY b.account, b.got, b.paid, b.usual, b.first, b.t
"""

_GATHER_SCATTER = """
WITH sliding AS (
  SELECT account, t, side,
    count(DISTINCT other) FILTER (side = 1) OVER recent AS payers, sum(amount) FILTER (side = 1) OVER recent AS got,
    count(DISTINCT other) FILTER (side = -1) OVER after AS payees, sum(amount) FILTER (side = -1) OVER after AS paid,
    min(t) FILTER (side = 1) OVER recent AS first, max(t) FILTER (side = -1) OVER after AS last
  FROM legs WHERE t < {end}
  WINDOW recent AS (PARTITION BY account ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW),
    after AS (PARTITION BY account ORDER BY t RANGE BETWEEN 1 FOLLOWING AND {window} FOLLOWING)
),
compared AS (
  SELECT *, coalesce(max(got) OVER (PARTITION BY account ORDER BY t
    RANGE BETWEEN UNBOUNDED PRECEDING AND {window} PRECEDING), 0) AS usual FROM sliding
),
best AS (
  SELECT * FROM compared WHERE last >= {first} AND side = 1 AND payers >= {others_min} AND payees >= {others_min}
    AND paid BETWEEN {share_min} * got AND (2 - {share_min}) * got AND got >= {times_usual} * usual
  QUALIFY row_number() OVER (PARTITION BY account ORDER BY least(payers, payees) DESC, got DESC, t) = 1
)
SELECT b.account, least(b.payers, b.payees) / {others_min}, b.first, b.last, b.got, list(l.id ORDER BY l.t, l.id),
  to_json({{'payers': b.payers, 'payees': b.payees, 'got': b.got, 'paid': b.paid, 'hours': {window_h},
    'times': CASE WHEN b.usual > 0 THEN CAST(round(b.got / b.usual) AS VARCHAR) ELSE '∞' END}})
FROM best b JOIN legs l ON l.account = b.account
  AND ((l.side = 1 AND l.t BETWEEN b.first AND b.t) OR (l.side = -1 AND l.t BETWEEN b.t + 1 AND b.last))
GROUP BY b.account, b.payers, b.payees, b.got, b.paid, b.usual, b.first, b.last
"""

_QUIET = """
WITH quiet AS (
  SELECT account FROM legs WHERE t BETWEEN {first} - {window} AND {end} - 1
  GROUP BY account HAVING count(*) <= {rows_max}
),
m AS (
  SELECT * FROM moves WHERE amount >= {amount_min} AND t BETWEEN {first} - {window} AND {end} - 1
    AND payer IS NOT NULL AND payee IS NOT NULL AND payer <> payee
)"""

_SCATTER_GATHER = (
    _QUIET  # noqa: S608 - our own text
    + """,
two AS (
  SELECT o.payer AS a, o.payee AS middle, i.payee AS b, o.t AS first, i.t AS t, i.amount, o.id AS out_id, i.id AS in_id
  FROM m o JOIN quiet ON quiet.account = o.payee
  JOIN m i ON i.payer = o.payee AND i.t > o.t AND i.t < o.t + {window} AND i.payee <> o.payer
    AND i.amount BETWEEN {share_min} * o.amount AND (2 - {share_min}) * o.amount
  QUALIFY row_number() OVER (PARTITION BY i.id ORDER BY o.t DESC, o.id) = 1
),
sliding AS (
  SELECT a, b, t, count(DISTINCT middle) OVER recent AS middles, sum(amount) OVER recent AS total FROM two
  WINDOW recent AS (PARTITION BY a, b ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
best AS (
  SELECT * FROM sliding WHERE t >= {first} AND middles >= {middles_min}
  QUALIFY row_number() OVER (PARTITION BY a, b ORDER BY middles DESC, total DESC, t) = 1
)
SELECT best.a, best.middles / {middles_min}, min(two.first), best.t, best.total,
  list_distinct(flatten(list([two.out_id, two.in_id] ORDER BY two.t, two.in_id))),
  to_json({{'middles': best.middles, 'total': best.total, 'from': best.a, 'to': best.b, 'hours': {window_h},
    'through': list_sort(list(DISTINCT two.middle))}})
FROM best JOIN two ON two.a = best.a AND two.b = best.b AND two.t > best.t - {window} AND two.t <= best.t
GROUP BY best.a, best.b, best.t, best.middles, best.total
"""
)

_NEXT = (
    "JOIN quiet q{n} ON q{n}.account = m{p}.payee JOIN m m{n} ON m{n}.payer = m{p}.payee AND m{n}.t > m{p}.t "
    "AND m{n}.t < m1.t + {{window}} AND m{n}.amount BETWEEN {{share_min}} * m{p}.amount "
    "AND (2 - {{share_min}}) * m{p}.amount "
)
_CYCLE = (
    _QUIET  # noqa: S608 - our own text
    + """,
rounds AS (
  SELECT [m1.payer, m2.payer, m3.payer] AS who, [m1.id, m2.id, m3.id] AS ids, m1.t AS first, m3.t AS t,
    least(m1.amount, m2.amount, m3.amount) AS total FROM m m1
  """
    + _NEXT.format(n=2, p=1)
    + _NEXT.format(n=3, p=2)
    + """ AND m3.payee = m1.payer
  UNION ALL
  SELECT [m1.payer, m2.payer, m3.payer, m4.payer], [m1.id, m2.id, m3.id, m4.id], m1.t, m4.t,
    least(m1.amount, m2.amount, m3.amount, m4.amount) FROM m m1
  """
    + _NEXT.format(n=2, p=1)
    + _NEXT.format(n=3, p=2)
    + _NEXT.format(n=4, p=3)
    + """ AND m4.payee = m1.payer
)
SELECT who[1], 1 + least(1.0, total / (20 * {amount_min})), first, t, total, ids,
  to_json({{'total': total, 'accounts': len(who), 'hours': {window_h}, 'through': who}})
FROM rounds WHERE t >= {first} AND len(list_distinct(who)) = len(who)
QUALIFY row_number() OVER (PARTITION BY list_sort(who) ORDER BY total DESC, t) = 1
"""
)


def pass_through(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Money that leaves as fast as it came, far above what the account usually receives.

    FATF and Egmont Group, "Laundering the proceeds through money mules", 2011; PBOC guidance on 快进快出.
    """
    return run(moves, row, period, _IN_AND_OUT)


def fan_in(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Many, mostly new payers pay one account, which sends most of it on. Money that stays is a wedding, not a crime.

    Altman et al., "Realistic synthetic financial transactions", NeurIPS 2023: fan-in; PBOC: 分散转入集中转出.
    """
    return run(moves, row, period, FAN, side=1)


def fan_out(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """One account pays many, mostly new payees from what it has just received. Wages come from a balance.

    Altman et al., NeurIPS 2023: fan-out; PBOC: 集中转入分散转出.
    """
    return run(moves, row, period, FAN, side=-1)


def scatter_gather(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """One account pays several, and each pays about as much on to the same other account. Accounts busier than
    `rows_max` are no middlemen.

    Altman et al., NeurIPS 2023: scatter-gather.
    """
    return run(moves, row, period, _SCATTER_GATHER)


def gather_scatter(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Several pay one account, which then pays about as much out to several, far above its usual.

    Altman et al., NeurIPS 2023: gather-scatter.
    """
    return run(moves, row, period, _GATHER_SCATTER)


def cycle(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """About the same money goes round three or four accounts, in rising time. There and back again is a refund.

    Kumar and Calders, "2SCENT: an efficient algorithm for enumerating all simple temporal cycles", VLDB 2018.
    """
    return run(moves, row, period, _CYCLE)
