"""What models refuse."""

from typing import ClassVar

from jinku.base.errors import InputError
from jinku.risk.errors import RiskError


class BadModel(InputError):
    """A model that cannot be used: bytes that are no model of ours, or trees of a kind that we do not evaluate."""

    code: ClassVar[str] = "bad_model"


class BadTrainingData(InputError):
    """Data that no model can be trained or evaluated on: file, column and value are named."""

    code: ClassVar[str] = "bad_training_data"


class WrongFeatures(RiskError):
    """A matrix or frame that has not the features which the model was trained on."""

    code: ClassVar[str] = "wrong_features"


class LearningAbsent(RiskError):
    """A package of the extra `jinku[risk]` is not installed."""

    code: ClassVar[str] = "learning_absent"
    http_status: ClassVar[int] = 501


class ModelUnknown(RiskError):
    """No model of this number in the registry."""

    code: ClassVar[str] = "model_unknown"
    http_status: ClassVar[int] = 404


class ModelStep(RiskError):
    """A step that the state of the model does not allow, or that the same person cannot take."""

    code: ClassVar[str] = "model_step_refused"
    http_status: ClassVar[int] = 409
