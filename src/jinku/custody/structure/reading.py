"""Reading an account structure from TOML: refused whole, with one error that names file, key and value.

Rules:

1. Every key is known and has its type; names exist in English and Chinese.
2. Codes below ``OWN_CODES_FROM`` carry the name and whose-money of `Kind`; own kinds take higher numbers and other
   names. Each code and each key stands once.
3. A control account says which place it mirrors, stands on the debit side, and no bank account may be mirrored below
   zero. A client's or own account stands on the credit side and may not be overdrawn.
4. Every pool has a bank account. A client's account lies in a pool kept for clients; own money may lie in any pool.
5. A party's account is client money, one kind for each role. There is at least one role.
6. The kinds that orders move money through are there (`_NEEDED`), in the pools that orders take them for.

Example::

    read_structure(Path("mine.toml").read_bytes(), "mine.toml")
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import time
from enum import Enum
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinku.base.calendar import CALENDARS
from jinku.base.currency import currency
from jinku.base.errors import InputError, UnknownCurrency
from jinku.custody.structure.model import AccountKind, PoolLine, Structure
from jinku.custody.structure.table import (
    KIND_MONEY,
    OWN_CODES_FROM,
    Kind,
    Limit,
    Money,
    Place,
    Role,
    Side,
)

JURISDICTIONS = ("CN", "UK", "EU", "US")
CODE_MAX = (1 << 16) - 1
NAME_CHARACTERS_MAX = 120
VALUE_SHOWN_MAX = 80

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_POOL = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_KEY = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_CUT_OFF = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?", re.ASCII)

_NEEDED = (
    (Kind.BANK_MIRROR, (Kind.IN_TRANSIT, Kind.SUSPENSE, Kind.FEE_INCOME, Kind.TOP_UP)),
    (Kind.OWN_BANK_MIRROR, (Kind.PLATFORM_OWN,)),
)
"""A pool's first bank account, and the kinds that lie in the same pool because orders book them against each other."""

Word = TypeVar("Word", bound=Enum)


class _Table:
    """One table of the file, read key by key; what is left over is refused."""

    def __init__(self, file: str, place: str, values: object) -> None:
        self.file, self.place = file, place
        if not isinstance(values, dict):
            refuse(self, "", values, "is not a table", "write it as [entity], [[pool]] or [[kind]]")
        self._values: dict[str, Any] = dict(values)

    def text(self, key: str, form: re.Pattern[str] | None = None, remedy: str = "write a text") -> str:
        value = self.take(key)
        if not isinstance(value, str) or not 0 < len(value) <= NAME_CHARACTERS_MAX or not value.isprintable():
            refuse(self, key, value, f"is not a text of 1 to {NAME_CHARACTERS_MAX} characters", remedy)
        if form is not None and not form.fullmatch(value):
            refuse(self, key, value, "does not have the right form", remedy)
        return value

    def number(self, key: str, most: int) -> int:
        value = self.take(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            refuse(
                self, key, value, f"is not a whole number from 1 to {most}", "write digits, without quotes"
            )
        return value

    def word(self, key: str, words: type[Word]) -> Word:
        value = self.take(key)
        known = {one.value: one for one in words}
        if not isinstance(value, str) or value not in known:
            refuse(self, key, value, "is not one of the words", "write " + ", ".join(known))
        return known[value]

    def optional(self, key: str, words: type[Word]) -> Word | None:
        return self.word(key, words) if key in self._values else None

    def take(self, key: str) -> Any:
        if key not in self._values:
            refuse(self, key, None, "is missing", "write it")
        return self._values.pop(key)

    def rows(self, key: str) -> list["_Table"]:
        value = self.take(key)
        if not isinstance(value, list) or not value:
            refuse(self, key, value, "is not a list of tables", f"write [[{key}]]")
        return [_Table(self.file, f"{key}[{place}]", one) for place, one in enumerate(value)]

    def finish(self) -> None:
        for key, value in self._values.items():
            refuse(self, key, value, "is no key of this table", "check its name, or remove it")


def refuse(table: _Table, key: str, value: object, problem: str, remedy: str) -> NoReturn:
    """Raises InputError for `key` of `table`."""
    field = ".".join(part for part in (table.place, key) if part)
    shown = "" if value is None else str(value)[:VALUE_SHOWN_MAX]
    raise InputError(problem, file=table.file, field=field, value=shown, remedy=remedy)


def read_structure(data: bytes, file: str) -> Structure:
    """The structure in these bytes of TOML; `file` is named in errors. Raises InputError."""
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"is not TOML: {str(error)[:VALUE_SHOWN_MAX]}", file=file, remedy="write UTF-8 text in TOML"
        ) from None
    top = _Table(file, "", values)
    entity = _Table(file, "entity", top.take("entity"))
    pools: dict[str, PoolLine] = {}
    for row in top.rows("pool"):
        _add_pool(pools, row)
    kinds: dict[int, AccountKind] = {}
    for row in top.rows("kind"):
        _add_kind(kinds, pools, row)
    structure = Structure(
        name=top.text("name", _NAME, "use a-z, 0-9 and -"),
        version=top.number("version", 1_000_000),
        english=top.text("english"),
        chinese=top.text("chinese"),
        jurisdiction=_one_of(entity, "jurisdiction", JURISDICTIONS),
        calendar=_one_of(entity, "calendar", tuple(CALENDARS)),
        timezone=_timezone(entity),
        cut_off=time.fromisoformat(entity.text("cut_off", _CUT_OFF, 'write it like "17:00"')),
        currencies=_currencies(entity),
        pools=MappingProxyType(pools),
        kinds=MappingProxyType(kinds),
    )
    top.finish()
    entity.finish()
    _check_whole(top, structure)
    return structure


