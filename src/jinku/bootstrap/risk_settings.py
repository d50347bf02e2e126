"""What ``risk.toml`` can say.

::

    zone = "Asia/Shanghai"      # where the platform's days are
    features = "payments"       # a set that comes with the package, or a TOML file in risk/
    policy = "decision.toml"    # without it, the one that comes with the package
    rules = "published"         # what two persons published; or a set of the package, a file in risk/, or missing
    model = "registry"          # the registry's champion; or a file in risk/; may be missing
    purpose = "cards"           # of which purpose the champion is
    model_action = "challenge"  # what a score at the champion's threshold or above brings: challenge, hold, deny

Example::

    RiskSettings.read(Path("my-house/risk.toml")).rules
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from jinku.base.errors import InputError

RISK_FILE = "risk.toml"
"""In a house's directory: risk is switched on where it is."""
RISK_DIRECTORY = "risk"
"""Beside it: what it names, and what the desk keeps."""
PUBLISHED, REGISTRY = "published", "registry"
MODEL_ACTIONS = ("challenge", "hold", "deny")
REMEDY = "see docs/risk-decisions.md"


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """What ``risk.toml`` says; see the module."""

    zone: str = "Asia/Shanghai"
    features: str = "payments"
    policy: str = ""
    rules: str = ""
    model: str = ""
    purpose: str = "cards"
    model_action: str = "challenge"

    @classmethod
    def read(cls, path: Path) -> "RiskSettings":
        """The settings in a file. Raises InputError."""
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (ValueError, OSError, RecursionError) as error:
            raise InputError(f"is no TOML: {type(error).__name__}", file=path.name, remedy=REMEDY) from None
        known = {one.name for one in fields(cls)}
        for name, value in told.items():
            wrong = name not in known or not isinstance(value, str)
            if wrong or (name == "model_action" and value not in MODEL_ACTIONS):
                raise InputError(
                    "is not known, or not of what it can say",
                    file=path.name,
                    field=name,
                    value=str(value)[:60],
                    remedy=REMEDY,
                )
        return cls(**told)
