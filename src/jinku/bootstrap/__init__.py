"""The composition root: the one place where ledger, log, control database and the rooms over them are put together."""

from jinku.bootstrap.house import (
    CONTROL_FILE,
    HOUSE_FILE,
    KEY_FILES,
    VKEY_FILE,
    House,
    HouseError,
    HouseSettings,
    open_house,
)

__all__ = [
    "CONTROL_FILE",
    "HOUSE_FILE",
    "KEY_FILES",
    "VKEY_FILE",
    "House",
    "HouseError",
    "HouseSettings",
    "open_house",
]
