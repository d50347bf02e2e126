"""The agreements that a data directory keeps, for reports.

Example::

    agreements(house.directory)  # [] where there is no book of agreements
"""

from pathlib import Path

from jinku.custody.agreements.model import Agreement
from jinku.custody.agreements.store import AgreementStore

AGREEMENTS_FILE = "agreements.sqlite"


def agreements(directory: Path) -> list[Agreement]:
    """Every version of every agreement; none where the house has no book of them."""
    path = directory / AGREEMENTS_FILE
    if not path.exists():
        return []
    with AgreementStore(path) as store:
        return store.agreements()
