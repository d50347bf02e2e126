"""From the parser's tree to the syntax tree.

Rules:

1. The tree's depth was checked before: recursion here is bounded.
2. What the grammar leaves open is decided here: a destination block is an allotment, or an order with its last clause
   ``remaining``; never a mixture. ``remaining`` stands at most once in an allotment.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar, cast

from lark import Token, Tree

from jinku.custody.numscript import syntax as s
from jinku.custody.numscript.errors import LimitExceeded, SyntaxRefused
from jinku.custody.numscript.limits import NUMBER_DIGITS_MAX
from jinku.custody.numscript.place import NOWHERE, Place

Item = Tree[Token] | Token | None
Part = TypeVar("Part", s.SourcePart, s.TargetPart)


def program_of(tree: Tree[Token], text: str) -> s.Program:
    """The program whose parse is `tree`. Raises SyntaxRefused, LimitExceeded."""
    features, variables, *statements = tree.children
    return s.Program(
        text=text,
        features=tuple(_quoted(one) for one in _children(features) if one is not None),
        variables=tuple(_declaration(one) for one in _children(variables)),
        statements=tuple(_statement(one) for one in statements),
    )


def _children(item: Item) -> Sequence[Item]:
    return item.children if isinstance(item, Tree) else ()


def _place(item: Item) -> Place:
    if isinstance(item, Token):
        return Place(item.line or 1, item.column or 1, item.start_pos or 0, item.end_pos or 0)
    if isinstance(item, Tree) and not item.meta.empty:
        return Place(item.meta.line, item.meta.column, item.meta.start_pos, item.meta.end_pos)
    return NOWHERE


def _name(item: Item) -> str:
    return item.data if isinstance(item, Tree) else ""


def _declaration(item: Item) -> s.Declaration:
    kind, name, origin = _children(item)
    place = _place(item)
    return s.Declaration(place, str(kind), str(name)[1:], None if origin is None else _expression(origin))


def _statement(item: Item) -> s.Statement:
    parts = _children(item)
    match _name(item):
        case "send":
            return s.Send(_place(item), _sent(parts[0]), _source(parts[1]), _destination(parts[2]))
        case "save":
            return s.Save(_place(item), _sent(parts[0]), _expression(parts[1]))
        case _:
            return _call(item)


def _sent(item: Item) -> s.Expression | s.Everything:
    if _name(item) == "everything":
        return s.Everything(_place(item), _expression(_children(item)[0]))
    return _expression(item)


# --- expressions -------------------------------------------------------------------------------------------------


def _expression(item: Item) -> s.Expression:
    return _EXPRESSIONS[_name(item)](item)


def _variable(item: Item) -> s.Variable:
    return s.Variable(_place(item), str(_children(item)[0])[1:])


def _quoted(item: Item) -> s.Quoted:
    token = item if isinstance(item, Token) else _children(item)[0]
    return s.Quoted(_place(token), str(token)[1:-1])


def _account(item: Item) -> s.AccountName:
    token = cast(Token, _children(item)[0])
    place, at, parts = _place(token), 1, list[str | s.Variable]()
    for word in str(token)[1:].split(":"):
        start = place.start + at
        where = Place(place.line, place.column + at, start, start + len(word))
        parts.append(s.Variable(where, word[1:]) if word.startswith("$") else word)
        at += len(word) + 1
    return s.AccountName(place, tuple(parts))


def _digits(item: Item) -> s.Digits:
    return s.Digits(_place(item), int(_bounded(item).replace("_", "")))


def _percent(item: Item) -> s.Percent:
    return s.Percent(_place(item), Fraction(_bounded(item).rstrip("%")) / 100)


def _bounded(item: Item) -> str:
    text = str(_children(item)[0])
    if len(text) > NUMBER_DIGITS_MAX:
        raise LimitExceeded(
            f"the number has {len(text)} characters, at most {NUMBER_DIGITS_MAX} are read",
            place=_place(item),
            remedy="write a smaller number",
        )
    return text


def _monetary(item: Item) -> s.MonetaryPair:
    asset, amount = _children(item)
    return s.MonetaryPair(_place(item), _expression(asset), _expression(amount))


def _infix(item: Item) -> s.Infix:
    left, operator, right = _children(item)
    return s.Infix(_place(item), str(operator), _expression(left), _expression(right))


def _call(item: Item) -> s.Call:
    function, *arguments = _children(item)
    return s.Call(
        _place(item), str(function), tuple(_expression(one) for one in arguments if one is not None)
    )


_EXPRESSIONS: MappingProxyType[str, Callable[[Item], s.Expression]] = MappingProxyType(
    {
        "variable": _variable,
        "asset": lambda item: s.AssetName(_place(item), str(_children(item)[0])),
        "quoted": _quoted,
        "account": _account,
        "digits": _digits,
        "percent": _percent,
        "monetary": _monetary,
        "infix": _infix,
        "negated": lambda item: s.Negated(_place(item), _expression(_children(item)[0])),
        "call": _call,
    }
)

# --- sources -----------------------------------------------------------------------------------------------------


def _source(item: Item) -> s.Source:
    place, parts = _place(item), _children(item)
    match _name(item):
        case "from_account":
            return s.FromAccount(place, _expression(parts[0]), _optional(parts[1]))
        case "from_unbounded":
            return s.FromOverdraft(place, _expression(parts[0]), _optional(parts[1]), None)
        case "from_bounded":
            return s.FromOverdraft(place, _expression(parts[0]), _optional(parts[1]), _expression(parts[2]))
        case "from_scaled":
            return s.FromScaled(place, _expression(parts[0]), _expression(parts[1]))
        case "from_in_order":
            return s.FromInOrder(place, tuple(_source(one) for one in parts))
        case "from_one_of":
            return s.FromOneOf(place, tuple(_source(one) for one in parts))
        case "from_capped":
            return s.FromCapped(place, _expression(parts[0]), _source(parts[1]))
        case _:
            shares = [s.SourcePart(_place(one), _portion(one), _source(_children(one)[1])) for one in parts]
            return s.FromAllotted(place, _one_remaining(shares))


def _optional(item: Item) -> s.Expression | None:
    return None if item is None else _expression(item)


def _portion(clause: Item) -> s.Expression | None:
    """The portion of an allotment's clause, None for ``remaining``."""
    portion = _children(clause)[0]
    return None if _name(portion) == "remaining" else _expression(portion)


