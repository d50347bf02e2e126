"""A program as one Python function of a row: fast for a single event.

Rules:

1. The function's source is made from the checked tree alone: columns become numbered variables, texts and sets numbered
   constants; nothing that was typed into a rule stands in it.
2. Numbers and words are None or a value. A condition is asked in one of two ways, "is it TRUE" and "is it FALSE", and
   is NULL where neither holds; so AND and OR stop as soon as they know.
3. What several expressions share is computed once, before them.

Example::

    scalar_program([root])({"amount": 100})  # (True,)
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything

from jinku.risk.language import tree
from jinku.risk.language.patterns import matcher
from jinku.risk.language.tree import Node
from jinku.risk.language.types import Type, Value

ScalarProgram = Callable[[Mapping[str, Value]], tuple[Value, ...]]
_INVERSE = {"=": "!=", "<>": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_PYTHON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CALLS = {
    "neg": "-{0}",
    "abs": "abs({0})",
    "floor": "float(floor({0}))",
    "ceil": "float(ceil({0}))",
    "sqrt": "sqrt({0})",
}


def scalar_program(roots: Sequence[Node], *, truths: bool = False) -> ScalarProgram:
    """A function from a row to the value of each root; with `truths`, to whether each root is TRUE."""
    writer = _Writer(roots)
    results = [f"bool({writer.truth(one, True)})" if truths else writer.value(one) for one in roots]
    body = [*writer.lines, f"return ({''.join(f'{one}, ' for one in results)})"]
    source = "def program(row):\n" + "\n".join(f"    {line}" for line in body)
    scope: dict[str, Anything] = {
        "floor": math.floor,
        "ceil": math.ceil,
        "sqrt": math.sqrt,
        **writer.constants,
    }
    # The text holds operators, numbers and numbered names made above from a checked tree, nothing from outside.
    exec(compile(source, "<rules>", "exec"), scope)  # noqa: S102
    made: ScalarProgram = scope["program"]
    return made


class _Writer:
    """Writes the lines of one function."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Anything] = {}
        self._known: dict[tuple[str, Node], str] = {}
        self._shared = _uses(roots)
        for number, one in enumerate(
            sorted({name for root in roots for name in tree.columns_of(root)}, key=str)
        ):
            self.lines.append(f"v{number} = row[{self._constant(one.name)}]")
            self._known["value", one] = f"v{number}"

    def _constant(self, value: Anything) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def _set(self, text: str) -> str:
        name = f"t{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def value(self, node: Node) -> str:
        """A variable or constant that holds the value of `node`, or None."""
        known = self._known.get(("value", node))
        if known is None:
            known = self._value(node)
            self._known["value", node] = known
        return known

    def _value(self, node: Node) -> str:
        if isinstance(node, tree.Literal):
            return self._constant(node.value) if isinstance(node.value, str) else f"({node.value!r})"
        if node.type is Type.BOOLEAN:
            yes, no = self.truth(node, True), self.truth(node, False)
            if not tree.is_nullable(node):
                return self._set(f"bool({yes})")
            return self._set(f"True if {yes} else False if {no} else None")
        return self._set(self._computed(node))

    def _computed(self, node: Node) -> str:
        match node:
            case tree.ToDouble():
                return self._given([node.inner], "float({0})")
            case tree.Arithmetic(operator="/"):
                left, right = self.value(node.left), self.value(node.right)
                tests = [*self._tests([node.left, node.right]), f"{right} != 0.0"]
                return f"{left} / {right} if {' and '.join(tests)} else None"
            case tree.Arithmetic():
                return self._given([node.left, node.right], f"{{0}} {node.operator} {{1}}")
            case tree.Function():
                return self._given([node.inner], _CALLS[node.function])
            case tree.Modulo():
                divisor = node.divisor
                return self._given(
                    [node.inner], f"({{0}} % {divisor} if {{0}} >= 0 else -(-{{0}} % {divisor}))"
                )
            case tree.Within():
                value = self.value(node.inner)
                range_test = f"{node.low!r} <= {value} <= {tree.DOUBLE_MAX!r}"
                return f"{value} if {' and '.join([*self._tests([node.inner]), range_test])} else None"
            case tree.OneZero():
                return self._given([node.inner], "{0} + 0.0")
            case tree.Least():
                call = "min" if node.which == "least" else "max"
                places = ", ".join(f"{{{number}}}" for number in range(len(node.inner)))
                return self._given(list(node.inner), f"{call}({places})")
            case tree.NullIf():
                return f"None if {self.truth(node.same, True)} else {self.value(node.inner)}"
            case tree.Coalesce():
                found = self.value(node.inner[-1])
                for one in reversed(node.inner[:-1]):
                    value = self.value(one)
                    found = f"{value} if {value} is not None else {found}" if tree.is_nullable(one) else value
                return found
            case tree.Case():
                chain = [
                    f"{self.value(value)} if {self.truth(when, True)} else " for when, value in node.branches
                ]
                return "".join(chain) + self.value(node.otherwise)
            case _:
                raise TypeError(type(node).__name__)

    def _given(self, operands: list[Node], text: str) -> str:
        """`text` over the operands, None where one of them is."""
        values = [self.value(one) for one in operands]
        tests = self._present(operands)
        filled = text.format(*values)
        return f"{filled} if {tests} else None" if tests else filled

    def _tests(self, operands: Sequence[Node]) -> list[str]:
        names = [self.value(one) for one in operands if tree.is_nullable(one)]
        return [f"{one} is not None" for one in dict.fromkeys(names)]

    def _present(self, operands: Sequence[Node]) -> str:
        return " and ".join(self._tests(operands))

    def truth(self, node: Node, wanted: bool) -> str:
        """An expression that is true where `node` is `wanted`, kept in a variable where it is asked more than once."""
        key = ("true" if wanted else "false", node)
        known = self._known.get(key)
        if known is None:
            known = f"({self._truth(node, wanted)})"
            if self._shared[node] > 1 and not isinstance(node, tree.Name | tree.Literal):
                known = self._set(known)
            self._known[key] = known
        return known

    def _truth(self, node: Node, wanted: bool) -> str:
        match node:
            case tree.Literal():
                return str(node.value is wanted)
            case tree.All() | tree.Any():
                each = [self.truth(one, wanted) for one in node.inner]
                return (" and " if isinstance(node, tree.All) is wanted else " or ").join(each)
            case tree.Not():
                return self.truth(node.inner, not wanted)
            case tree.IsNull() | tree.IsTruth():
                return self._whether(node, wanted)
            case tree.Compare():
                return self._comparison(node, wanted)
            case tree.Distinct():
                left, right = self.value(node.left), self.value(node.right)
                return f"{left} {'!=' if wanted else '=='} {right}"
            case tree.In():
                held = f"{'in' if wanted else 'not in'} {self._constant(frozenset(node.values))}"
                return " and ".join([*self._tests([node.inner]), f"{self.value(node.inner)} {held}"])
            case tree.Like():
                match = f"{self._constant(matcher(node.pattern).fullmatch)}({self.value(node.inner)})"
                return " and ".join([*self._tests([node.inner]), match if wanted else f"not {match}"])
            case _:
                return self._chosen(node, wanted)

    def _whether(self, node: "tree.IsNull | tree.IsTruth", wanted: bool) -> str:
        if isinstance(node, tree.IsTruth):
            asked = self.truth(node.inner, node.truth)
            return asked if wanted else f"not {asked}"
        if not tree.is_nullable(node.inner):
            return str(not wanted)
        return f"{self.value(node.inner)} is {'' if wanted else 'not '}None"

    def _comparison(self, node: tree.Compare, wanted: bool) -> str:
        left, right = self.value(node.left), self.value(node.right)
        operator = (_PYTHON if wanted else _INVERSE)[node.operator]
        tests = self._present([node.left, node.right])
        compared = f"{left} {operator} {right}"
        return f"{tests} and {compared}" if tests else compared

    def _chosen(self, node: Node, wanted: bool) -> str:
        """A BOOLEAN that is a column, or chosen by CASE, COALESCE or NULLIF."""
        match node:
            case tree.Name():
                value = self.value(node)
                return f"{value} is not None and {'' if wanted else 'not '}{value}"
            case tree.Case():
                chain = [
                    f"{self.truth(value, wanted)} if {self.truth(when, True)} else "
                    for when, value in node.branches
                ]
                return "".join(chain) + self.truth(node.otherwise, wanted)
            case tree.Coalesce():
                *first, last = node.inner
                chain = []
                for one in first:
                    yes, no = self.truth(one, wanted), self.truth(one, not wanted)
                    chain.append(f"{yes} or (not {no} and (")
                return "".join(chain) + self.truth(last, wanted) + "))" * len(chain)
            case tree.NullIf():
                return f"not {self.truth(node.same, True)} and {self.truth(node.inner, wanted)}"
            case _:
                raise TypeError(type(node).__name__)


def _uses(roots: Sequence[Node]) -> Counter[Node]:
    """How many nodes, of all roots together, have each node directly below them."""
    seen: set[Node] = set()
    uses: Counter[Node] = Counter(roots)
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        below = tree.children(node)
        uses.update(below)
        stack.extend(below)
    return uses
