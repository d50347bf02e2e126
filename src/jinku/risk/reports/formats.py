"""The formats of reports that are built in.

Example::

    data = built_in()["goaml"].export(order)
"""

from collections.abc import Mapping
from types import MappingProxyType

from jinku.risk.reports.china import ChinaCsv, ChinaXml
from jinku.risk.reports.exporter import Exporter
from jinku.risk.reports.goaml import GoAml


def built_in() -> Mapping[str, Exporter]:
    """The formats, by name."""
    found: list[Exporter] = [GoAml(), ChinaXml(), ChinaCsv()]
    return MappingProxyType({one.name: one for one in found})
