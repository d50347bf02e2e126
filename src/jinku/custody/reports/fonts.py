"""Which fonts a printed report uses, and what to do where no Chinese font is installed.

Rules:

1. Latin text is set in the typesetter's own font, so an English report needs nothing installed.
2. A Chinese report needs a Chinese font of this machine; the first family of `CHINESE_FAMILIES` that is there is taken.
   Where there is none, no Chinese PDF is made, and whoever asked for it is told what to install.

Example::

    fonts = find_fonts()
    fonts.chinese  # "WenQuanYi Micro Hei", or "" where there is none
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typst

LATIN_FAMILY = "Libertinus Serif"
CHINESE_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Microsoft YaHei",
    "SimSun",
)
INSTALL_A_FONT = "install a Chinese font, on Debian and Ubuntu: apt-get install fonts-wqy-microhei"


@dataclass(frozen=True)
class Fonts:
    """The fonts that may be used; `directories` beside the system's own are searched too."""

    directories: tuple[Path, ...] = ()
    system: bool = True

    @cached_property
    def loaded(self) -> typst.Fonts:
        """The typesetter's font book, read once."""
        return typst.Fonts(
            include_system_fonts=self.system, font_paths=[str(one) for one in self.directories]
        )

    @cached_property
    def chinese(self) -> str:
        """The Chinese family that is used, or nothing."""
        there = set(self.loaded.families())
        return next((one for one in CHINESE_FAMILIES if one in there), "")

    @property
    def families(self) -> list[str]:
        """What a page is set in, first choice first."""
        return [LATIN_FAMILY, *([self.chinese] if self.chinese else [])]


def find_fonts(directories: Sequence[Path] = (), *, system: bool = True) -> Fonts:
    """The fonts of this machine and of `directories`."""
    return Fonts(tuple(directories), system)
