"""The cluster's clock in SQL: lengths of time, and what meets in one tick of it.

A microsecond of ours is a millisecond of Flink's clock (see `tables`), its smallest: one tick.

Example::

    interval(90_000_000)   # "1000 * INTERVAL '0:01:30' HOUR TO SECOND"
"""

from jinku.risk.features.definition import MICROSECONDS

DAY_SECONDS = 86_400


def interval(microseconds: int) -> str:
    """So many of our microseconds, each a millisecond of Flink's, as a constant that Flink folds.

    Flink refuses a literal's first number beyond three digits; a product of one has no such limit.
    """
    seconds, rest = divmod(microseconds, MICROSECONDS)
    days, seconds = divmod(seconds, DAY_SECONDS)
    hours, seconds = divmod(seconds, 3_600)
    minutes, seconds = divmod(seconds, 60)
    parts = []
    if days:
        parts.append(f"1000 * INTERVAL '{days}' DAY(3)")
    if hours or minutes or seconds:
        parts.append(f"1000 * INTERVAL '{hours}:{minutes:02d}:{seconds:02d}' HOUR TO SECOND")
    if rest:
        parts.append(
            f"INTERVAL '{rest // 1000 // 60}:{rest // 1000 % 60:02d}.{rest % 1000:03d}' MINUTE TO SECOND(3)"
        )
    return " + ".join(parts) if parts else "INTERVAL '0' SECOND"


def in_one_tick(columns: str, view: str) -> str:
    """The select of `columns` that makes one row of what `view` has of each id in one tick."""
    return (
        f"SELECT {columns}\n"
        f"FROM TABLE(TUMBLE(TABLE {view}, DESCRIPTOR(`_time`), {interval(1)}))\n"
        "GROUP BY `id`, `window_start`, `window_end`, `window_time`"
    )
