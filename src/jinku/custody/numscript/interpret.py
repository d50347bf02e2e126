"""Running a program: variables first, then its statements in order.

Rules:

1. A run changes nothing outside: it reads books and yields a result, or raises.
2. What is not `world` starts with what the books say; each statement sees the doings of those before it.
3. A variable's declared type is kept: an origin of another type is refused.

Example::

    run(parse("send [CNY/2 7] ( source = @world destination = @a )")).postings[0].amount  # 7
"""

from collections.abc import Iterable, Mapping

from jinku.custody.numscript import syntax as s
from jinku.custody.numscript import values as v
from jinku.custody.numscript.balances import Balances
from jinku.custody.numscript.destinations import give
from jinku.custody.numscript.errors import NegativeAmount, UnknownName, VariableMissing, WrongType
from jinku.custody.numscript.evaluate import value_of, want
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.functions import META, metadata, perform
from jinku.custody.numscript.inputs import Books, Inputs, StaticBooks
from jinku.custody.numscript.place import NOWHERE
from jinku.custody.numscript.result import Result
from jinku.custody.numscript.sources import take_all, take_exactly
from jinku.custody.numscript.state import State


def run(program: s.Program, inputs: Inputs | None = None) -> Result:
    """What `program` yields on listed inputs. Raises NumscriptError."""
    inputs = inputs or Inputs()
    return run_with(program, inputs.variables, StaticBooks(inputs.balances, inputs.metadata), inputs.features)


def run_with(
    program: s.Program, variables: Mapping[str, str], books: Books, features: Iterable[str] = ()
) -> Result:
    """What `program` yields with `variables` as text and `books` to read from. Raises NumscriptError.

    `features` are flags set beside the program's own. Variables that the program does not declare are ignored.
    """
    state = State(
        text=program.text,
        books=books,
        features=_features(program, features),
        balances=Balances(books),
    )
    for declaration in program.variables:
        state.variables[declaration.name] = _variable(state, declaration, variables)
    state.in_origin = False
    for statement in program.statements:
        _perform(state, statement)
    return Result(tuple(state.postings), tuple(state.kept), state.tx_metadata, state.account_metadata)


def _features(program: s.Program, given: Iterable[str]) -> frozenset[str]:
    asked = [(flag, NOWHERE) for flag in given] + [(flag.text, flag.place) for flag in program.features]
    known = frozenset(feature.value for feature in Feature)
    for flag, place in asked:
        if flag not in known:
            raise UnknownName(
                f"there is no feature {flag!r}", place=place, remedy="use " + ", ".join(sorted(known))
            )
    return frozenset(flag for flag, _ in asked)


def _variable(state: State, declaration: s.Declaration, given: Mapping[str, str]) -> v.Value:
    kind, place, origin = declaration.type, declaration.place, declaration.origin
    if kind not in v.TYPES:
        raise UnknownName(f"there is no type {kind!r}", place=place, remedy="use " + ", ".join(v.TYPES))
    if origin is None:
        if declaration.name not in given:
            raise VariableMissing(declaration.name, place=place)
        return v.read_value(kind, given[declaration.name], place)
    if isinstance(origin, s.Call) and origin.function == META:
        return metadata(state, kind, [value_of(state, one) for one in origin.arguments], origin.place)
    if not isinstance(origin, s.Call):
        state.need(Feature.MID_SCRIPT_CALL, origin.place)
    value = value_of(state, origin)
    if v.type_of(value) != kind:
        raise WrongType(kind, v.type_of(value), str(value), place=origin.place)
    return value


def _perform(state: State, statement: s.Statement) -> None:
    match statement:
        case s.Send(sent=sent, source=source, destination=destination):
            state.asset, amount = _amount(state, sent)
            if amount is None:
                amount = take_all(state, source)
            else:
                take_exactly(state, source, amount)
            give(state, destination, amount)
        case s.Save(sent=sent, account=account):
            asset, amount = _amount(state, sent)
            state.balances.save(want(state, account, v.Account).name, asset.name, amount)
        case s.Call(function=function, arguments=arguments, place=place):
            perform(state, function, [value_of(state, one) for one in arguments], place)


def _amount(state: State, sent: s.Expression | s.Everything) -> tuple[v.Asset, int | None]:
    """The asset and the amount (0 or more, None for all) of what is sent or saved. Raises NegativeAmount."""
    if isinstance(sent, s.Everything):
        return want(state, sent.asset, v.Asset), None
    found = want(state, sent, v.Monetary)
    if found.amount < 0:
        raise NegativeAmount(found.amount, place=sent.place)
    return found.asset, found.amount
