"""What a house decides with: files of its own, or what was published and made champion by two persons.

Rules:

1. ``rules = "published"`` is the version in force of `jinku risk rules`, with a challenger in its shadow; nothing
   published is no rule. ``model = "registry"`` is the champion of the purpose in the registry; none is no model.
2. A champion alerts at its own threshold: the policy gets a row for it, with the action that ``risk.toml`` says.
3. What files say is read when the house is opened; what was published and made champion may be asked again at any
   time. What does not read or check is refused as a whole.

Example::

    Sources(house, directory, settings, clock).parts()
"""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from jinku.base.clock import Clock
from jinku.base.errors import InputError
from jinku.bootstrap.house import House
from jinku.bootstrap.risk_settings import PUBLISHED, REGISTRY, REMEDY, RISK_FILE, RiskSettings
from jinku.risk.decision.engines import Parts, beside
from jinku.risk.features.reading import BUILT_IN, built_in_text, parse_toml
from jinku.risk.models.registry import Registry
from jinku.risk.rules.publishing import RuleDesk

FILE_BYTES_MAX = 1 << 27


class Sources:
    """See the module's rules. For any number of threads."""

    def __init__(self, house: House, directory: Path, settings: RiskSettings, clock: Clock) -> None:
        """`directory` has the house's own files. Raises InputError, BadFeatures."""
        self.settings = settings
        self._own = read_parts(directory, settings)
        namespace = parse_toml(self._own.features.decode(), "features.toml").namespace
        self.rules = RuleDesk(house.control, house.ledger, namespace, clock=clock)
        self.registry = Registry(house.ledger, house.control, clock=clock)

    def parts(self, lists: bytes = b"") -> Parts:
        """What is in force now, with what names the lists. Raises BadRules, RulesRefused, BadModel, ModelStep."""
        parts = replace(self._own, lists=lists)
        if self.settings.rules == PUBLISHED:
            parts = replace(parts, rules=self._published())
        if self.settings.model == REGISTRY:
            parts = self._with_champion(parts)
        return parts

    def _published(self) -> bytes:
        force = self.rules.in_force()
        if force is None:
            return b""
        champion = self.rules.version(force.publication.version).text.encode()
        if not force.challenger:
            return champion
        return beside(champion, self.rules.version(force.challenger).text.encode())

    def _with_champion(self, parts: Parts) -> Parts:
        champion = self.registry.champion(self.settings.purpose)
        if champion is None:
            return parts
        action = self.settings.model_action
        reason = f"model {champion.number} is at its threshold or above"
        row = (
            f"model = {champion.threshold!r}\naction = {json.dumps(action)}\nreason = {json.dumps(reason)}\n"
        )
        self.registry.prove(champion.number)
        raw = self.registry.model(champion.number).to_bytes()
        return replace(parts, model=raw, policy=parts.policy.rstrip() + b"\n\n[[when]]\n" + row.encode())


def read_parts(directory: Path, settings: RiskSettings) -> Parts:
    """The bytes of the files that ``risk.toml`` names. Raises InputError."""
    features = _set(directory, "features", settings.features)
    rules = _set(directory, "rules", settings.rules) if settings.rules not in ("", PUBLISHED) else b""
    policy = files("jinku.risk.decision").joinpath("standard.toml").read_bytes()
    if settings.policy:
        policy = _bytes(directory, settings.policy)
    model = _bytes(directory, settings.model) if settings.model not in ("", REGISTRY) else b""
    return Parts(features, policy, rules, model)


def _set(directory: Path, part: str, name: str) -> bytes:
    """The bytes of a set of features or rules: a file in `directory`, or one that comes with the package."""
    if name.endswith(".toml"):
        return _bytes(directory, name)
    if part == "features" and name in BUILT_IN:
        return built_in_text(name).encode()
    found = files(f"jinku.risk.{part}").joinpath("sets", f"{name}.toml")
    if not name.isidentifier() or not found.is_file():
        raise InputError(
            "does not come with the package", file=RISK_FILE, field=part, value=name, remedy=REMEDY
        )
    return found.read_bytes()


def _bytes(directory: Path, name: str) -> bytes:
    path = directory / name
    if path.parent != directory:
        raise InputError("is not a file's name", file=RISK_FILE, value=name, remedy="put it into risk/")
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise InputError(f"is larger than {FILE_BYTES_MAX} bytes", file=name)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=f"risk/{name}", remedy=REMEDY) from None
