"""What the routes of the risk desk share: who asks, and what is answered where nobody may know.

Rules:

1. A person who is admitted to the risk desk asks (`by`), under the house's own token. Whoever is not admitted hears
   what is heard of a number that nobody has: 404 `not_found`.
2. A house without ``risk.toml`` answers each of these paths with `risk_off`.
"""

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from jinku.api.books import By
from jinku.api.errors import RiskOff
from jinku.api.json import Json
from jinku.api.services import Services
from jinku.risk.cases.access import READERS, WORKERS, Role
from jinku.risk.cases.desk import CaseDesk

if TYPE_CHECKING:
    from jinku.bootstrap.risk_room import RiskRoom


class AskedBy(BaseModel):
    """Who looks, in a query."""

    model_config = ConfigDict(extra="forbid", title="RiskReader")

    by: By


class DoneBy(BaseModel):
    """Who does it, in a body."""

    model_config = ConfigDict(extra="forbid")

    by: By


class RiskPart:
    """The risk room for the routes; none in a house without risk."""

    def __init__(self, services: Services) -> None:
        self._door, self._room = services.house.door, self._opened(services)

    @staticmethod
    def _opened(services: Services) -> "RiskRoom | None":
        if (risk := services.custody.risk) is None:
            return None
        # loads the language of rules and compiled code, for which a house without risk need not wait
        from jinku.bootstrap.risk_room import RiskRoom

        return RiskRoom(services.custody, risk)

    @property
    def room(self) -> "RiskRoom":
        """The room, whoever asks. Raises RiskOff, and DoorShut where risk is on and its desk cannot open."""
        if self._room is None:
            self._door.require_open()
            raise RiskOff
        return self._room

    def for_readers(self, by: str) -> "RiskRoom":
        """The room, for one who may look. Raises RiskOff, NothingThere."""
        return self._for(by, *READERS)

    def for_workers(self, by: str) -> "RiskRoom":
        """The room, for one who works on what it shows. Raises RiskOff, NothingThere, NotYourPart."""
        return self._for(by, *WORKERS)

    def cases(self, by: str) -> CaseDesk:
        """The case desk, which asks for the role of each act itself. Raises RiskOff, NothingThere."""
        return self.room.admitted(by, *READERS).cases

    def _for(self, by: str, *roles: Role) -> "RiskRoom":
        room = self.room
        room.admitted(by, *roles)
        return room


def listed(name: str, rows: list[Any], **more: Any) -> Json:
    """A list under its name."""
    return Json({name: rows, **more})
