"""From a rule set file (TOML) to a checked `RuleSet`; whatever does not fit is one clear error with its line.

Rules:

1. The file has a `name` and ``[[rule]]`` tables: name, when, outcome (allow, challenge, hold, deny), score, reason and
   reason_zh; typology, from, until and shadow where wanted. ``from`` and ``until`` are moments with their offset.
2. A condition may name event fields and features, nothing else; it is BOOLEAN. Names of rules are distinct.
3. One wrong rule refuses the whole file.

Example::

    rule_set = load("payments", features.namespace)          # one that comes with the package
    rule_set = load(Path("my-rules.toml"), features.namespace)
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinku.risk.language import BadExpression, Expression, Namespace, Type, parse
from jinku.risk.rules.errors import BadRules
from jinku.risk.rules.model import ALWAYS_FROM, ALWAYS_UNTIL, Outcome, Rule, RuleSet

FILE_BYTES_MAX = 1 << 20
RULES_MAX = 1_000
SCORE_MAX = 1_000
REASON_CHARACTERS_MAX = 200
BUILT_IN = ("payments",)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_KEYS = ("name", "when", "outcome", "score", "reason", "reason_zh", "typology", "from", "until", "shadow")
_TABLE = re.compile(r"^\s*\[\[\s*rule\s*\]\]", re.MULTILINE)
_WHEN = re.compile(r"^\s*when\s*=\s*(\"\"\"|''')?(\r?\n)?", re.MULTILINE)


def built_in_text(name: str) -> str:
    """The text of the rule set of this name that comes with the package."""
    return files("jinku.risk.rules").joinpath("sets", f"{name}.toml").read_text(encoding="utf-8")


def text_of(source: str | Path) -> tuple[str, str]:
    """The text of a file, or of the built-in set of this name, and what it is called. Raises BadRules."""
    if str(source) in BUILT_IN and not Path(source).exists():
        return built_in_text(str(source)), f"{source}.toml"
    path = Path(source)
    try:
        with path.open("rb") as stream:
            raw = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        remedy = f"name a file, or one of {', '.join(BUILT_IN)}"
        raise BadRules(f"cannot be read: {error.strerror}", file=path.name, remedy=remedy) from None
    if len(raw) > FILE_BYTES_MAX:
        raise BadRules(f"has more than {FILE_BYTES_MAX} bytes", file=path.name, remedy="split it")
    try:
        return raw.decode("utf-8-sig"), path.name
    except UnicodeDecodeError:
        raise BadRules("is not UTF-8", file=path.name, remedy="save it as UTF-8") from None


def load(source: str | Path, namespace: Namespace) -> RuleSet:
    """The rule set of a file, or the built-in one of this name. Raises BadRules."""
    text, file = text_of(source)
    return read_rules(text, namespace, file)


def read_rules(text: str, namespace: Namespace, file: str = "") -> RuleSet:
    """The rule set that `text` is. Raises BadRules."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        raise BadRules(
            f"is not TOML: {str(error).split(' (at')[0]}",
            file=file,
            line=int(found[1]) if found else text.count("\n") + 1,
            remedy="check quotes and brackets",
        ) from None
    lines = [text.count("\n", 0, one.start()) + 1 for one in _TABLE.finditer(text)]
    reader = _Reader(text, namespace, file, lines)
    return reader.rule_set(document)