def _one_of(entity: _Table, key: str, known: tuple[str, ...]) -> str:
    value = entity.text(key)
    if value not in known:
        refuse(entity, key, value, "is not one that Jinku has", "use " + ", ".join(known))
    return value


def _timezone(entity: _Table) -> str:
    value = entity.text("timezone")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refuse(entity, "timezone", value, "is no time zone", "use an IANA name such as Asia/Shanghai")
    return value


def _currencies(entity: _Table) -> tuple[str, ...]:
    values = entity.take("currencies")
    if not isinstance(values, list) or not values or len(set(map(str, values))) != len(values):
        refuse(entity, "currencies", values, "is not a list of different currencies", 'write ["CNY"]')
    for place, value in enumerate(values):
        try:
            currency(str(value))
        except UnknownCurrency:
            refuse(
                entity, f"currencies[{place}]", value, "is no currency of the table", "use an ISO 4217 code"
            )
    return tuple(values)


def _add_pool(pools: dict[str, PoolLine], row: _Table) -> None:
    key = row.text("key", _POOL, "use a-z, 0-9 and _")
    if key in pools:
        refuse(row, "key", key, "names a pool twice", "give each pool a name of its own")
    money = row.word("money", Money)
    if money is Money.CONTROL:
        refuse(row, "money", money.value, "is nobody's money", "write client or own")
    pools[key] = PoolLine(key, money, row.text("english"), row.text("chinese"))
    row.finish()


def _add_kind(kinds: dict[int, AccountKind], pools: Mapping[str, PoolLine], row: _Table) -> None:
    kind = AccountKind(
        code=row.number("code", CODE_MAX),
        key=row.text("key", _KEY, "use A-Z, 0-9 and _"),
        money=row.word("money", Money),
        pool=row.text("pool"),
        side=row.word("side", Side),
        limit=row.word("limit", Limit),
        english=row.text("english"),
        chinese=row.text("chinese"),
        place=row.optional("place", Place),
        role=row.optional("role", Role),
    )
    row.finish()
    for other in kinds.values():
        if other.code == kind.code:
            refuse(row, "code", kind.code, "stands twice", "give each kind a number of its own")
        if other.key == kind.key:
            refuse(row, "key", kind.key, "stands twice", "give each kind a name of its own")
        if kind.role is not None and other.role is kind.role:
            refuse(row, "role", kind.role.value, "has two kinds of account", "give each role one kind")
    _check_meaning(row, kind)
    _check_money(row, kind, pools)
    kinds[kind.code] = kind


