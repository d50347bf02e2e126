"""A program over columns: numpy in blocks that stay in the cache, masks for NULL, and each shared part computed once.

Rules:

1. As in `scalar`, the function's source is made from the checked tree alone.
2. A number or word is an array of values and a mask of where they count, or no mask where none is NULL. A condition is
   up to two masks, "is TRUE" and "is FALSE", each computed only if somebody asks for it.
3. Words are compared as codes of one vocabulary that the program keeps; columns bring their own dictionaries.

Example::

    ColumnarProgram([root]).true({"amount": Column(np.array([100]))}, 1)  # [array([True])]
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any as Anything

import numpy as np

from jinku.risk.language import tree
from jinku.risk.language.errors import ColumnsDiffer, TooManyWords
from jinku.risk.language.patterns import matcher
from jinku.risk.language.tree import Node
from jinku.risk.language.types import DTYPE, AnyColumn, Array, Column, Columns, Mask, Type

BLOCK_ROWS = 4096
WORDS_MAX = 1 << 16
_FEW = 4
_INVERSE = {"=": "!=", "<>": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_NUMPY = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CALLS = {"neg": "negative", "abs": "absolute", "floor": "floor", "ceil": "ceil", "sqrt": "sqrt"}
_ALWAYS = np.True_
_NEVER = np.False_
_NULL = np.int64(0)

Run = Callable[[list[Anything], list[Anything]], tuple[Anything, ...]]


class Vocabulary:
    """Codes of words: those of the program's own constants from the start, others as columns bring them."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {"": 0}
        self._turn = threading.Lock()
        self._mapped: dict[int, tuple[tuple[str, ...], Array]] = {}
        self._tables: list[tuple[Callable[[str], bool], Array]] = []

    def code(self, word: str) -> int:
        """The code of a word. Raises TooManyWords."""
        code = self._codes.get(word)
        if code is None:
            if len(self._codes) >= WORDS_MAX:
                raise TooManyWords(
                    f"a column of words has more than {WORDS_MAX} different ones",
                    remedy="a VARCHAR has a small vocabulary; let ids be KEYs",
                )
            code = self._codes[word] = len(self._codes)
        return code

    def table(self, holds: Callable[[str], bool]) -> int:
        """The number of a new table that says of each code whether its word `holds`."""
        self._tables.append((holds, np.empty(0, np.bool_)))
        return len(self._tables) - 1

    def mapping(self, words: tuple[str, ...]) -> Array:
        """The code of each of a dictionary's words. Raises TooManyWords."""
        with self._turn:
            found = self._mapped.get(id(words))
            if found is not None and found[0] is words:
                return found[1]
            codes = np.array([self.code(one) for one in words] or [0], np.int32)
            if len(self._mapped) >= WORDS_MAX:
                self._mapped.clear()
            self._mapped[id(words)] = (words, codes)
            return codes

    def tables(self) -> list[Array]:
        """Every table, as long as the vocabulary is now."""
        with self._turn:
            words = list(self._codes)
            for number, (holds, known) in enumerate(self._tables):
                if len(known) < len(words):
                    added = np.array([holds(one) for one in words[len(known) :]], np.bool_)
                    self._tables[number] = (holds, np.concatenate([known, added]))
            return [known for _, known in self._tables]


