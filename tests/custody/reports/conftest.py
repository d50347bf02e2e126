"""One house for the reports' tests."""

import pytest
from tests.custody.pack.scene import Scene, make_house

from jinku.custody.reports.fonts import Fonts, find_fonts


@pytest.fixture(scope="session")
def fonts() -> Fonts:
    """The fonts of this machine."""
    return find_fonts()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The house."""
    return make_house(tmp_path_factory.mktemp("house") / "data")
