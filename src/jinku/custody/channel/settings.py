"""Which banks a house speaks to: ``banks.json`` in its data directory, and the platform's own key beside it.

Rules:

1. The file has no secret. The platform's private key lies in ``keys/bank-platform.key``.
2. A channel has a name, a dialect, what the dialect needs, and may have terms of its own in place of the table's.

Example::

    {"channels": [{"name": "custodian", "dialect": "custodian", "url": "https://127.0.0.1:9443", "platform": "P-1",
                   "certificate": "-----BEGIN…", "bank_key": "bank+…", "notice_port": 8444,
                   "terms": {"resend_after_s": 120}}]}
"""

import json
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError
from jinku.base.files import replace_durably
from jinku.custody.channel.table import Terms, terms

SETTINGS_FILE = "banks.json"
KEY_FILE = "bank-platform.key"
DIALECTS = ("custodian", "iso20022")
_TERMS = (
    "approve_within_s",
    "send_within_s",
    "acknowledge_within_s",
    "settle_within_days",
    "resend_after_s",
    "query_every_s",
    "watch_days",
    "watch_every_s",
)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """One channel: its name, its dialect and what that needs, as texts and numbers."""

    name: str
    dialect: str
    values: dict[str, Any] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A setting that must be there. Raises InputError."""
        found = self.values.get(key)
        if not isinstance(found, str) or not found:
            raise _bad(f"channel {self.name} needs it", key, str(found))
        return found

    def terms(self, day: date) -> Terms:
        """What is agreed about time: the table's row of `day`, with this channel's own numbers. Raises InputError."""
        own = self.values.get("terms", {})
        wrong = [
            key for key, value in own.items() if key not in _TERMS or not isinstance(value, int) or value < 0
        ]
        if wrong:
            raise _bad("is no number that can be agreed", "terms", wrong[0])
        return replace(terms(self.dialect, day), **own)


def read_settings(directory: Path) -> list[ChannelSettings]:
    """The channels of a data directory; none where there is no file. Raises InputError."""
    path = directory / SETTINGS_FILE
    if not path.exists():
        return []
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        rows = [dict(row) for row in document["channels"]]
        found = [ChannelSettings(str(row.pop("name")), str(row.pop("dialect")), row) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _bad("is not a list of channels", "channels", type(error).__name__) from None
    for one in found:
        if one.dialect not in DIALECTS:
            raise _bad(f"is none of {', '.join(DIALECTS)}", "dialect", one.dialect)
    if len({one.name for one in found}) < len(found):
        raise _bad("stands twice", "name", "channels")
    return found


def write_settings(directory: Path, channels: list[ChannelSettings]) -> None:
    """Replace the channels of a data directory."""
    rows = [{"name": one.name, "dialect": one.dialect, **one.values} for one in channels]
    replace_durably(directory / SETTINGS_FILE, (json.dumps({"channels": rows}, indent=2) + "\n").encode())


def _bad(problem: str, key: str, value: str) -> InputError:
    return InputError(
        problem, file=SETTINGS_FILE, field=key, value=value[:80], remedy="see docs/bank-channel.md"
    )
