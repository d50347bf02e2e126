"""From a syntax tree to a typed tree: whatever is not on the list, or has not the right type, is refused by its place.

Example::

    check(read("amount > 100", "big"), {"amount": Type.BIGINT}, Type.BOOLEAN)
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any as Anything
from typing import NoReturn, TypeVar

from sqlglot import exp

from jinku.risk.language import tree
from jinku.risk.language.bounds import may_leave
from jinku.risk.language.syntax import Source
from jinku.risk.language.tree import Literal, Node
from jinku.risk.language.types import Type

DEPTH_MAX = 60
SIZE_MAX = 20_000
BIGINT_MAX = (1 << 63) - 1
_NEAR_MIN = 0.65
_NUMBERS = (Type.BIGINT, Type.DOUBLE)

_COMPARISONS: dict[type[exp.Expr], tree.Comparison] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], tree.Operator] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_FUNCTIONS: dict[type[exp.Expr], tree.FunctionName] = {
    exp.Abs: "abs",
    exp.Floor: "floor",
    exp.Ceil: "ceil",
    exp.Sqrt: "sqrt",
}
_EXTREMES: dict[type[exp.Expr], tree.Extreme] = {exp.Least: "least", exp.Greatest: "greatest"}
FUNCTION_NAMES = ("abs", "ceil", "coalesce", "floor", "greatest", "least", "nullif", "sqrt")

_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.And: ("this", "expression"),
    exp.Or: ("this", "expression"),
    exp.Not: ("this",),
    exp.Paren: ("this",),
    exp.Column: ("this",),
    exp.Literal: ("this", "is_string"),
    exp.Boolean: ("this",),
    exp.Null: (),
    exp.Neg: ("this",),
    exp.Mod: ("this", "expression"),
    exp.NullSafeEQ: ("this", "expression"),
    exp.NullSafeNEQ: ("this", "expression"),
    exp.Is: ("this", "expression", "negate"),
    exp.In: ("this", "expressions"),
    exp.Between: ("this", "low", "high"),
    exp.Like: ("this", "expression", "negate"),
    exp.Case: ("this", "ifs", "default"),
    exp.If: ("this", "true"),
    exp.Coalesce: ("this", "expressions"),
    exp.Nullif: ("this", "expression"),
    **dict.fromkeys(_COMPARISONS, ("this", "expression")),
    **dict.fromkeys(_ARITHMETIC, ("this", "expression", "typed", "safe")),
    **dict.fromkeys(_FUNCTIONS, ("this",)),
    **dict.fromkeys(_EXTREMES, ("this", "expressions", "ignore_nulls")),
}
"""The closed list of syntax, each with the parts that it may have."""

N = TypeVar("N", bound=Node)


def check(source: Source, namespace: Mapping[str, Type], wanted: Type | None = None) -> Node:
    """The typed tree of `source` over `namespace`; of type `wanted` where that is given. Raises BadExpression."""
    checker = _Checker(source, namespace)
    root = checker.closed(checker.node(source.root))
    if wanted is not None and root.type is not wanted:
        if wanted is Type.DOUBLE and root.type is Type.BIGINT:
            root = checker.double(root)
        else:
            checker.refuse(
                f"is {_a(root.type)} and must be {_a(wanted)}",
                source.root,
                remedy="write a comparison" if wanted is Type.BOOLEAN else "",
            )
    if isinstance(root, Literal) and root.value is None:
        checker.refuse("is nothing but NULL", source.root, remedy="write a condition")
    if root.type is Type.DOUBLE and not isinstance(root, tree.Name | Literal):
        root = checker.made(tree.OneZero(root), source.root)
    return root


class _Checker:
    """One text on its way; every node that is made is counted, so that no short text becomes a huge one."""

    def __init__(self, source: Source, namespace: Mapping[str, Type]) -> None:
        self._source, self._namespace = source, namespace
        self._sizes: dict[int, int] = {}
        self._kept: list[Node] = []
        self._depth = 0
        self._special: dict[type[exp.Expr], Callable[[Anything], Node]] = {
            exp.And: self._junction,
            exp.Or: self._junction,
            exp.Not: lambda at: self.made(tree.Not(self._boolean(at.this)), at),
            exp.Paren: lambda at: self.node(at.this),
            exp.Column: self._name,
            exp.Literal: self._literal,
            exp.Boolean: lambda at: Literal(Type.BOOLEAN, bool(at.this)),
            exp.Neg: self._negative,
            exp.Mod: self._modulo,
            exp.NullSafeEQ: lambda at: self.made(tree.Not(self._distinct(at)), at),
            exp.NullSafeNEQ: self._distinct,
            exp.Is: self._is,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: self._like,
            exp.Case: self._case,
            exp.Coalesce: self._coalesce,
            exp.Nullif: self._null_if,
            **dict.fromkeys(_COMPARISONS, self._compare),
            **dict.fromkeys(_ARITHMETIC, self._arithmetic),
            **dict.fromkeys(_FUNCTIONS, self._function),
            **dict.fromkeys(_EXTREMES, self._extreme),
        }

    def refuse(
        self, problem: str, at: exp.Expr, *, value: str = "", nearest: str = "", remedy: str = ""
    ) -> NoReturn:
        """Raise BadExpression about `at`."""
        raise self._source.error(problem, at, value=value, nearest=nearest, remedy=remedy)

    def made(self, node: N, at: exp.Expr) -> N:
        """`node`, counted."""
        below = sum(self._sizes.get(id(one), 1) for one in tree.children(node))
        size = below * (2 if tree.written_twice(node) else 1) + 1
        if size > SIZE_MAX:
            self.refuse("is too large once written out", at, remedy="split it into several rules")
        self._sizes[id(node)] = size
        self._kept.append(node)
        return node

    def node(self, at: exp.Expr) -> Node:
        """The typed node of `at`, possibly arithmetic that has left the finite numbers. Raises BadExpression."""
        parts = _PARTS.get(type(at))
        make = self._special.get(type(at))
        if parts is None or make is None:
            self._unknown(at)
        extra = [name for name, part in at.args.items() if part and name not in parts]
        if extra:
            self.refuse(f"{_word(at)} takes no {extra[0]}", at, value=extra[0], remedy="leave it out")
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self.refuse(f"is nested deeper than {DEPTH_MAX} levels", at, remedy="split it into several rules")
        found = make(at)
        self._depth -= 1
        return found

    def value(self, at: exp.Expr) -> Node:
        """The typed node of `at`, finite or NULL."""
        return self.closed(self.node(at), at)

    def closed(self, node: Node, at: exp.Expr | None = None) -> Node:
        """`node` with whatever left the finite numbers being NULL."""
        return self.made(tree.Within(node), at or self._source.root) if may_leave(node) else node

    def double(self, node: Node, at: exp.Expr | None = None) -> Node:
        """A number as a DOUBLE."""
        if node.type is Type.DOUBLE:
            return node
        if isinstance(node, Literal):
            return Literal(Type.DOUBLE, None if node.value is None else float(node.value))
        return self.made(tree.ToDouble(node), at or self._source.root)

    def _unknown(self, at: exp.Expr) -> NoReturn:
        if isinstance(at, exp.Anonymous | exp.Func):
            name = str(at.name if isinstance(at, exp.Anonymous) else at.sql_name()).lower()
            self.refuse(
                f"there is no function {name}",
                at,
                value=name,
                nearest=_nearest(name, FUNCTION_NAMES),
                remedy=f"there are {', '.join(FUNCTION_NAMES)}",
            )
        if isinstance(at, exp.Null):
            self.refuse(
                "NULL stands where it makes everything NULL", at, remedy="write IS NULL or IS NOT NULL"
            )
        self.refuse(
            f"{_word(at)} is not part of the language",
            at,
            value=_word(at),
            remedy="use comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL, CASE and arithmetic",
        )

    # names and constants

    def _name(self, at: exp.Column) -> Node:
        name = at.name
        kind = self._namespace.get(name)
        if kind is None:
            self.refuse(
                f"there is no field or feature {name}",
                at,
                value=name,
                nearest=_nearest(name, self._namespace),
                remedy="see the names that there are",
            )
        return tree.Name(kind, name)

    def _literal(self, at: exp.Literal, sign: int = 1) -> Literal:
        text = str(at.this)
        if at.is_string:
            return Literal(Type.VARCHAR, text)
        if text.isascii() and text.isdigit():
            number = sign * int(text)
            if not -BIGINT_MAX - 1 <= number <= BIGINT_MAX:
                self.refuse(
                    f"{text} is beyond 64 bits", at, value=text, remedy="write it with e0, as a DOUBLE"
                )
            return Literal(Type.BIGINT, number)
        number_or_not = _double(text)
        if number_or_not is None:
            self.refuse(f"{text} is no number of a DOUBLE", at, value=text, remedy="write it as 1.5 or 1e9")
        return Literal(Type.DOUBLE, sign * number_or_not + 0.0)

    def _constant(self, at: exp.Expr) -> Literal | None:
        """The constant that `at` is, with its sign; None where it is none."""
        if isinstance(at, exp.Paren):
            return self._constant(at.this)
        if isinstance(at, exp.Neg) and isinstance(at.this, exp.Literal) and not at.this.is_string:
            return self._literal(at.this, -1)
        return self._literal(at) if isinstance(at, exp.Literal) else None

    def _or_null(self, at: exp.Expr) -> Node | None:
        """The value of `at`; None where it is the word NULL."""
        inner = at
        while isinstance(inner, exp.Paren):
            inner = inner.this
        return None if isinstance(inner, exp.Null) else self.value(at)

    # logic

    def _boolean(self, at: exp.Expr) -> Node:
        found = self.node(at)
        if found.type is not Type.BOOLEAN:
            self.refuse(f"is {_a(found.type)} where a condition must stand", at, remedy="write a comparison")
        return found

    def _junction(self, at: exp.And | exp.Or) -> Node:
        kind, flat, stack = type(at), list[exp.Expr](), [at]
        while stack:
            one = stack.pop()
            if type(one) is kind:
                stack += [one.expression, one.this]
            else:
                flat.append(one)
        inner = tuple(self._boolean(one) for one in flat)
        return self.made(tree.All(inner) if kind is exp.And else tree.Any(inner), at)

    def _is(self, at: exp.Is) -> Node:
        what = at.expression
        if isinstance(what, exp.Null):
            found: Node = self.made(tree.IsNull(self.value(at.this)), at)
        elif isinstance(what, exp.Boolean):
            found = self.made(tree.IsTruth(self._boolean(at.this), bool(what.this)), at)
        else:
            self.refuse("IS takes NULL, TRUE or FALSE", at, remedy="write = to compare")
        return self.made(tree.Not(found), at) if at.args.get("negate") else found

    def _pair(self, at: Anything, *, ordered: bool = False) -> tuple[Node, Node]:
        """Both operands, brought to one type that can be compared."""
        return self._matched(self.value(at.this), self.value(at.expression), at, ordered=ordered)

    def _matched(self, left: Node, right: Node, at: exp.Expr, *, ordered: bool) -> tuple[Node, Node]:
        if left.type in _NUMBERS and right.type in _NUMBERS:
            if left.type is not right.type:
                return self.double(left, at), self.double(right, at)
            return left, right
        if left.type is not right.type:
            self._unequal_types(left, right, at)
        if ordered:
            self.refuse(f"{left.type} has no order", at, remedy="compare with = or <>, or use IN")
        return left, right

    def _unequal_types(self, left: Node, right: Node, at: exp.Expr) -> NoReturn:
        remedy = "compare values of one type"
        if Type.KEY in (left.type, right.type):
            remedy = "a KEY can only be compared with a KEY, or be NULL; lists of ids belong to screening"
        elif any(isinstance(one, Literal) and one.type is Type.VARCHAR for one in (left, right)):
            remedy = "write numbers, TRUE and FALSE without quotes"
        self.refuse(f"{left.type} meets {right.type}", at, remedy=remedy)

    def _compare(self, at: Anything) -> Node:
        operator = _COMPARISONS[type(at)]
        left, right = self._pair(at, ordered=operator not in ("=", "<>"))
        return self.made(tree.Compare(operator, left, right), at)

    def _distinct(self, at: Anything) -> Node:
        return self.made(tree.Distinct(*self._pair(at)), at)

    def _between(self, at: exp.Between) -> Node:
        value = self.value(at.this)
        low = self._matched(value, self.value(at.args["low"]), at, ordered=True)
        high = self._matched(value, self.value(at.args["high"]), at, ordered=True)
        both = (self.made(tree.Compare(">=", *low), at), self.made(tree.Compare("<=", *high), at))
        return self.made(tree.All(both), at)

    def _in(self, at: exp.In) -> Node:
        value = self.value(at.this)
        constants = []
        for one in at.expressions:
            constant = self._constant(one)
            if constant is None or constant.value is None:
                self.refuse(
                    "IN takes constants only", one, remedy="write numbers or 'words', no NULL and no names"
                )
            constants.append(constant)
        if not constants:
            self.refuse("IN takes a list of constants", at, remedy="write IN (1, 2)")
        if any(one.type is Type.DOUBLE for one in constants) and value.type in _NUMBERS:
            value = self.double(value, at)
        if value.type is Type.DOUBLE:
            constants = [
                Literal(Type.DOUBLE, float(one.value)) if one.type is Type.BIGINT else one  # type: ignore[arg-type]
                for one in constants
            ]
        for one in constants:
            if one.type is not value.type:
                self._unequal_types(value, one, at)
        values = tuple(sorted({one.value for one in constants}))  # type: ignore[type-var]
        return self.made(tree.In(value, values), at)  # type: ignore[arg-type]

    def _like(self, at: exp.Like) -> Node:
        value, pattern = self.value(at.this), self._constant(at.expression)
        if value.type is not Type.VARCHAR:
            self.refuse(f"LIKE takes a VARCHAR, not {_a(value.type)}", at, remedy="compare with =")
        if pattern is None or not isinstance(pattern.value, str):
            self.refuse("LIKE takes a constant pattern", at, remedy="write LIKE 'pay%'")
        if "\\" in pattern.value:
            self.refuse("a pattern has no backslash", at, value=pattern.value, remedy="leave it out")
        found = self.made(tree.Like(value, pattern.value), at)
        return self.made(tree.Not(found), at) if at.args.get("negate") else found

    # arithmetic

    def _number(self, at: exp.Expr, found: Node) -> Node:
        if found.type not in _NUMBERS:
            self.refuse(f"is {_a(found.type)} where a number must stand", at, remedy="use a number")
        return found

    def _arithmetic(self, at: Anything) -> Node:
        left = self._number(at.this, self.node(at.this))
        right = self._number(at.expression, self.node(at.expression))
        return self.made(
            tree.Arithmetic(_ARITHMETIC[type(at)], self.double(left, at), self.double(right, at)), at
        )

    def _negative(self, at: exp.Neg) -> Node:
        constant = self._constant(at)
        if constant is not None:
            return constant
        inner = self.double(self._number(at.this, self.node(at.this)), at)
        return self.made(tree.Function("neg", inner), at)

    def _function(self, at: Anything) -> Node:
        name = _FUNCTIONS[type(at)]
        inner = self.double(self._number(at.this, self.node(at.this)), at)
        if name == "sqrt":
            inner = self.made(tree.Within(inner, 0.0), at)
        elif name != "abs":
            inner = self.closed(inner, at)
        return self.made(tree.Function(name, inner), at)

    def _modulo(self, at: exp.Mod) -> Node:
        inner, divisor = self.value(at.this), self._constant(at.expression)
        if inner.type is not Type.BIGINT:
            self.refuse(f"% takes a BIGINT, not {_a(inner.type)}", at, remedy="use floor and a division")
        if divisor is None or divisor.type is not Type.BIGINT or not isinstance(divisor.value, int):
            self.refuse("% takes a whole constant on its right", at, remedy="write amount % 10000")
        if divisor.value <= 0:
            self.refuse(
                f"% takes a positive constant, not {divisor.value}", at, remedy="write amount % 10000"
            )
        return self.made(tree.Modulo(inner, divisor.value), at)

    # choices

    def _alike(self, nodes: Sequence[Node | None], at: exp.Expr) -> list[Node]:
        """`nodes` in one type; the word NULL becomes NULL of that type."""
        kinds = {one.type for one in nodes if one is not None}
        if not kinds:
            self.refuse("is nothing but NULL", at, remedy="give it a value")
        if kinds == set(_NUMBERS):
            kinds = {Type.DOUBLE}
        if len(kinds) > 1:
            self.refuse(
                f"yields {' or '.join(sorted(kinds))}", at, remedy="let all of its values be of one type"
            )
        [kind] = kinds
        return [
            Literal(kind, None) if one is None else self.double(one, at) if kind is Type.DOUBLE else one
            for one in nodes
        ]

    def _case(self, at: exp.Case) -> Node:
        conditions: list[Node] = []
        for one in at.args["ifs"]:
            if at.this is None:
                conditions.append(self._boolean(one.this))
                continue
            pair = self._matched(self.value(at.this), self.value(one.this), one, ordered=False)
            conditions.append(self.made(tree.Compare("=", *pair), one))
        default = at.args.get("default")
        raw = [self._or_null(one.args["true"]) for one in at.args["ifs"]]
        *values, otherwise = self._alike([*raw, None if default is None else self._or_null(default)], at)
        branches = tuple(zip(conditions, values, strict=True))
        return self.made(tree.Case(branches, otherwise, otherwise.type), at)

    def _coalesce(self, at: exp.Coalesce) -> Node:
        inner = self._alike([self.value(one) for one in (at.this, *at.expressions)], at)
        return self.made(tree.Coalesce(tuple(inner), inner[0].type), at)

    def _null_if(self, at: exp.Nullif) -> Node:
        inner = self.value(at.this)
        same = self._matched(inner, self.value(at.expression), at, ordered=False)
        return self.made(tree.NullIf(inner, self.made(tree.Compare("=", *same), at), inner.type), at)

    def _extreme(self, at: Anything) -> Node:
        name = _EXTREMES[type(at)]
        found = [self._number(one, self.value(one)) for one in (at.this, *at.expressions)]
        if len(found) < 2:
            self.refuse(f"{name} takes two numbers or more", at, remedy=f"write {name}(a, b)")
        inner = self._alike(found, at)
        return self.made(tree.Least(name, tuple(inner), inner[0].type), at)


def _double(text: str) -> float | None:
    """A finite number that is zero only where its digits are; None where `text` is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    digits = text.lower().partition("e")[0]
    if number == 0 and any(one in "123456789" for one in digits):
        return None
    return number if abs(number) <= tree.DOUBLE_MAX else None


def _nearest(name: str, known: "Mapping[str, Type] | Sequence[str]") -> str:
    folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_NEAR_MIN)
    return folded[close[0]] if close else ""


def _a(kind: Type) -> str:
    return f"a {kind}"


def _word(at: exp.Expr) -> str:
    return str(at.key).upper()
