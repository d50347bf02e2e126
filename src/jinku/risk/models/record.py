"""A model as one file: the scorer and all that must be known of it, canonical, checked, never a pickle.

Rules:

1. What is kept: the feature set's name, version and digest; the data's digest, first day and days of training, the
   label delay; the recipe; the code's digest; what was measured; thresholds; the baseline for drift.
2. Form: 8 bytes magic, u32 length and canonical JSON of the record (numbers with a point as text), the scorer's bytes.
3. The model's name is the SHA-256 of these bytes: a changed model is another model.

Example::

    model = Model.from_bytes(path.read_bytes())
    model.check(features)          # refuses another feature set
    model.scorer.score(frame.matrix())
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.errors import NotCanonical
from jinku.risk.features.definition import FeatureSet
from jinku.risk.models.blend import Blend, read_scorer
from jinku.risk.models.drift import Baseline
from jinku.risk.models.errors import BadModel, WrongFeatures
from jinku.risk.models.forest import MODEL_BYTES_MAX, Forest
from jinku.risk.models.thresholds import Threshold

HEAD_BYTES_MAX = 8 << 20

MODEL_MAGIC = b"jkmodel1"
_FORM = 1
_CODE = ("blend", "forest", "from_lightgbm", "masks", "regression", "training", "walking")


@dataclass(frozen=True, slots=True)
class Origin:
    """What a model was made of."""

    features: str
    feature_version: int
    feature_digest: str
    data_digest: str
    train_start: str
    train_days: int
    history: str
    """Days before the start that were trained on, too: a number, or "all"."""
    delay_days: int
    rows: int
    frauds: int
    code_digest: str


@dataclass(frozen=True, eq=False)
class Model:
    """See the module's rules."""

    scorer: Forest | Blend
    origin: Origin
    recipe: dict[str, Any]
    metrics: dict[str, str]
    thresholds: dict[str, Threshold]
    """By what is wanted: ``precision_0.9``, ``recall_0.5``, ``alerts_100``…"""
    baseline: Baseline

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the bytes: the model's name."""
        return hashlib.sha256(self.to_bytes()).digest()

    def check(self, features: FeatureSet) -> None:
        """Raises WrongFeatures where `features` are not those of the training, as a column or as events of labels."""
        digests = {features.digest.hex(), features.of_column.hex()}
        if self.origin.feature_digest not in digests or features.names != self.scorer.features:
            raise WrongFeatures(
                f"the model is of the features {self.origin.features} version {self.origin.feature_version}, digest "
                f"{self.origin.feature_digest[:12]}, not {features.digest.hex()[:12]}",
                remedy="score with the feature set of the training, or train anew",
            )

    def head(self) -> dict[str, Any]:
        """The record as values of canonical JSON."""
        return {
            "form": _FORM,
            "origin": asdict(self.origin),
            "recipe": self.recipe,
            "metrics": self.metrics,
            "thresholds": {
                name: {field: repr(value) for field, value in asdict(one).items()}
                for name, one in self.thresholds.items()
            },
            "baseline": self.baseline.document(),
        }

    def to_bytes(self) -> bytes:
        """The canonical bytes (rule 2)."""
        head = canonical_json(self.head())
        return MODEL_MAGIC + len(head).to_bytes(4, "little") + head + self.scorer.to_bytes()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Model":
        """The model whose bytes these are. Raises BadModel."""
        if raw[:8] != MODEL_MAGIC or len(raw) > MODEL_BYTES_MAX:
            raise BadModel("these bytes are no model")
        ends = 12 + int.from_bytes(raw[8:12], "little")
        if ends - 12 > HEAD_BYTES_MAX or ends > len(raw):
            raise BadModel("the model's bytes end within its record")
        try:
            head = json.loads(raw[12:ends])
            model = cls(
                read_scorer(raw[ends:]),
                Origin(**head["origin"]),
                dict(head["recipe"]),
                {str(name): str(value) for name, value in head["metrics"].items()},
                {
                    str(name): Threshold(**{field: float(value) for field, value in one.items()})
                    for name, one in head["thresholds"].items()
                },
                Baseline.read(head["baseline"]),
            )
            canonical = model.to_bytes() == raw
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NotCanonical):
            raise BadModel("the model's record does not read") from None
        if not canonical:
            raise BadModel("the model's bytes are not in canonical form")
        if model.baseline.columns[:-1] != model.scorer.features:
            raise BadModel("the model's baseline is of other features than its scorer")
        return model


@cache
def code_digest() -> str:
    """SHA-256 of the source that makes and scores models, as it stands in the package; hexadecimal."""
    whole = hashlib.sha256()
    for name in _CODE:
        whole.update(hashlib.sha256(files("jinku.risk.models").joinpath(f"{name}.py").read_bytes()).digest())
    return whole.hexdigest()
