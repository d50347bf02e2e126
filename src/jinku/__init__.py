"""Jinku (金库, "treasury"): keeps client money for internet-finance platforms and proves that it is all there.

The rooms of the package and the floors they stand on are described in ``docs/house.md``.
"""

__version__ = "0.1.0"
