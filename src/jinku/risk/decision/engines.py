"""The engines of a house behind one door: features, model and rules of given versions, from the shelf.

Rules:

1. A part is the bytes of its file: the table of features (TOML), the rule set, the forest, the policy. Their SHA-256
   are the versions. A house may be without model or rules; features and policy it has.
2. The model sees its features by name; one that the feature set has not is refused when it is loaded, not later.

Example::

    engines, policy = loaded(shelf, versions)
"""

from dataclasses import dataclass

import numpy as np

from jinku.risk.decision.combining import Basis, RuleLine, RuleLines, decisions
from jinku.risk.decision.errors import VersionUnknown
from jinku.risk.decision.model import Action, Bits, Findings, Floats, Versions
from jinku.risk.decision.policy import Policy
from jinku.risk.decision.shelf import Shelf
from jinku.risk.events.batch import EventBatch
from jinku.risk.events.columns import Column, keys
from jinku.risk.features.definition import FeatureSet
from jinku.risk.features.engine import Engine
from jinku.risk.features.frame import FeatureFrame
from jinku.risk.features.inputs import Names
from jinku.risk.features.reading import parse_toml
from jinku.risk.language import Namespace
from jinku.risk.models.blend import Blend, read_scorer
from jinku.risk.models.forest import Forest, Scorer
from jinku.risk.models.reasons import Reason, reasons
from jinku.risk.models.record import MODEL_MAGIC, Model
from jinku.risk.models.words import WORDS, Words
from jinku.risk.rules.model import RuleSet
from jinku.risk.rules.reading import read_rules


class Rules:
    """A rule set over a feature set, as the desk asks it."""

    def __init__(self, rule_set: RuleSet | None, features: FeatureSet) -> None:
        """None for a house without rules."""
        self._set = rule_set
        self._rows = {name: place for place, name in enumerate(features.names)}
        self._inputs = () if rule_set is None else rule_set.inputs
        self.lines = RuleLines.of(
            tuple(
                RuleLine(one.name, Action(one.outcome), one.score, one.reason, one.shadow)
                for one in (() if rule_set is None else rule_set.rules)
            )
        )

    def hits(self, batch: EventBatch, frame: FeatureFrame) -> Bits:
        """Which rules fired for each event, shape (events, rules), those in shadow too."""
        if self._set is None:
            return np.zeros((len(batch), 0), np.uint8)
        names = Names(batch, self._rows, frame.values, frame.valid)
        if len(batch) == 1:
            return np.array([self._set.evaluate_one(names.row(self._inputs))], np.uint8)
        return self._set.evaluate(names.columns(self._inputs), len(batch)).matrix()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a house decides with, as bytes; empty where it has none."""

    features: bytes
    policy: bytes
    rules: bytes = b""
    model: bytes = b""
    lists: bytes = b""
    """What names the lists in force: their digests; the lists are screening's."""


def beside(champion: bytes, challenger: bytes) -> bytes:
    """The bytes of a rule set with a challenger in its shadow, as the shelf keeps them."""
    return _BESIDE + len(champion).to_bytes(4, "little") + champion + challenger


def rules_of(raw: bytes, namespace: Namespace) -> RuleSet:
    """The rule set in the shelf's bytes: a text, or one `beside` another. Raises BadRules."""
    if not raw.startswith(_BESIDE):
        return read_rules(raw.decode(), namespace, "rules.toml")
    start = len(_BESIDE) + 4
    ends = start + int.from_bytes(raw[len(_BESIDE) : start], "little")
    champion, challenger = raw[start:ends].decode(), raw[ends:].decode()
    both = read_rules(champion, namespace, "rules.toml"), read_rules(challenger, namespace, "challenger.toml")
    return both[0].with_challenger(both[1])


def scorer_of(raw: bytes, features: FeatureSet) -> Scorer:
    """The scorer in the shelf's bytes: a forest or blend alone, or a model of the registry, which must be of these
    features. Raises BadModel, WrongFeatures."""
    if not raw.startswith(MODEL_MAGIC):
        return read_scorer(raw)
    model = Model.from_bytes(raw)
    model.check(features)
    return model.scorer


_BESIDE = b"jkrules-beside1\n"


