"""How large a number can become, so that only what can leave the finite numbers is guarded.

Example::

    may_leave(parsed("amount * 2"))   # False: amount has 64 bits
    may_leave(parsed("ratio * 2"))    # True: a DOUBLE may already be the greatest there is
"""

from jinku.risk.language.tree import DOUBLE_MAX, Arithmetic, Function, Literal, Node, ToDouble

SAFE_MAX = 1e300
_BIGINT_BOUND = 2.0**63


def may_leave(node: Node) -> bool:
    """Whether the result can be infinite, or no number."""
    match node:
        case Arithmetic():
            return not bound(node) <= SAFE_MAX
        case Function(function="neg" | "abs"):
            return may_leave(node.inner)
        case _:
            return False


def bound(node: Node) -> float:
    """The greatest magnitude that a DOUBLE can have; infinite or NaN where there is no such bound."""
    match node:
        case ToDouble():
            return _BIGINT_BOUND
        case Literal(value=int() | float() as value):
            return abs(float(value))
        case Function():
            return bound(node.inner) + 1.0
        case Arithmetic(operator="+" | "-"):
            return bound(node.left) + bound(node.right)
        case Arithmetic(operator="*"):
            return bound(node.left) * bound(node.right)
        case Arithmetic():
            least = _least(node.right)
            return bound(node.left) / least if least else float("inf")
        case _:
            return DOUBLE_MAX


def _least(node: Node) -> float:
    """The smallest magnitude that a divisor can have apart from zero; 0 where it is not known."""
    match node:
        case ToDouble():
            return 1.0
        case Literal(value=int() | float() as value):
            return abs(float(value))
        case _:
            return 0.0
