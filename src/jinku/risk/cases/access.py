"""Who may know of alerts, cases, measures and reports (need to know; no tipping off).

Rules (K7):

1. A person is admitted in one role: an analyst investigates, an approver decides as well, an auditor only reads. Each
   admission and withdrawal is an act, sealed.
2. Nobody else learns anything, not even whether a number exists: the answer is the same as for a number that nobody
   has (NothingThere).
3. An analyst sees what waits for somebody, what is his own, and what was shared with him. Approvers and auditors see
   all.
4. Until there are two approvers, whoever holds the house's command line sets the list up. From then on an approver
   admits and withdraws, never himself; two approvers always stay.

Example::

    access = NeedToKnow(book)
    access.admit("aml-1", Role.ANALYST, by="head-1", text="joined the desk")
    access.require("aml-1", Role.ANALYST, Role.APPROVER)
"""

from collections.abc import Sequence
from enum import StrEnum

from jinku.base.persons import same_person
from jinku.risk.acts.book import ActBook
from jinku.risk.acts.model import Act, Standing, person, words
from jinku.risk.cases.errors import NothingThere, NotNow, NotYourPart, SecondPersonNeeded

KIND, KEY = "access", "list"
APPROVERS_MIN = 2


class Role(StrEnum):
    """What a person who may know does."""

    ANALYST = "analyst"
    APPROVER = "approver"
    AUDITOR = "auditor"


READERS = (Role.ANALYST, Role.APPROVER, Role.AUDITOR)
WORKERS = (Role.ANALYST, Role.APPROVER)


class NeedToKnow:
    """See the module's rules."""

    def __init__(self, book: ActBook) -> None:
        self._book = book

    def admit(self, who: str, role: Role, *, by: str, text: str) -> dict[str, Role]:
        """Admit a person, or give another role; the list. Raises NothingThere, NotYourPart, SecondPersonNeeded."""
        person("person", who)
        with self._book.writing() as page:
            acts = page.history(KIND, KEY)
            listed = members(acts)
            if same_person(person("by", by), who):
                raise SecondPersonNeeded("an admission")
            if sum(one is Role.APPROVER for one in listed.values()) >= APPROVERS_MIN:
                _is_approver(listed, by)
                if listed.get(who.casefold()) is Role.APPROVER and role is not Role.APPROVER:
                    _stays(listed)
            body = {"person": who, "role": role.value, "text": words("text", text)}
            page.add((KIND, KEY), by, ("admit", body), Standing("kept"))
            return {**listed, who.casefold(): role}

    def withdraw(self, who: str, *, by: str, text: str) -> dict[str, Role]:
        """Take a person off the list; the list. Raises what `admit` raises, NotNow."""
        with self._book.writing() as page:
            listed = members(page.history(KIND, KEY))
            _is_approver(listed, person("by", by))
            if same_person(by, who):
                raise SecondPersonNeeded("a withdrawal")
            if who.casefold() not in listed:
                raise NothingThere
            if listed[who.casefold()] is Role.APPROVER:
                _stays(listed)
            body = {"person": who, "text": words("text", text)}
            page.add((KIND, KEY), by, ("withdraw", body), Standing("kept"))
            return {name: role for name, role in listed.items() if name != who.casefold()}

    def require(self, who: str, *roles: Role) -> Role:
        """The role of a person, one of `roles`. Raises NothingThere, NotYourPart."""
        role = self.members().get(who.casefold())
        if role is None:
            raise NothingThere
        if role not in roles:
            raise NotYourPart(role.value, " or ".join(one.value for one in roles))
        return role

    def members(self) -> dict[str, Role]:
        """Everybody who is admitted, with role."""
        return members(self._book.history(KIND, KEY))


def fold_access(_acts: Sequence[Act]) -> Standing:
    """Where the list stands: it is only kept."""
    return Standing("kept")


def members(acts: Sequence[Act]) -> dict[str, Role]:
    """Who is admitted after these acts."""
    listed: dict[str, Role] = {}
    for act in acts:
        who = str(act.body["person"]).casefold()
        if act.what == "admit":
            listed[who] = Role(act.body["role"])
        else:
            listed.pop(who, None)
    return listed


def _is_approver(listed: dict[str, Role], by: str) -> None:
    role = listed.get(by.casefold())
    if role is None:
        raise NothingThere
    if role is not Role.APPROVER:
        raise NotYourPart(role.value, Role.APPROVER.value)


def _stays(listed: dict[str, Role]) -> None:
    if sum(one is Role.APPROVER for one in listed.values()) <= APPROVERS_MIN:
        raise NotNow(f"{APPROVERS_MIN} approvers must stay", remedy="admit another approver first")
