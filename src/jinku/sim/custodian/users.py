"""The simulated bank's customers: accounts, cards and authorisations."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from jinku.custody.channel.custodian.table import Code
from jinku.sim.custodian.books import Books
from jinku.sim.custodian.errors import BankSays

Serve = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class Users:
    """Registration, cards, authorisations and balances."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def services(self) -> dict[str, Serve]:
        """The services by name."""
        return {
            "PERSONAL_REGISTER": self._register,
            "ENTERPRISE_REGISTER": self._register,
            "BIND_CARD": self._bind,
            "UNBIND_CARD": self._unbind,
            "AUTHORISE": self._authorise,
            "CANCEL_AUTHORISATION": self._cancel,
            "QUERY_USER": self._query,
        }

    def _user(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = self._books.thing("user", str(body["user"]))
        if found is None:
            raise BankSays(Code.NOT_FOUND, "no such user")
        user: dict[str, Any] = json.loads(found)
        return user

    def _keep(self, name: str, user: Mapping[str, Any]) -> dict[str, Any]:
        self._books.set_thing("user", name, json.dumps(dict(user)))
        return {"user": name}

    def _register(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        name = str(body["user"])
        wanted = {key: value for key, value in body.items() if not key.startswith("_")}
        known = self._books.thing("user", name)
        if known is not None and json.loads(known)["registered"] != wanted:
            raise BankSays(Code.REFUSED, "the user is registered with other particulars")
        return (
            self._keep(name, {"registered": wanted, "card": wanted["card"], "scopes": {}})
            if not known
            else {"user": name}
        )

    def _bind(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._keep(str(body["user"]), {**self._user(body), "card": str(body["card"])})

    def _unbind(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._keep(str(body["user"]), {**self._user(body), "card": ""})

    def _authorise(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        user = self._user(body)
        user["scopes"][str(body["scope"])] = {"limit": str(body["limit"]), "until": str(body["until"])}
        return self._keep(str(body["user"]), user)

    def _cancel(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        user = self._user(body)
        user["scopes"].pop(str(body["scope"]), None)
        return self._keep(str(body["user"]), user)

    def _query(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        user, name = self._user(body), str(body["user"])
        held = self._books.rows(
            "SELECT coalesce(sum(a.balance), 0) FROM account a "
            "JOIN request r ON a.name = 'HELD:' || r.number WHERE r.user = ?",
            name,
        )[0][0]
        card = user["card"]
        return {
            "user": name,
            "available": str(self._books.balance(f"USER:{name}")),
            "held": str(held),
            "card": f"*{card[-4:]}" if card else "",
        }
