"""Reading specification and input files of the public format: strict about fields, exact about numbers.

Rules:

1. JSON as the format's public schema has it, and `expect.error.negativeAmount`, which its tools know besides.
2. Amounts are JSON integers of any size; a fraction or an exponent is refused.
3. A colour left out is none; an empty expectation list means "no postings", an absent one asks nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.custody.numscript import values as v
from jinku.custody.numscript.errors import BadSpec
from jinku.custody.numscript.inputs import BalanceRow, Inputs, Metadata
from jinku.custody.numscript.limits import NUMBER_DIGITS_MAX, SPEC_BYTES_MAX

_GIVEN = frozenset({"balances", "variables", "metadata"})
_EXPECTED = {
    "expect.postings": ("source", "destination", "asset", "amount"),
    "expect.movements": ("source", "destination", "asset", "amount"),
    "expect.endBalances": ("account", "asset", "amount"),
    "expect.endBalances.include": ("account", "asset", "amount"),
}
_FLAGS = frozenset({"expect.error.missingFunds", "expect.error.negativeAmount"})
_MAPS = frozenset({"expect.txMetadata", "expect.metadata"})
_CASE_FIELDS = _GIVEN | _EXPECTED.keys() | _FLAGS | _MAPS | {"it", "focus", "skip"}


@dataclass(frozen=True, slots=True)
class Case:
    """One test case; `expected` holds only the expectations that it states."""

    it: str
    focus: bool
    skip: bool
    balances: tuple[BalanceRow, ...]
    variables: Mapping[str, str]
    metadata: Metadata
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """A file of test cases and what they have in common."""

    features: frozenset[str]
    balances: tuple[BalanceRow, ...]
    variables: Mapping[str, str]
    metadata: Metadata
    cases: tuple[Case, ...]


def read_spec(file: Path) -> Spec:
    """The specification in `file`. Raises BadSpec."""
    whole = _fields(_json(file), _GIVEN | {"$schema", "featureFlags", "testCases"}, str(file.name))
    return Spec(
        features=_flags(whole.get("featureFlags")),
        balances=_balances(whole.get("balances"), "balances"),
        variables=_texts(whole.get("variables"), "variables"),
        metadata=_metadata(whole.get("metadata"), "metadata"),
        cases=tuple(
            _case(one, f"testCases[{n}]") for n, one in enumerate(_list(whole.get("testCases"), "testCases"))
        ),
    )


def read_inputs(file: Path) -> Inputs:
    """Balances, variables, metadata and feature flags of one run, in `file`. Raises BadSpec."""
    whole = _fields(_json(file), _GIVEN | {"$schema", "featureFlags"}, str(file.name))
    return Inputs(
        variables=_texts(whole.get("variables"), "variables"),
        balances=_balances(whole.get("balances"), "balances"),
        metadata=_metadata(whole.get("metadata"), "metadata"),
        features=_flags(whole.get("featureFlags")),
    )


def read_text(file: Path) -> str:
    """The UTF-8 text of `file`. Raises BadSpec where it is missing, too large or not text."""
    try:
        if file.stat().st_size > SPEC_BYTES_MAX:
            raise BadSpec(f"{file.name} is larger than {SPEC_BYTES_MAX} bytes", remedy="split it")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise BadSpec(f"{file.name}: {reason}", remedy="check the path and the file") from None


def _json(file: Path) -> object:
    try:
        return json.loads(
            read_text(file),
            parse_int=_integer,
            parse_float=_no_fraction,
            parse_constant=_no_fraction,
            object_pairs_hook=_once,
        )
    except json.JSONDecodeError as error:
        raise BadSpec(
            f"{file.name}, line {error.lineno}: {error.msg}", remedy="write it as the format's schema says"
        ) from None
    except RecursionError:
        raise BadSpec(
            f"{file.name} is nested too deeply", remedy="write it as the format's schema says"
        ) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose fields each stand once: a second one would silently replace the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        name = next(name for name, _ in pairs if sum(other == name for other, _ in pairs) > 1)
        raise BadSpec(f"the field {name[:80]!r} stands twice", remedy="keep one of the two")
    return found


def _integer(digits: str) -> int:
    return v.number(digits).value


def _no_fraction(text: str) -> int:
    raise BadSpec(f"{text[:NUMBER_DIGITS_MAX]} is not a whole number", remedy="write amounts as integers")


def _case(value: object, where: str) -> Case:
    fields = _fields(value, _CASE_FIELDS, where)
    if not isinstance(fields.get("it"), str):
        raise BadSpec(f"{where} has no name", remedy='give it an "it"')
    expected: dict[str, Any] = {}
    for name, keys in _EXPECTED.items():
        if fields.get(name) is not None:
            expected[name] = [
                _row(row, keys, f"{where}.{name}") for row in _list(fields[name], f"{where}.{name}")
            ]
    for name in _FLAGS & fields.keys():
        expected[name] = _truth(fields[name], f"{where}.{name}")
    if fields.get("expect.txMetadata") is not None:
        expected["expect.txMetadata"] = _texts(fields["expect.txMetadata"], f"{where}.expect.txMetadata")
    if fields.get("expect.metadata") is not None:
        expected["expect.metadata"] = _metadata(fields["expect.metadata"], f"{where}.expect.metadata")
    return Case(
        it=fields["it"],
        focus=_truth(fields.get("focus", False), f"{where}.focus"),
        skip=_truth(fields.get("skip", False), f"{where}.skip"),
        balances=_balances(fields.get("balances"), f"{where}.balances"),
        variables=_texts(fields.get("variables"), f"{where}.variables"),
        metadata=_metadata(fields.get("metadata"), f"{where}.metadata"),
        expected=expected,
    )


def _fields(value: object, known: frozenset[str] | set[str], where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadSpec(f"{where} is not an object", remedy="write it as the format's schema says")
    unknown = sorted(value.keys() - known)
    if unknown:
        raise BadSpec(f"{where} has the unknown field {unknown[0][:80]!r}", remedy="check its spelling")
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise BadSpec(f"{where} is not a list", remedy="write it as the format's schema says")
    return value


def _truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise BadSpec(f"{where} is neither true nor false", remedy="write it as the format's schema says")
    return value


def _flags(value: object) -> frozenset[str]:
    if value is None:
        return frozenset()
    flags = _list(value, "featureFlags")
    return frozenset(str(flag) for flag in flags)


def _texts(value: object, where: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadSpec(f"{where} is not an object of texts", remedy="write every value in quotes")
    return value


def _metadata(value: object, where: str) -> dict[str, dict[str, str]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadSpec(f"{where} is not an object", remedy="write it as the format's schema says")
    return {account: _texts(pairs, f"{where}.{account}") for account, pairs in value.items()}


def _row(value: object, keys: tuple[str, ...], where: str) -> dict[str, Any]:
    fields = _fields(value, {*keys, "color"}, where)
    for key in keys:
        kind: type = int if key == "amount" else str
        if not isinstance(fields.get(key), kind) or isinstance(fields[key], bool):
            raise BadSpec(f"{where} has no {key}", remedy="write it as the format's schema says")
    if not isinstance(fields.get("color", ""), str):
        raise BadSpec(f"{where}: the color is not a text", remedy="write it in quotes")
    row = {key: fields[key] for key in keys}
    return {**row, "color": fields["color"]} if fields.get("color") else row


def _balances(value: object, where: str) -> tuple[BalanceRow, ...]:
    if value is None:
        return ()
    rows = [
        BalanceRow(
            v.account(row["account"]).name,
            v.asset(row["asset"]).name,
            row["amount"],
            v.color(row.get("color", "")),
        )
        for row in (_row(one, ("account", "asset", "amount"), where) for one in _list(value, where))
    ]
    if len({row.key for row in rows}) != len(rows):
        raise BadSpec(f"{where} names one balance twice", remedy="keep one of the two")
    return tuple(rows)