class HouseEngines:
    """`jinku.risk.decision.desk.Engines` of one set of versions. For one thread at a time."""

    def __init__(self, features: FeatureSet, rules: Rules, scorer: Scorer | None, versions: Versions) -> None:
        """Raises VersionUnknown where the model wants features that the set has not."""
        self._rules, self._scorer, self.names = rules, scorer, features.names
        self._engine = Engine(features)
        self.versions, self.lines, self.width = versions, rules.lines, len(features.names)
        self.reach = features.reach
        wanted = () if scorer is None else scorer.features
        unknown = [name for name in wanted if name not in features.names]
        if unknown:
            raise VersionUnknown(
                f"the model wants the feature {unknown[0]!r}, which the feature set {features.name} has not",
                remedy="train the model on this feature set, or take the set it was trained on",
            )
        places = {name: place for place, name in enumerate(features.names)}
        self._columns = (
            None if wanted == features.names else np.array([places[name] for name in wanted], np.int64)
        )

    def take_over(self, other: "HouseEngines") -> bool:
        """Go on with the features' state of `other`, which is not to be used any more; False where its features are
        others."""
        if self.versions.features != other.versions.features:
            return False
        self._engine = other._engine
        return True

    def make_room(self) -> bool:
        """See `Roomy`."""
        return self._engine.make_room()

    def rehearse(self, policy: Policy) -> None:
        """Go the whole way beside the history, for a batch and for one event: what is compiled or written at first use
        is there before the first deadline, which it would take up."""
        engine = Engine(self._engine.features)
        schema, basis = engine.features.schema, Basis(self.versions, self.lines, policy)
        for first, count in ((1, 2), (3, 1)):
            numbers = range(first, first + count)
            columns = {"id": Column.full(keys(numbers)), "time": Column.of_integers(numbers)}
            batch = EventBatch.build(schema, columns)
            frame = engine.step(batch)
            found = Findings(frame.values, self.model(frame, batch), self.rules(frame, batch))
            if "listed" in schema.by_name:
                decisions(batch, found, np.zeros(count, np.uint8), np.zeros(count, np.bool_), basis)

    def reasons(self, values: Floats, most: int) -> list[Reason]:
        """Which features raised the model's score of one event (`values` in definition order), the strongest first;
        none where there is no model. What the words' table has not is named by the feature's own meaning. Off the hot
        path."""
        if not isinstance(self._scorer, Forest | Blend):
            return []
        row = values if self._columns is None else values[self._columns]
        meanings = {one.name: one.meaning for one in self._engine.features.outputs}
        return [
            one if one.code in WORDS else one._replace(words=Words(one.code, meanings[one.code] or one.code))
            for one in reasons(self._scorer, row.reshape(1, -1), [0], most)[0]
        ]

    def features(self, batch: EventBatch) -> FeatureFrame:
        """See `Engines`."""
        return self._engine.step(batch)

    def model(self, frame: FeatureFrame, batch: EventBatch) -> Floats:
        """See `Engines`: the forest's log-odds."""
        if self._scorer is None:
            return np.full(len(batch), np.nan)
        values = frame.values if self._columns is None else frame.values[self._columns]
        return self._scorer.score(np.ascontiguousarray(values.T))

    def rules(self, frame: FeatureFrame, batch: EventBatch) -> Bits:
        """See `Engines`."""
        return self._rules.hits(batch, frame)

    def snapshot(self) -> bytes:
        """See `Engines`."""
        return self._engine.snapshot()

    def restore(self, raw: bytes) -> None:
        """See `Restorable`."""
        self._engine.restore(raw)

    def rebuild(self, batch: EventBatch) -> None:
        """See `Restorable`."""
        self._engine.rebuild([batch])


def shelved(shelf: Shelf, parts: Parts) -> Versions:
    """Put what a house decides with on the shelf; the versions. Raises OSError."""
    return Versions(
        **{
            name: shelf.put(name, raw) if (raw := getattr(parts, name)) else ""
            for name in ("features", "rules", "model", "policy", "lists")
        }
    )


def loaded(shelf: Shelf, versions: Versions) -> tuple[HouseEngines, Policy]:
    """Fresh engines and the policy of some versions. Raises VersionUnknown, and what a part's reader raises."""
    features = parse_toml(shelf.take("features", versions.features).decode(), "features.toml")
    rule_set = None
    if versions.rules:
        rule_set = rules_of(shelf.take("rules", versions.rules), features.namespace)
    scorer = scorer_of(shelf.take("model", versions.model), features) if versions.model else None
    policy = Policy.from_bytes(shelf.take("policy", versions.policy), "decision.toml")
    return HouseEngines(features, Rules(rule_set, features), scorer, versions), policy