class _Reader:
    """One file on its way."""

    def __init__(self, text: str, namespace: Namespace, file: str, lines: list[int]) -> None:
        self._text, self._namespace, self._file, self._lines = text, namespace, file, lines
        self._place = -1

    def rule_set(self, document: Mapping[str, Any]) -> RuleSet:
        """The rules of a parsed file."""
        for key in document.keys() - {"name", "rule"}:
            raise self._refused(key, "", "is no part of a rule set", "there are name and [[rule]]")
        name, rows = document.get("name"), document.get("rule", [])
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._refused("name", name, "is no name", "write a-z, 0-9, _ and -, a letter first")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._refused("rule", "", "is no list of tables", "write [[rule]] before each rule")
        if not 1 <= len(rows) <= RULES_MAX:
            raise self._refused("rule", len(rows), f"is not 1 to {RULES_MAX} rules")
        rules: dict[str, Rule] = {}
        for self._place, row in enumerate(rows):
            rule = self._rule(row)
            if rule.name in rules:
                raise self._refused("name", rule.name, "is the name of a rule above", "give each its own")
            rules[rule.name] = rule
        return RuleSet(name, tuple(rules.values()))

    def _rule(self, row: Mapping[str, Any]) -> Rule:
        for key in row.keys() - set(_KEYS):
            near = difflib.get_close_matches(key, _KEYS, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}"
            raise self._refused(key, "", "is no part of a rule", remedy)
        name = self._words(row, "name", needed=True)
        if not _NAME.fullmatch(name):
            raise self._refused("name", name, "is no name", "write a-z, 0-9, _ and -, a letter first")
        typology = self._words(row, "typology")
        if typology and not _NAME.fullmatch(typology):
            raise self._refused("typology", typology, "is no name", "write a-z, 0-9, _ and -")
        since, until = self._moment(row, "from", ALWAYS_FROM), self._moment(row, "until", ALWAYS_UNTIL)
        if since >= until:
            raise self._refused("until", row.get("until"), "is not after from", "let it end later")
        return Rule(
            name=name,
            when=self._when(name, self._words(row, "when", needed=True, limit=FILE_BYTES_MAX)),
            outcome=self._outcome(row),
            score=self._score(row),
            reason=self._words(row, "reason", needed=True),
            reason_zh=self._words(row, "reason_zh", needed=True),
            typology=typology,
            since=since,
            until=until,
            shadow=self._flag(row, "shadow"),
        )

    def _refused(self, field: str, value: object, problem: str, remedy: str = "", line: int = 0) -> BadRules:
        if not line and 0 <= self._place < len(self._lines):
            line = self._lines[self._place]
        shown = "" if value is None else str(value)[:120]
        return BadRules(problem, file=self._file, line=line, field=field, value=shown, remedy=remedy)

    def _words(
        self, row: Mapping[str, Any], key: str, *, needed: bool = False, limit: int = REASON_CHARACTERS_MAX
    ) -> str:
        value = row.get(key, "")
        if not isinstance(value, str):
            raise self._refused(key, value, "is no text", "write it in quotes")
        if needed and not value.strip():
            raise self._refused(key, "", "is needed")
        if len(value) > limit:
            raise self._refused(key, value, f"has more than {limit} characters", "make it shorter")
        if limit == REASON_CHARACTERS_MAX and not all(one.isprintable() for one in value):
            raise self._refused(key, value, "holds what cannot be printed", "write one line")
        return value if key == "when" else value.strip()

    def _outcome(self, row: Mapping[str, Any]) -> Outcome:
        text = self._words(row, "outcome", needed=True)
        if text.upper() not in Outcome.__members__ or text != text.lower():
            known = ", ".join(one.name.lower() for one in Outcome)
            raise self._refused("outcome", text, "is no outcome", f"write one of {known}")
        return Outcome[text.upper()]

    def _score(self, row: Mapping[str, Any]) -> int:
        value = row.get("score", 0)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= SCORE_MAX:
            raise self._refused("score", value, f"is no whole number from 0 to {SCORE_MAX}")
        return value

    def _flag(self, row: Mapping[str, Any], key: str) -> bool:
        value = row.get(key, False)
        if not isinstance(value, bool):
            raise self._refused(key, value, "is neither true nor false")
        return value

    def _moment(self, row: Mapping[str, Any], key: str, default: int) -> int:
        value = row.get(key)
        if value is None:
            return default
        if not isinstance(value, datetime) or value.tzinfo is None:
            remedy = "write it without quotes: 2026-12-01T00:00:00+08:00"
            raise self._refused(key, value, "is no moment with its offset", remedy)
        return int(value.timestamp()) * 1_000_000 + value.microsecond

    def _when(self, name: str, text: str) -> Expression:
        try:
            return parse(text, self._namespace, rule=f"rule {name}", wanted=Type.BOOLEAN)
        except BadExpression as error:
            first = self._line_of_when()
            line = first + error.line - 1 if first and error.line else 0
            raise self._refused("when", error.value, str(error.message), error.remedy, line) from None

    def _line_of_when(self) -> int:
        """The line of the file on which the present rule's condition begins; 0 where it is not found."""
        starts = [one.start() for one in _TABLE.finditer(self._text)]
        if self._place >= len(starts):
            return 0
        end = starts[self._place + 1] if self._place + 1 < len(starts) else len(self._text)
        found = _WHEN.search(self._text, starts[self._place], end)
        return self._text.count("\n", 0, found.end()) + 1 if found else 0
