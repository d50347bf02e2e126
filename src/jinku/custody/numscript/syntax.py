"""The syntax tree of a program: frozen nodes, each with its place.

Rules:

1. A node says what was written, nothing of what it means; names, types and flags are checked when it runs.
2. `None` in a portion's place stands for ``remaining``.
"""

from dataclasses import dataclass
from fractions import Fraction

from jinku.custody.numscript.place import Place


@dataclass(frozen=True, slots=True)
class Node:
    """Anything that stands somewhere in a program."""

    place: Place


# --- expressions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """``$name``."""

    name: str


@dataclass(frozen=True, slots=True)
class AssetName(Node):
    """``CNY/2``."""

    asset: str


@dataclass(frozen=True, slots=True)
class Quoted(Node):
    """``"text"``."""

    text: str


@dataclass(frozen=True, slots=True)
class Digits(Node):
    """``1_000``."""

    number: int


@dataclass(frozen=True, slots=True)
class Percent(Node):
    """``12.5%`` as the exact fraction it is."""

    portion: Fraction


@dataclass(frozen=True, slots=True)
class AccountName(Node):
    """``@investor:$number``: literal parts and variables, to be joined by colons."""

    parts: tuple["str | Variable", ...]


@dataclass(frozen=True, slots=True)
class MonetaryPair(Node):
    """``[CNY/2 100]``."""

    asset: "Expression"
    amount: "Expression"


@dataclass(frozen=True, slots=True)
class Infix(Node):
    """``left operator right``, the operator one of ``+ - /``."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negated(Node):
    """``-operand``."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """``function(argument, …)``, an expression or a statement."""

    function: str
    arguments: tuple["Expression", ...]


Expression = (
    Variable | AssetName | Quoted | Digits | Percent | AccountName | MonetaryPair | Infix | Negated | Call
)

# --- sources -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FromAccount(Node):
    """An account, as far as its balance goes."""

    account: Expression
    color: Expression | None


@dataclass(frozen=True, slots=True)
class FromOverdraft(Node):
    """An account that may go below zero: down to `bound`, or without bound where that is None."""

    account: Expression
    color: Expression | None
    bound: Expression | None


@dataclass(frozen=True, slots=True)
class FromScaled(Node):
    """An account whose other precisions of the asset are exchanged through another account."""

    account: Expression
    through: Expression


@dataclass(frozen=True, slots=True)
class FromInOrder(Node):
    """Each in turn, until there is enough."""

    sources: tuple["Source", ...]


@dataclass(frozen=True, slots=True)
class FromOneOf(Node):
    """The first that is enough by itself."""

    sources: tuple["Source", ...]


@dataclass(frozen=True, slots=True)
class FromCapped(Node):
    """At most `cap` from a source."""

    cap: Expression
    source: "Source"


@dataclass(frozen=True, slots=True)
class SourcePart(Node):
    """One portion of an allotment and where it comes from."""

    portion: Expression | None
    source: "Source"


@dataclass(frozen=True, slots=True)
class FromAllotted(Node):
    """Fixed portions, each from its own source."""

    parts: tuple[SourcePart, ...]


Source = FromAccount | FromOverdraft | FromScaled | FromInOrder | FromOneOf | FromCapped | FromAllotted

# --- destinations ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToAccount(Node):
    """An account."""

    account: Expression


@dataclass(frozen=True, slots=True)
class Kept(Node):
    """Back to where it came from."""


@dataclass(frozen=True, slots=True)
class TargetPart(Node):
    """One portion of an allotment and where it goes."""

    portion: Expression | None
    target: "Target"


@dataclass(frozen=True, slots=True)
class ToAllotted(Node):
    """Fixed portions, each to its own target."""

    parts: tuple[TargetPart, ...]


@dataclass(frozen=True, slots=True)
class CappedTarget(Node):
    """At most `cap` to a target."""

    cap: Expression
    target: "Target"


@dataclass(frozen=True, slots=True)
class ToInOrder(Node):
    """Each capped target in turn, and what remains to the last."""

    capped: tuple[CappedTarget, ...]
    remaining: "Target"


@dataclass(frozen=True, slots=True)
class ToOneOf(Node):
    """All to the first target whose cap is not exceeded, else to the last."""

    capped: tuple[CappedTarget, ...]
    remaining: "Target"


Destination = ToAccount | ToAllotted | ToInOrder | ToOneOf
Target = Destination | Kept

# --- statements --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Everything(Node):
    """``[CNY/2 *]``: all there is of an asset."""

    asset: Expression


@dataclass(frozen=True, slots=True)
class Send(Node):
    """``send sent ( source = … destination = … )``."""

    sent: Expression | Everything
    source: Source
    destination: Destination


@dataclass(frozen=True, slots=True)
class Save(Node):
    """``save sent from account``: what the rest of the program may not touch."""

    sent: Expression | Everything
    account: Expression


Statement = Send | Save | Call


@dataclass(frozen=True, slots=True)
class Declaration(Node):
    """``type $name`` with an optional ``= origin``."""

    type: str
    name: str
    origin: Expression | None


@dataclass(frozen=True, slots=True)
class Program:
    """A whole program, its text, and the features it asks for."""

    text: str
    features: tuple[Quoted, ...]
    variables: tuple[Declaration, ...]
    statements: tuple[Statement, ...]
