"""What graph scoring and typologies refuse."""

from jinku.risk.errors import RiskError


class GraphRefused(RiskError):
    """Transfers or labels that no score can be made of."""

    code = "graph_refused"


class ExtraAbsent(RiskError):
    """A package of the extra `jinku[risk]` is not installed."""

    code = "extra_absent"


class BadTypology(RiskError):
    """A table of typologies that is not one, or transfers without what a typology needs."""

    code = "bad_typology"
