"""The simulated bank's trading services: projects, holds, settlements, claims and freezes."""

import json
from collections.abc import Mapping
from typing import Any

from jinku.custody.channel.custodian.table import Code, Status
from jinku.sim.custodian.books import FEE, Asked, Books
from jinku.sim.custodian.errors import BankSays
from jinku.sim.custodian.users import Serve

ITEMS_MAX = 10_000


class Trade:
    """Money that moves between customers, inside the bank."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def services(self) -> dict[str, Serve]:
        """The services by name."""
        return {
            "ESTABLISH_PROJECT": self._establish,
            "MODIFY_PROJECT": self._modify,
            "QUERY_PROJECT": lambda _, body: self._project(str(body["project"])),
            "PRE_TRANSACTION": self._hold,
            "AUTO_PRE_TRANSACTION": self._hold_authorised,
            "CANCEL_PRE_TRANSACTION": self._release,
            "SINGLE_SETTLEMENT": self._settle,
            "BATCH_SETTLEMENT": self._settle_all,
            "DEBENTURE_SALE": self._offer,
            "FREEZE": self._freeze,
            "UNFREEZE": self._release,
        }

    def _project(self, name: str) -> dict[str, Any]:
        found = self._books.thing("project", name)
        if found is None:
            raise BankSays(Code.NOT_FOUND, "no such project")
        project: dict[str, Any] = json.loads(found)
        return project

    def _establish(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        name = str(body["project"])
        if self._books.thing("project", name) is None:
            made = {"project": name, "borrower": str(body["borrower"]), "limit": str(body["limit"])}
            self._books.set_thing("project", name, json.dumps({**made, "raised": "0", "state": "open"}))
        return {"project": name}

    def _modify(self, _number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        project = self._project(str(body["project"]))
        project |= {name: str(body[name]) for name in ("limit", "state") if name in body}
        self._books.set_thing("project", project["project"], json.dumps(project))
        return {"project": project["project"]}

    def _hold(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        project, amount = self._project(str(body["project"])), _digits(body["amount"])
        raised = int(project["raised"]) + amount
        if project["state"] != "open" or raised > int(project["limit"]):
            raise BankSays(Code.REFUSED, "the project takes no more")
        self._books.set_thing("project", project["project"], json.dumps({**project, "raised": str(raised)}))
        return self._held(number, body, amount, project["project"])

    def _hold_authorised(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        user = json.loads(self._books.thing("user", str(body["user"])) or '{"scopes": {}}')
        scope = user["scopes"].get(str(body["scope"]))
        if scope is None or _digits(body["amount"]) > int(scope["limit"]) or self._books.day > scope["until"]:
            raise BankSays(Code.REFUSED, "the user has not authorised this")
        return self._hold(number, body)

    def _freeze(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._held(number, body, _digits(body["amount"]), "")

    def _held(self, number: str, body: Mapping[str, Any], amount: int, project: str) -> dict[str, Any]:
        self._books.move(number, f"USER:{body['user']}", f"HELD:{number}", amount)
        return self._kept(number, body, amount, Status.HELD, project)

    def _release(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        held = self._books.request(str(body["original"]))
        if held is None or held.service not in ("PRE_TRANSACTION", "AUTO_PRE_TRANSACTION", "FREEZE"):
            raise BankSays(Code.NOT_FOUND, "no such hold")
        amount = _digits(body["amount"])
        self._books.move(number, f"HELD:{held.number}", f"USER:{held.user}", amount)
        if held.detail:
            project = self._project(held.detail)
            left = str(int(project["raised"]) - amount)
            self._books.set_thing("project", held.detail, json.dumps({**project, "raised": left}))
        return self._kept(number, {**body, "user": held.user}, amount, Status.SETTLED, held.number)

    def _settle(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        amount = self._move(number, body)
        return self._kept(number, {**body, "user": body["payer"]}, amount, Status.SETTLED, str(body["payee"]))

    def _settle_all(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        items = body["items"]
        if not isinstance(items, list) or not 0 < len(items) <= ITEMS_MAX:
            raise BankSays(Code.BAD_REQUEST, f"items is not a list of 1 to {ITEMS_MAX}")
        total = sum(self._move(number, item) for item in items)
        made = {**body, "user": "", "currency": items[0]["currency"]}
        self._kept(number, made, total, Status.SETTLED, f"{len(items)} items")
        return {"status": Status.SETTLED}

    def _move(self, number: str, item: Mapping[str, Any]) -> int:
        try:
            amount, commission = _digits(item["amount"]), _digits(item.get("commission", "0"), least=0)
            source = f"HELD:{item['hold']}" if item.get("hold") else f"USER:{item['payer']}"
            target = f"USER:{item['payee']}"
        except (KeyError, TypeError, AttributeError):
            raise BankSays(Code.BAD_REQUEST, "an item lacks payer, payee or amount") from None
        if commission > amount:
            raise BankSays(Code.BAD_REQUEST, "the commission is more than the amount")
        if amount > commission:
            self._books.move(number, source, target, amount - commission)
        if commission:
            self._books.move(number, source, FEE, commission)
        return amount

    def _offer(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        offer = {name: str(body[name]) for name in ("user", "project", "share")}
        self._project(offer["project"])
        self._books.set_thing("offer", number, json.dumps(offer))
        return {"status": Status.ACCEPTED}

    def _kept(
        self, number: str, body: Mapping[str, Any], amount: int, status: str, detail: str
    ) -> dict[str, Any]:
        bank_no, day = self._books.next_number(), self._books.day
        self._books.keep(
            Asked(
                number=number, service=str(body["_service"]), digest=body["_digest"], status=status,
                user=str(body["user"]), amount=amount, currency=str(body["currency"]), bank_no=bank_no, day=day,
                due="", fate="", reason="", detail=detail, told=status,
            )
        )  # fmt: skip
        currency = str(body["currency"])
        return {
            "status": status,
            "amount": str(amount),
            "currency": currency,
            "bank_no": bank_no,
            "day": day,
            "reason": "",
        }


def _digits(text: Any, least: int = 1) -> int:
    if not (
        isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 18 and int(text) >= least
    ):
        raise BankSays(Code.BAD_REQUEST, "an amount is not digits of minor units")
    return int(text)
