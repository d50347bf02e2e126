"""The typed tree of a checked expression: the closed list of what there is.

Rules:

1. Every node knows its type; NULL is a value of each. A node is a value: equal nodes mean equal results.
2. Numbers are of one type when they meet: `ToDouble` is there wherever a BIGINT becomes a DOUBLE. Arithmetic works
   on DOUBLE alone; `Modulo` works on BIGINT with a positive constant.
3. What may leave the finite numbers passes a `Within` before anything but arithmetic sees it: outside is NULL.

Example::

    Compare(">", Name(Type.BIGINT, "amount"), Literal(Type.BIGINT, 100))
"""

from collections.abc import Iterator
from dataclasses import dataclass
from sys import float_info
from typing import Literal as OneOf
from typing import TypeAlias

from jinku.risk.language.types import Type

DOUBLE_MAX = float_info.max

Comparison: TypeAlias = OneOf["=", "<>", "<", "<=", ">", ">="]
Operator: TypeAlias = OneOf["+", "-", "*", "/"]
FunctionName: TypeAlias = OneOf["neg", "abs", "floor", "ceil", "sqrt"]
Extreme: TypeAlias = OneOf["least", "greatest"]


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    type: Type
    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; None is NULL, of the type that its place asks for."""

    type: Type
    value: int | float | bool | str | None


@dataclass(frozen=True, slots=True)
class ToDouble:
    """A BIGINT as the nearest DOUBLE, ties to even."""

    inner: "Node"
    type: Type = Type.DOUBLE


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two DOUBLEs by IEEE 754; a division by zero is NULL."""

    operator: Operator
    left: "Node"
    right: "Node"
    type: Type = Type.DOUBLE


@dataclass(frozen=True, slots=True)
class Function:
    """One DOUBLE by IEEE 754."""

    function: FunctionName
    inner: "Node"
    type: Type = Type.DOUBLE


@dataclass(frozen=True, slots=True)
class Modulo:
    """What remains of a BIGINT after whole divisions by `divisor`, with the sign of the number."""

    inner: "Node"
    divisor: int
    type: Type = Type.BIGINT


@dataclass(frozen=True, slots=True)
class Within:
    """A DOUBLE from `low` to the greatest finite one; NULL outside. What IEEE 754 calls NaN is outside."""

    inner: "Node"
    low: float = -DOUBLE_MAX
    type: Type = Type.DOUBLE


@dataclass(frozen=True, slots=True)
class OneZero:
    """A DOUBLE whose zero has no sign; only at the root, since nothing inside can tell the two zeros apart."""

    inner: "Node"
    type: Type = Type.DOUBLE


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values of one type; NULL where either is."""

    operator: Comparison
    left: "Node"
    right: "Node"
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Distinct:
    """Whether two values differ, NULL being equal to NULL; never NULL itself."""

    left: "Node"
    right: "Node"
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class All:
    """AND: FALSE where one is FALSE, else NULL where one is NULL."""

    inner: tuple["Node", ...]
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Any:
    """OR: TRUE where one is TRUE, else NULL where one is NULL."""

    inner: tuple["Node", ...]
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Not:
    """NOT: NULL where its operand is."""

    inner: "Node"
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a value is NULL; never NULL itself."""

    inner: "Node"
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class IsTruth:
    """Whether a BOOLEAN is TRUE (or FALSE, as `truth` says); never NULL itself."""

    inner: "Node"
    truth: bool
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class In:
    """Whether a value is one of some constants of its type, none of them NULL; NULL where it is."""

    inner: "Node"
    values: tuple[int | float | str, ...]
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a VARCHAR matches a pattern of ``%`` (anything), ``_`` (one character) and themselves."""

    inner: "Node"
    pattern: str
    type: Type = Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Case:
    """The value beside the first condition that is TRUE, else `otherwise`."""

    branches: tuple[tuple["Node", "Node"], ...]
    otherwise: "Node"
    type: Type


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first that is not NULL."""

    inner: tuple["Node", ...]
    type: Type


@dataclass(frozen=True, slots=True)
class NullIf:
    """NULL where it equals `other`, else itself. `left` and `other` have been brought to one type for `same`."""

    inner: "Node"
    same: Compare
    type: Type


@dataclass(frozen=True, slots=True)
class Least:
    """The least or greatest of numbers of one type; NULL where one of them is."""

    which: Extreme
    inner: tuple["Node", ...]
    type: Type


Node: TypeAlias = (
    Name
    | Literal
    | ToDouble
    | Arithmetic
    | Function
    | Modulo
    | Within
    | OneZero
    | Compare
    | Distinct
    | All
    | Any
    | Not
    | IsNull
    | IsTruth
    | In
    | Like
    | Case
    | Coalesce
    | NullIf
    | Least
)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`."""
    match node:
        case Name() | Literal():
            return ()
        case Arithmetic() | Compare() | Distinct():
            return node.left, node.right
        case All() | Any() | Coalesce() | Least():
            return node.inner
        case Case():
            return (*(one for pair in node.branches for one in pair), node.otherwise)
        case NullIf():
            return node.inner, node.same
        case _:
            return (node.inner,)


def walk(root: Node) -> Iterator[Node]:
    """`root` and every node below it."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def columns_of(root: Node) -> tuple[Name, ...]:
    """The columns that an expression uses, by name."""
    return tuple(sorted({one for one in walk(root) if isinstance(one, Name)}, key=lambda one: one.name))


def names_of(root: Node) -> tuple[str, ...]:
    """The names that an expression uses, sorted."""
    return tuple(one.name for one in columns_of(root))


def written_twice(node: Node) -> bool:
    """Whether what is directly below `node` stands twice in SQL text."""
    return isinstance(node, Within | OneZero | Least)


def is_nullable(node: Node) -> bool:
    """Whether the value can be NULL."""
    match node:
        case Literal():
            return node.value is None
        case IsNull() | IsTruth() | Distinct():
            return False
        case Name() | Within() | NullIf() | Arithmetic():
            return True
        case Coalesce():
            return all(is_nullable(one) for one in node.inner)
        case Case():
            return is_nullable(node.otherwise) or any(is_nullable(value) for _, value in node.branches)
        case _:
            return any(is_nullable(one) for one in children(node))
