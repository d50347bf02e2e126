"""What the features refuse."""

from typing import ClassVar

from jinku.base.errors import InputError
from jinku.risk.errors import RiskError


class BadFeatures(InputError):
    """A feature table that cannot be used: file, feature, field and value are named."""

    code: ClassVar[str] = "bad_features"


class FeatureLimit(RiskError):
    """More state than a named limit allows."""

    code: ClassVar[str] = "feature_limit"


class OutOfOrder(RiskError):
    """Events that are not after all that the engine has seen."""

    code: ClassVar[str] = "events_out_of_order"


class NotASnapshot(RiskError):
    """Bytes that are not a snapshot of an engine of this feature set."""

    code: ClassVar[str] = "not_a_snapshot"
