"""Which account structure each legal entity of a house has, for packs and reports.

Rules: the one it adopted; else the one that its days are closed by; else the one that ``resolution.toml`` names;
else the default.

Example::

    structures_of(house, settings)[1].kinds
"""

from collections.abc import Mapping

from jinku.custody.closing.days import DayBook
from jinku.custody.reports.house import OpenHouse
from jinku.custody.reports.settings import Settings
from jinku.custody.structure.book import StructureBook
from jinku.custody.structure.model import Structure
from jinku.custody.structure.template import load_structure


def structures_of(house: OpenHouse, settings: Settings) -> Mapping[int, Structure]:
    """The structure of every legal entity that has accounts. Raises InputError for a name that there is not."""
    default = load_structure(settings.structure)
    entities = {int(one) for one in set(house.ledger.accounts_array()["user_data_32"].tolist())}
    days = DayBook(house.control, house.ledger, _no_time)
    closed_by = {one.entity: days.settings(one).structure for one in days.books()}
    adopted = StructureBook(house.control, house.ledger, _no_time).in_force()
    return {
        one: adopted.get(one) or (load_structure(closed_by[one]) if closed_by.get(one) else default)
        for one in entities - {0}
    }


def _no_time() -> int:
    """Reading needs no clock."""
    return 0
