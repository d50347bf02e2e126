"""One house and one pack for the tests that only read them."""

from pathlib import Path

import pytest
from tests.custody.pack.scene import Scene, make_house

from jinku.custody.pack.deliver import Delivered, Delivery, deliver
from jinku.custody.reports.fonts import Fonts, find_fonts

SETTINGS = """
[institution]
legal_name = "Harbour Lending Ltd"
legal_name_zh = "港湾借贷有限公司"
contact = "Compliance desk, +86 21 5550 0100"

[[bank_accounts]]
entity = "1"
currency = "CNY"
pool = "client_pool"
bank = "Custodian Bank"
account_number = "6214-0001"

[[people]]
name = "周敏"
function = "Head of operations"
phone = "+86 21 5550 0101"
"""


@pytest.fixture(scope="session")
def fonts() -> Fonts:
    """The fonts of this machine."""
    return find_fonts()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The house."""
    made = make_house(tmp_path_factory.mktemp("house") / "data")
    (made.directory / "resolution.toml").write_text(SETTINGS, "utf-8")
    return made


@pytest.fixture(scope="session")
def delivered(scene: Scene, fonts: Fonts, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """A pack of the house, as a folder."""
    with scene.open() as house:
        return deliver(house, Delivery(tmp_path_factory.mktemp("packs") / "pack", fonts))


@pytest.fixture(scope="session")
def pack(delivered: Delivered) -> Path:
    """The pack's folder."""
    return delivered.path