def _check_meaning(row: _Table, kind: AccountKind) -> None:
    """Rule 2."""
    if kind.code >= OWN_CODES_FROM:
        if kind.key in Kind.__members__:
            refuse(row, "key", kind.key, f"is the name of kind {Kind[kind.key].value}", "use another name")
        return
    if kind.code not in KIND_MONEY:
        remedy = f"take a number from {OWN_CODES_FROM} on for a kind of your own"
        refuse(row, "code", kind.code, "is kept for kinds to come", remedy)
    common = Kind(kind.code)
    if kind.key != common.name:
        refuse(row, "key", kind.key, f"is not what {kind.code} means", f"write {common.name}")
    if kind.money is not KIND_MONEY[common]:
        refuse(
            row, "money", kind.money.value, f"is not what {common.name} holds", f"write {KIND_MONEY[common]}"
        )
    role = Role(common.name.lower()) if common.name in Role.__members__ else None
    if kind.role is not role:
        refuse(
            row, "role", kind.role, f"is not whose {common.name} is", f"write {role}" if role else "remove it"
        )
    place = Place.TRANSIT if common is Kind.IN_TRANSIT else Place.BANK
    if kind.money is Money.CONTROL and kind.place is not place:
        refuse(row, "place", kind.place, f"is not what {common.name} mirrors", f"write {place}")


def _check_money(row: _Table, kind: AccountKind, pools: Mapping[str, PoolLine]) -> None:
    """Rules 3 to 5."""
    if kind.pool not in pools:
        refuse(row, "pool", kind.pool, "is no pool of this file", "use " + ", ".join(pools))
    control = kind.money is Money.CONTROL
    side = Side.DEBIT if control else Side.CREDIT
    if kind.side is not side:
        refuse(row, "side", kind.side.value, f"is not the side of {kind.money.value} money", f"write {side}")
    if (kind.place is not None) != control:
        remedy = "write bank or transit" if control else "remove it"
        refuse(row, "place", kind.place, "control accounts, and only they, mirror a place", remedy)
    allowed: tuple[Limit, ...] = (Limit.NO_CREDIT_BALANCE,) if control else (Limit.NO_OVERDRAFT,)
    if kind.place is Place.TRANSIT:
        allowed = (Limit.NO_CREDIT_BALANCE, Limit.UNLIMITED)
    if kind.limit not in allowed:
        remedy = "write " + " or ".join(one.value for one in allowed)
        refuse(row, "limit", kind.limit.value, f"is too loose for {kind.money.value} money", remedy)
    if kind.role is not None and kind.money is not Money.CLIENT:
        refuse(
            row,
            "role",
            kind.role.value,
            "a party's money is client money",
            "write money = client, or no role",
        )
    if kind.money is Money.CLIENT and pools[kind.pool].money is not Money.CLIENT:
        refuse(
            row, "pool", kind.pool, "is not kept for clients", "put client money in a pool of client money"
        )


def _check_whole(top: _Table, structure: Structure) -> None:
    """Rules 4 to 6, of the file as a whole."""
    for pool in structure.pools:
        if not any(one.place is Place.BANK for one in structure.places(pool)):
            refuse(top, "pool", pool, "lies in no bank account", 'add a kind with place = "bank"')
    if not structure.roles:
        refuse(top, "kind", None, "no kind has a role", "add the account of at least one role")
    for bank, others in _NEEDED:
        for code in (bank, *others):
            if code not in structure.kinds:
                refuse(top, "kind", code.name, "is missing, and orders move money through it", "add it")
        pool = structure.kinds[bank].pool
        for code in others:
            if structure.kinds[code].pool != pool:
                refuse(
                    top,
                    f"{code.name}.pool",
                    structure.kinds[code].pool,
                    f"is not {bank.name}'s",
                    f"write {pool}",
                )
        if structure.places(pool)[0].code != bank:
            refuse(top, "kind", bank.name, "is not its pool's first bank account", "put it before the others")
    for one in structure.roles.values():
        if one.pool != structure.kinds[Kind.BANK_MIRROR].pool:
            remedy = (
                f"write {structure.kinds[Kind.BANK_MIRROR].pool}; keep another pool as another legal entity"
            )
            refuse(top, f"{one.key}.pool", one.pool, "is not the pool that orders pay into", remedy)
    own = structure.kinds[Kind.OWN_BANK_MIRROR].pool
    if structure.pools[own].money is not Money.OWN:
        refuse(
            top,
            f"{Kind.OWN_BANK_MIRROR.name}.pool",
            own,
            "is not own money's",
            'use a pool with money = "own"',
        )