class ColumnarProgram:
    """Expressions over columns; may be used by many threads."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self._roots = tuple(roots)
        self._names = sorted(
            {one for root in roots for one in tree.columns_of(root)}, key=lambda one: one.name
        )
        self._vocabulary = Vocabulary()
        self._values: Run | None = None
        self._true: Run | None = None

    def values(self, columns: Columns, count: int) -> list[Column]:
        """The value of each expression for each of `count` events. Raises ColumnsDiffer, TooManyWords."""
        if self._values is None:
            self._values = self._written(truths=False)
        found = self._blocks(self._values, columns, count)
        return [
            self._column(root, *found[2 * number : 2 * number + 2]) for number, root in enumerate(self._roots)
        ]

    def true(self, columns: Columns, count: int) -> list[Mask]:
        """For each expression, which is BOOLEAN, where it is TRUE. Raises ColumnsDiffer, TooManyWords."""
        if self._true is None:
            self._true = self._written(truths=True)
        return self._blocks(self._true, columns, count)

    def _written(self, *, truths: bool) -> Run:
        writer = _Writer(self._names, self._vocabulary)
        results: list[str] = []
        for root in self._roots:
            results += [writer.truth(root, True)] if truths else [writer.value(root), writer.valid(root)]
        return writer.function(results)

    def _column(self, root: Node, values: Array, valid: Mask) -> Column:
        if root.type is Type.VARCHAR:
            words = tuple(self._vocabulary._codes)
            return Column(values.astype(np.int32, copy=False), _mask(valid), words)
        if root.type is not Type.KEY:
            values = values.astype(DTYPE[root.type], copy=False)
        return Column(values, _mask(valid))

    def _blocks(self, run: Run, columns: Columns, count: int) -> list[Array]:
        inputs = self._inputs(columns, count)
        tables: list[Anything] = list(self._vocabulary.tables())
        parts = []
        with np.errstate(all="ignore"):  # what stands at a NULL's place means nothing
            for start in range(0, max(count, 1), BLOCK_ROWS):
                rows = min(BLOCK_ROWS, count - start)
                block = [
                    np.ascontiguousarray(one[start : start + rows]) if one.ndim else one for one in inputs
                ]
                parts.append([np.broadcast_to(one, (rows,)) for one in run(block, tables)])
        if len(parts) == 1:
            return parts[0]
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def _inputs(self, columns: Columns, count: int) -> list[Array]:
        """Values and mask of each column, in the order in which the function takes them."""
        inputs: list[Array] = []
        for one in self._names:
            column = columns.get(one.name)
            if column is None:
                raise ColumnsDiffer(
                    f"there is no column {one.name}", remedy="give each column that rules name"
                )
            values = column.values
            if len(values) != count or (column.valid is not None and len(column.valid) != count):
                raise ColumnsDiffer(
                    f"column {one.name} has {len(values)} rows, not {count}",
                    remedy="give columns of one length",
                )
            if one.type is not Type.KEY and values.dtype != DTYPE[one.type]:
                values = _cast(one, values)
            if one.type is Type.VARCHAR:
                values = self._coded(one.name, column)
            inputs += [values, np.asarray(_ALWAYS) if column.valid is None else column.valid]
        return inputs

    def _coded(self, name: str, column: AnyColumn) -> Array:
        if column.words is None:
            raise ColumnsDiffer(f"column {name} brings no words", remedy="give a VARCHAR its dictionary")
        mapping = self._vocabulary.mapping(column.words)
        coded: Array = mapping[np.clip(column.values, 0, len(mapping) - 1)]
        return coded


def _cast(name: tree.Name, values: Array) -> Array:
    wanted = DTYPE[name.type]
    if values.dtype.kind != wanted.kind or not np.can_cast(values.dtype, wanted):
        raise ColumnsDiffer(
            f"column {name.name} holds {values.dtype}, not {wanted}", remedy=f"give a {name.type} as {wanted}"
        )
    return values.astype(wanted)


def _mask(valid: Mask) -> Mask | None:
    return None if valid.all() else valid


class _Writer:
    """Writes the lines of one function of columns."""

    def __init__(self, names: Sequence[tree.Name], vocabulary: Vocabulary) -> None:
        self._lines: list[str] = []
        self._constants: dict[str, Anything] = {}
        self._vocabulary = vocabulary
        self._known: dict[tuple[str, Node], str] = {}
        for number, one in enumerate(names):
            self._lines.append(f"v{number}, m{number} = columns[{2 * number}], columns[{2 * number + 1}]")
            self._known["value", one], self._known["valid", one] = f"v{number}", f"m{number}"

    def function(self, results: list[str]) -> Run:
        """What was written, as a function that yields `results`."""
        body = [*self._lines, f"return ({''.join(f'{one}, ' for one in results)})"]
        source = "def program(columns, tables):\n" + "\n".join(f"    {line}" for line in body)
        scope: dict[str, Anything] = {
            "np": np,
            "always": _ALWAYS,
            "never": _NEVER,
            "null": _NULL,
            **self._constants,
        }
        # The text holds operators and numbered names made above from a checked tree, nothing from outside.
        exec(compile(source, "<rules>", "exec"), scope)  # noqa: S102
        made: Run = scope["program"]
        return made

    def _constant(self, value: Anything) -> str:
        name = f"k{len(self._constants)}"
        self._constants[name] = value
        return name

    def _set(self, text: str) -> str:
        name = f"t{len(self._lines)}"
        self._lines.append(f"{name} = {text}")
        return name

    def _and(self, *masks: str) -> str:
        """A mask of where all are true."""
        given = [one for one in dict.fromkeys(masks) if one != "always"]
        if "never" in given:
            return "never"
        return "always" if not given else given[0] if len(given) == 1 else self._set(" & ".join(given))

    def _or(self, *masks: str) -> str:
        given = [one for one in dict.fromkeys(masks) if one != "never"]
        if "always" in given:
            return "always"
        return "never" if not given else given[0] if len(given) == 1 else self._set(" | ".join(given))

    def _not(self, mask: str) -> str:
        return {"always": "never", "never": "always"}.get(mask) or self._set(f"~{mask}")

    def value(self, node: Node) -> str:
        """A variable that holds the values of `node`."""
        known = self._known.get(("value", node))
        if known is None:
            known = self._known["value", node] = self._value(node)
        return known

    def valid(self, node: Node) -> str:
        """A variable that says where `node` is not NULL."""
        known = self._known.get(("valid", node))
        if known is None:
            known = self._known["valid", node] = self._valid(node)
        return known

    def truth(self, node: Node, wanted: bool) -> str:
        """A variable that says where `node` is `wanted`."""
        key = ("true" if wanted else "false", node)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._truth(node, wanted)
        return known

    def _literal(self, node: tree.Literal) -> str:
        value = node.value
        if value is None:
            return "null"
        if isinstance(value, str):
            return self._constant(np.int32(self._vocabulary.code(value)))
        return self._constant(DTYPE[node.type].type(value))

    def _value(self, node: Node) -> str:
        if isinstance(node, tree.Literal):
            return self._literal(node)
        if node.type is Type.BOOLEAN:
            return self.truth(node, True)
        match node:
            case tree.ToDouble():
                return self._set(f"{self.value(node.inner)}.astype(np.float64)")
            case tree.Arithmetic():
                return self._set(f"{self.value(node.left)} {node.operator} {self.value(node.right)}")
            case tree.Function():
                return self._set(f"np.{_CALLS[node.function]}({self.value(node.inner)})")
            case tree.Modulo():
                return self._set(
                    f"np.fmod({self.value(node.inner)}, {self._constant(np.int64(node.divisor))})"
                )
            case tree.Within() | tree.NullIf():
                return self.value(node.inner)
            case tree.OneZero():
                return self._set(f"{self.value(node.inner)} + 0.0")
            case tree.Least():
                call = "minimum" if node.which == "least" else "maximum"
                found = self.value(node.inner[0])
                for one in node.inner[1:]:
                    found = self._set(f"np.{call}({found}, {self.value(one)})")
                return found
            case tree.Coalesce():
                found = self.value(node.inner[-1])
                for one in reversed(node.inner[:-1]):
                    found = self._chosen(self.valid(one), self.value(one), found)
                return found
            case tree.Case():
                found = self.value(node.otherwise)
                for when, then in reversed(node.branches):
                    found = self._chosen(self.truth(when, True), self.value(then), found)
                return found
            case _:
                raise TypeError(type(node).__name__)

    def _chosen(self, mask: str, yes: str, no: str) -> str:
        if mask in ("always", "never"):
            return yes if mask == "always" else no
        if "null" in (yes, no):
            return no if yes == "null" else yes
        return yes if yes == no else self._set(f"np.where({mask}, {yes}, {no})")

    def _valid(self, node: Node) -> str:
        if not tree.is_nullable(node):
            return "always"
        if node.type is Type.BOOLEAN and not isinstance(node, tree.Literal):
            return self._or(self.truth(node, True), self.truth(node, False))
        match node:
            case tree.Literal():
                return "never"
            case tree.Arithmetic(operator="/"):
                divisor = self._set(f"{self.value(node.right)} != 0.0")
                return self._and(self.valid(node.left), self.valid(node.right), divisor)
            case tree.Within():
                value = self.value(node.inner)
                finite = self._set(f"np.isfinite({value})")
                if node.low == 0.0:
                    finite = self._and(finite, self._set(f"{value} >= 0.0"))
                return self._and(self.valid(node.inner), finite)
            case tree.NullIf():
                return self._and(self.valid(node.inner), self._not(self.truth(node.same, True)))
            case tree.Coalesce():
                return self._or(*[self.valid(one) for one in node.inner])
            case tree.Case():
                found = self.valid(node.otherwise)
                for when, then in reversed(node.branches):
                    found = self._chosen(self.truth(when, True), self.valid(then), found)
                return found
            case _:
                return self._and(*[self.valid(one) for one in tree.children(node)])

    def _truth(self, node: Node, wanted: bool) -> str:
        match node:
            case tree.Literal():
                return "always" if node.value is wanted else "never"
            case tree.Name():
                mask = self.value(node) if wanted else self._not(self.value(node))
                return self._and(mask, self.valid(node))
            case tree.All() | tree.Any():
                each = [self.truth(one, wanted) for one in node.inner]
                return self._and(*each) if isinstance(node, tree.All) is wanted else self._or(*each)
            case tree.Not():
                return self.truth(node.inner, not wanted)
            case tree.IsNull():
                valid = self.valid(node.inner)
                return self._not(valid) if wanted else valid
            case tree.IsTruth():
                asked = self.truth(node.inner, node.truth)
                return asked if wanted else self._not(asked)
            case tree.Compare():
                operator = (_NUMPY if wanted else _INVERSE)[node.operator]
                held = self._set(f"{self.value(node.left)} {operator} {self.value(node.right)}")
                return self._and(held, self.valid(node.left), self.valid(node.right))
            case tree.Distinct():
                return self._distinct(node) if wanted else self._not(self.truth(node, True))
            case tree.In() | tree.Like():
                held = self._member(node)
                return self._and(held if wanted else self._not(held), self.valid(node.inner))
            case _:
                return self._choice(node, wanted)

    def _distinct(self, node: tree.Distinct) -> str:
        one, other = self.valid(node.left), self.valid(node.right)
        differ = self._set(f"{self.value(node.left)} != {self.value(node.right)}")
        return self._or(self._set(f"{one} != {other}"), self._and(one, other, differ))

    def _member(self, node: "tree.In | tree.Like") -> str:
        """Where a value is one of the constants, whatever it is where it is NULL."""
        value = self.value(node.inner)
        if isinstance(node, tree.Like):
            pattern = matcher(node.pattern)
            number = self._vocabulary.table(lambda word: pattern.fullmatch(word) is not None)
            return self._set(f"tables[{number}][{value}]")
        if node.inner.type is Type.VARCHAR:
            words = frozenset(node.values)
            return self._set(f"tables[{self._vocabulary.table(words.__contains__)}][{value}]")
        constants = [self._constant(DTYPE[node.inner.type].type(one)) for one in node.values]
        if len(constants) <= _FEW:
            return self._or(*[self._set(f"{value} == {one}") for one in constants])
        known = self._constant(np.array(node.values, DTYPE[node.inner.type]))
        place = self._set(f"np.minimum(np.searchsorted({known}, {value}), {len(constants) - 1})")
        return self._set(f"{known}[{place}] == {value}")

    def _choice(self, node: Node, wanted: bool) -> str:
        """A BOOLEAN that CASE, COALESCE or NULLIF chooses."""
        match node:
            case tree.Case():
                found = self.truth(node.otherwise, wanted)
                for when, then in reversed(node.branches):
                    found = self._chosen(self.truth(when, True), self.truth(then, wanted), found)
                return found
            case tree.Coalesce():
                found = self.truth(node.inner[-1], wanted)
                for one in reversed(node.inner[:-1]):
                    later = self._and(self._not(self.truth(one, not wanted)), found)
                    found = self._or(self.truth(one, wanted), later)
                return found
            case tree.NullIf():
                return self._and(self.truth(node.inner, wanted), self._not(self.truth(node.same, True)))
            case _:
                raise TypeError(type(node).__name__)
