"""Detectors of accounts that belong together: one device for many, and rings of mules who feed one account.

Every detector takes movements, its row of the table and the period, and gives findings; see `queries` for their form.
"""

from typing import NamedTuple

from jinku.base.clock import US_PER_DAY
from jinku.risk.graph.typologies.finding import Finding
from jinku.risk.graph.typologies.moves import Moves
from jinku.risk.graph.typologies.queries import Period, run
from jinku.risk.graph.typologies.table import Typology

_SHARED = """
WITH used AS (
  SELECT device, coalesce(payer, payee) AS account, t, amount, id FROM moves WHERE device IS NOT NULL AND t < {end}
),
sliding AS (
  SELECT device, t, count(DISTINCT account) OVER recent AS users, min(t) OVER recent AS first,
    sum(amount) OVER recent AS total FROM used
  WINDOW recent AS (PARTITION BY device ORDER BY t RANGE BETWEEN {window} - 1 PRECEDING AND CURRENT ROW)
),
best AS (
  SELECT * FROM sliding WHERE t >= {first} AND users >= {users_min}
  QUALIFY row_number() OVER (PARTITION BY device ORDER BY users DESC, total DESC, t) = 1
)
SELECT b.device, b.users / {users_min}, b.first, b.t, b.total, list(u.id ORDER BY u.t, u.id),
  to_json({{'users': b.users, 'total': b.total, 'days': {window_d},
    'accounts': list_sort(list(DISTINCT u.account))[1:100]}})
FROM best b JOIN used u ON u.device = b.device AND u.t BETWEEN b.first AND b.t
GROUP BY b.device, b.users, b.first, b.t, b.total
"""

_USERS = """
SELECT device, list_sort(list(DISTINCT coalesce(payer, payee))) AS users FROM moves
WHERE device IS NOT NULL AND t BETWEEN {since} AND {end} - 1
GROUP BY device HAVING len(users) BETWEEN 2 AND {users_max} ORDER BY device
"""

_RING = """
WITH recent AS (SELECT * FROM legs WHERE t >= {first} - {window} AND t < {end}),
outer_legs AS (
  SELECT r.ring, r.members, r.devices, l.* FROM recent l JOIN rings r ON list_contains(r.accounts, l.account)
  WHERE l.other IS NULL OR NOT list_contains(r.accounts, l.other)
),
got AS (SELECT ring, sum(amount) AS got FROM outer_legs WHERE side = 1 GROUP BY ring),
paid AS (
  SELECT ring, any_value(members) AS members, any_value(devices) AS devices, other, count(DISTINCT account) AS payers,
    sum(amount) AS paid, min(t) AS first, max(t) AS t, list(id ORDER BY t, id) AS ids
  FROM outer_legs WHERE side = -1 AND other IS NOT NULL GROUP BY ring, other
),
within AS (
  SELECT r.ring, l.other, count(DISTINCT l.account) AS payers, sum(l.amount) AS paid, min(l.t) AS first, max(l.t) AS t,
    list(l.id ORDER BY l.t, l.id) AS ids, any_value(r.members) AS members, any_value(r.devices) AS devices
  FROM recent l JOIN rings r ON list_contains(r.accounts, l.account) AND list_contains(r.accounts, l.other)
  WHERE l.side = -1 GROUP BY r.ring, l.other
),
heads AS (
  SELECT ring, members, devices, other, payers, paid, first, t, ids, FALSE AS inside FROM paid
  UNION ALL SELECT ring, members, devices, other, payers, paid, first, t, ids, TRUE FROM within
)
SELECT h.other, 1 + least(1.0, (h.payers - {members_min} + CAST(h.inside AS BIGINT)) / {members_min}), h.first, h.t,
  h.paid, h.ids, to_json({{'members': h.members, 'devices': h.devices, 'got': g.got, 'payers': h.payers, 'paid': h.paid,
    'to': h.other, 'accounts': r.accounts[1:100]}})
FROM heads h JOIN got g USING (ring) JOIN rings r USING (ring)
WHERE h.payers + CAST(h.inside AS BIGINT) >= {members_min} AND h.paid >= {amount_min}
  AND h.paid >= {share_min} * g.got AND h.t >= {first}
QUALIFY row_number() OVER (PARTITION BY h.ring ORDER BY h.payers DESC, h.paid DESC, h.other) = 1
"""


class _Ring(NamedTuple):
    number: int
    devices: int
    accounts: list[str]


def shared_device(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """One device that moves the money of many accounts; the subject is the device.

    PBOC [2016] No. 261; FATF, "Guidance on digital identity", 2020.
    """
    return run(moves, row, period, _SHARED)


def mule_ring(moves: Moves, row: Typology, period: Period) -> list[Finding]:
    """Accounts linked by shared devices, several of whom pass most of what the group receives to one account; the
    subject is that account. A family shares a tablet too, but spends its income in many places.

    Europol, European Money Mule Action reports; Altman et al., NeurIPS 2023.
    """
    window = round(row.number("window_d") * US_PER_DAY)
    query = _USERS.format(since=period.first - window, end=period.end, users_max=row.number("users_max"))
    shared = moves.database.execute(query).fetchall()
    rings = _joined(shared, int(row.number("members_min")))
    moves.database.execute(
        "CREATE OR REPLACE TEMP TABLE rings (ring BIGINT, members BIGINT, devices BIGINT, accounts VARCHAR[])"
    )
    if not rings:
        return []
    moves.database.executemany(
        "INSERT INTO rings VALUES (?, ?, ?, ?)",
        [(one.number, len(one.accounts), one.devices, one.accounts) for one in rings],
    )
    return run(moves, row, period, _RING)


def _joined(shared: list[tuple[str, list[str]]], members_min: int) -> list[_Ring]:
    """Groups of accounts connected by devices, with `members_min` accounts or more."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for _, users in shared:
        for other in users[1:]:
            first, second = sorted((root(users[0]), root(other)))
            parent[second] = first
    accounts: dict[str, list[str]] = {}
    devices: dict[str, int] = {}
    for one in sorted(parent):
        accounts.setdefault(root(one), []).append(one)
    for _, users in shared:
        devices[root(users[0])] = devices.get(root(users[0]), 0) + 1
    return [
        _Ring(number, devices[head], those)
        for number, (head, those) in enumerate(sorted(accounts.items()))
        if len(those) >= members_min
    ]
