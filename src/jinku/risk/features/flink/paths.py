"""Bounded temporal paths (`jinku.risk.features.paths`) as Flink SQL: append-only, answered at the watermark.

Rules:

1. An event between two accounts has its number among the rows into its second account, and how many rows had come into
   its first: two counts of one unbounded window over both its sides, put together by the event's id.
2. Rows are a table with versions by (account, number); a row has one version for ever. So a step back, "the newest
   `ROWS_MAX` rows into this account before that row", is a join on equality, as of the event's own time, for each of
   `ROWS_MAX` numbers: it never reads a row beyond the bound, and it does not hold back the watermark, as a join over
   an interval of time would by the whole window, at each step.
3. Times rise along a chain, so a chain is within a window where its oldest row is; all windows of one key and filter
   share their joins, and each chain carries its age.
4. An event gets one row: it and the chains that were found for it meet in one tick. A chain that reaches its beginning
   is handed on through the steps that longer ones still take, so that each view is read once.

Example::

    view = write_paths(stage, "jinku_events", "jinku_events", add_view)   # `id`, `_time` and a column a feature
"""

# Names are letters, digits and _ by the definition.
# ruff: noqa: S608

from collections.abc import Callable

from jinku.risk.features.flink.clock import in_one_tick
from jinku.risk.features.flink.plan import PathStage
from jinku.risk.features.paths import ROWS_MAX, Chain

AddView = Callable[[str, str], str]
"""Name and text of a view to its quoted name."""


def write_paths(stage: PathStage, events: str, relation: str, add: AddView) -> str:
    """Write the views of one key and filter over `relation`, which has the rows of the table `events` with the features
    that the filter names; the last view, with the value of each event."""
    return _Paths(stage, events, relation, add).write()


