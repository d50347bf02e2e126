"""LIKE patterns as regular expressions, as DuckDB and Flink match them: whole text, by code points, case counts.

Example::

    matcher("pay%").fullmatch("payout")  # a match
"""

import re
from functools import lru_cache

_SIGNS = {"%": ".*", "_": "."}


@lru_cache(maxsize=1024)
def matcher(pattern: str) -> re.Pattern[str]:
    """The regular expression to match a whole text with. Runs of ``%`` are one, so matching stays quick."""
    collapsed = re.sub("%+", "%", pattern)
    return re.compile("".join(_SIGNS.get(one) or re.escape(one) for one in collapsed), re.DOTALL)