def _one_remaining(parts: Sequence[Part]) -> tuple[Part, ...]:
    rest = [part for part in parts if part.portion is None]
    if len(rest) > 1:
        raise SyntaxRefused(
            "`remaining` stands twice in one allotment", place=rest[1].place, expected=("a portion",)
        )
    return tuple(parts)


# --- destinations ------------------------------------------------------------------------------------------------


def _destination(item: Item) -> s.Destination:
    place, parts = _place(item), _children(item)
    match _name(item):
        case "to_account":
            return s.ToAccount(place, _expression(parts[0]))
        case "to_one_of":
            capped, remaining = _ordered(parts)
            return s.ToOneOf(place, capped, remaining)
        case _:
            if any(_name(one) == "capped_target" for one in parts):
                capped, remaining = _ordered(parts)
                return s.ToInOrder(place, capped, remaining)
            shares = [s.TargetPart(_place(one), _portion(one), _target(_children(one)[1])) for one in parts]
            return s.ToAllotted(place, _one_remaining(shares))


def _ordered(clauses: Sequence[Item]) -> tuple[tuple[s.CappedTarget, ...], s.Target]:
    """Clauses with a cap, then the one with ``remaining``."""
    capped = []
    for clause in clauses[:-1]:
        if _name(clause) != "capped_target":
            raise SyntaxRefused("a clause without a cap", place=_place(clause), expected=("`max`",))
        cap, target = _children(clause)
        capped.append(s.CappedTarget(_place(clause), _expression(cap), _target(target)))
    last = clauses[-1]
    if _name(last) != "target_part" or _portion(last) is not None:
        raise SyntaxRefused(
            "the last clause must take what remains", place=_place(last), expected=("`remaining`",)
        )
    return tuple(capped), _target(_children(last)[1])


def _target(item: Item) -> s.Target:
    return s.Kept(_place(item)) if _name(item) == "kept" else _destination(item)
