"""Payees in a file of their own, for its owner only: JSON from token to name, account and BIC.

Example::

    FilePayees(Path("payees.json")).payee("U-17", account)  # Payee("…", "DE89…", "SIMUCNBJXXX")
"""

import json
from pathlib import Path

from jinku.base.errors import InputError
from jinku.custody.channel.errors import PayeeUnknown
from jinku.custody.channel.port import Payee


class FilePayees:
    """Reads the file when it is first asked. Raises InputError for a file that is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Payee] | None = None

    def payee(self, token: str, account: int) -> Payee:  # noqa: ARG002 - by token alone
        """The account behind `token`, whoever is paid. Raises PayeeUnknown, InputError."""
        if self._found is None:
            self._found = self._read()
        if token not in self._found:
            raise PayeeUnknown(token)
        return self._found[token]

    def _read(self) -> dict[str, Payee]:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            return {
                str(token): Payee(str(one["name"]), str(one["account"]), str(one.get("bank", "")))
                for token, one in document.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                "cannot be read as payees", file=self._path.name, field="payees", value=type(error).__name__
            ) from None