class _Paths:
    def __init__(self, stage: PathStage, events: str, relation: str, add: AddView) -> None:
        self._events, self._relation, self._add = events, relation, add
        self._first, self._second = (f"`{name}`" for name in stage.key)
        self._condition = stage.condition.flink() if stage.condition else "TRUE"
        self._chains = {feature.name: Chain.of(feature) for feature in stage.features}

    def write(self) -> str:
        """All views; the last."""
        moves = self._moves()
        rows = self._add(
            "path_rows",
            "SELECT `_account`, `_number`, `_source`, `_came`, `_at`, `_time` FROM (\n"
            "  SELECT `_b` AS `_account`, `_into` AS `_number`, `_a` AS `_source`, `_came`, `_at`, `_time`,\n"
            "    ROW_NUMBER() OVER (PARTITION BY `_b`, `_into` ORDER BY `_time` DESC) AS `_newest`\n"
            f"  FROM {moves} WHERE `_passes` = 1\n) WHERE `_newest` = 1",
        )
        held, steps = self._asked(moves), max(chain.rows for chain in self._chains.values())
        for step in range(1, steps + 1):
            held = self._step(step, held, rows)
        return self._counted(held, steps)

    def _moves(self) -> str:
        """Events between two accounts, with both counts of rule 1."""
        numbered = self._add(
            "path_sides",
            "SELECT *, COUNT(CASE WHEN `_passes` = 1 THEN 1 END) OVER (PARTITION BY `_account` ORDER BY `_time`"
            " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS `_rows`\n"
            "FROM (\n"
            "  SELECT `id`, `time`, `_time`, `_side`, `_account`, `_is_row` * (1 - `_side`) AS `_passes`\n"
            "  FROM (\n"
            f"    SELECT `id`, `time`, `_time`, CASE WHEN {self._condition} THEN 1 ELSE 0 END AS `_is_row`,"
            f" ARRAY[ROW(0, {self._second}), ROW(1, {self._first})] AS `_both`\n    FROM {self._relation}\n"
            f"    WHERE {self._first} IS NOT NULL AND {self._second} IS NOT NULL AND {self._first} <> {self._second}\n"
            "  ) AS `m` CROSS JOIN UNNEST(`m`.`_both`) AS `_sides` (`_side`, `_account`)\n)",
        )
        parts = [
            f"MAX(CASE WHEN `_side` = {side} THEN {name} END) AS {into}"
            for side, name, into in (
                (0, "`_account`", "`_b`"),
                (1, "`_account`", "`_a`"),
                (0, "`_rows`", "`_into`"),
                (1, "`_rows`", "`_came`"),
            )
        ]
        columns = ", ".join(("MAX(`time`) AS `_at`", "MAX(`_passes`) AS `_passes`", *parts))
        return self._add("path_moves", in_one_tick(f"`id`, `window_time` AS `_time`, {columns}", numbered))

    def _asked(self, moves: str) -> str:
        """What each event asks: the account at which chains begin, the one at which they end, rows into that."""
        ways = {
            True: "ROW(1, `_b`, `_a`, `_came`)",
            False: "ROW(0, `_a`, `_b`, `_into` - `_passes`)",
        }
        asked = ", ".join(ways[one] for one in sorted({chain.closing for chain in self._chains.values()}))
        return self._add(
            "path_asked",
            "SELECT `id`, `_time`, `_now`, `_closing`, `_x`, `_y`, `_rows` AS `_came`, CAST(NULL AS BIGINT) AS `_at`,"
            f" 0 AS `_done`\nFROM (\n"
            f"  SELECT `id`, `_time`, `_at` AS `_now`, ARRAY[{asked}] AS `_asked` FROM {moves}\n) AS `m` "
            "CROSS JOIN UNNEST(`m`.`_asked`) AS `_ways` (`_closing`, `_x`, `_y`, `_rows`)",
        )

    def _step(self, step: int, held: str, rows: str) -> str:
        """One step back from what the step before reached; a chain that reached its beginning is handed on."""
        reached = f"`_m{step - 1}`" if step > 1 else "`_y`"
        before = [f"`_m{number}`" for number in range(1, step)]
        kept = ["`id`", "`_time`", "`_now`", "`_closing`", "`_x`", "`_y`", *before]
        goes_on = ["`_done` = 0", "`_wanted` > 0", _or(self._longest(step), "`_closing` = {0}")]
        goes_on += [f"{reached} <> {other}" for other in ("`_y`", *before[:-1]) if step > 1]
        numbers = ", ".join(f"`_came` - {back}" for back in range(ROWS_MAX))
        wanted = self._add(
            f"path_wanted_{step}",
            f"SELECT {', '.join(kept)}, `_at`, `_done`, {reached} AS `_reached`, `_wanted`\nFROM (\n"
            f"  SELECT {', '.join(kept)}, `_at`, `_done`, CASE WHEN `_done` > 0 THEN ARRAY[CAST(0 AS BIGINT)]"
            f" ELSE ARRAY[{numbers}] END AS `_numbers`\n"
            f"  FROM (SELECT {', '.join(kept)}, `_at`, `_came`, {self._done(step - 1)} AS `_done` FROM {held})\n"
            ") AS `h` CROSS JOIN UNNEST(`h`.`_numbers`) AS `_each` (`_wanted`)\n"
            f"WHERE `_done` > 0 OR ({' AND '.join(goes_on)})",
        )
        within = _or(self._longest(step), "`p`.`_closing` = {0} AND `s`.`_at` > `p`.`_now` - {1}")
        columns = ", ".join(f"`p`.{name}" for name in kept)
        return self._add(
            f"path_step_{step}",
            f"SELECT {columns}, `s`.`_source` AS `_m{step}`, `s`.`_came`, COALESCE(`s`.`_at`, `p`.`_at`) AS `_at`,"
            f" `p`.`_done`\nFROM {wanted} AS `p`\nLEFT JOIN {rows} FOR SYSTEM_TIME AS OF `p`.`_time` AS `s`\n"
            "ON `p`.`_reached` = `s`.`_account` AND `p`.`_wanted` = `s`.`_number`\n"
            f"WHERE `p`.`_done` > 0 OR {within}",
        )

    def _done(self, step: int) -> str:
        """After this step: the rows of a chain that reached its beginning, then or before; 0 of another."""
        return (
            f"CASE WHEN `_done` = 0 AND `_m{step}` = `_x` THEN {step} ELSE `_done` END" if step else "`_done`"
        )

    def _longest(self, step: int) -> list[tuple[int, int]]:
        """The ways that have so many steps, with the longest window of each."""
        found: dict[int, int] = {}
        for chain in self._chains.values():
            if chain.rows >= step:
                way = int(chain.closing)
                found[way] = max(found.get(way, 0), chain.window)
        return sorted(found.items())

    def _counted(self, held: str, steps: int) -> str:
        """Of each event, the different chains that each feature counts."""
        found = (
            f"SELECT `id`, `_time`, 0 AS `_there`, 2 * `_rows` + `_closing` AS `_kind`,"
            f" {_chain_text(steps)} AS `_chain`, `_now` - `_at` AS `_age`\n"
            f"FROM (SELECT *, {self._done(steps)} AS `_rows` FROM {held}) WHERE `_rows` > 0"
        )
        nothing = (
            "CAST(NULL AS INT) AS `_kind`, CAST(NULL AS STRING) AS `_chain`, CAST(NULL AS BIGINT) AS `_age`"
        )
        there = f"CASE WHEN {self._first} IS NOT NULL AND {self._second} IS NOT NULL THEN 1 ELSE 0 END"
        # From the source itself: beside rows that were joined, Flink 2.3 refuses the event time of a level's view.
        events = f"SELECT `id`, `_time`, {there} AS `_there`, {nothing} FROM {self._events}"
        parts = self._add("path_parts", f"{events}\nUNION ALL\n{found}")
        values = ",\n  ".join(
            "CASE WHEN MAX(`_there`) = 1 THEN CAST(COUNT(DISTINCT CASE WHEN"
            f" `_kind` = {2 * chain.rows + int(chain.closing)} AND `_age` < {chain.window} THEN `_chain` END)"
            f" AS DOUBLE) END AS `{name}`"
            for name, chain in self._chains.items()
        )
        return self._add("paths", in_one_tick(f"`id`, `window_time` AS `_time`,\n  {values}", parts))


def _chain_text(steps: int) -> str:
    """The accounts between, as one text: no two chains share it."""
    one, two = "CAST(`_m1` AS STRING)", "CAST(`_m2` AS STRING)"
    texts = ["''", one, f"CAST(CHAR_LENGTH({one}) AS STRING) || ':' || {one} || {two}"][:steps]
    return (
        "CASE `_rows` " + " ".join(f"WHEN {rows} THEN {body}" for rows, body in enumerate(texts, 1)) + " END"
    )


def _or(ways: list[tuple[int, int]], form: str) -> str:
    return "(" + " OR ".join(form.format(*one) for one in ways) + ")"
