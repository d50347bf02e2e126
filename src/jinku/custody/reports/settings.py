"""What only the institution knows: who it is, its bank accounts, its people, its procedures. One TOML file.

Rules:

1. The file is ``resolution.toml`` in the data directory, or the one that is named. Where it is missing, or a part of it
   empty, the pack is made all the same and says in that place what to fill in.
2. Unknown keys are refused: a misspelt key would be a silent gap.
3. Amounts are text with the currency's decimals, never numbers.

Example::

    settings = read_settings(Path("data/resolution.toml"))
    settings.institution.get("legal_name", "")
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinku.base.errors import InputError
from jinku.custody.reports.section import Both

SETTINGS_FILE = "resolution.toml"
SETTINGS_BYTES_MAX = 1 << 20
STRUCTURE_DEFAULT = "cn-fund-custody"

INSTITUTION = ("legal_name", "legal_name_zh", "registration_number", "regulator", "regulator_reference", "address",
               "contact", "structure", "auditor", "custodian", "safeguarding_method")  # fmt: skip
LISTS: dict[str, tuple[str, ...]] = {
    "bank_accounts": ("entity", "currency", "pool", "bank", "account_number", "holder", "address", "contact", "phone",
                      "agreement"),
    "people": ("name", "function", "phone", "email", "deputy", "access"),
    "providers": ("name", "service", "contact", "phone", "agreement", "access"),
    "procedures": ("title", "owner", "where", "text"),
    "records": ("what", "where", "system", "access"),
    "loans": ("currency", "outstanding", "as_of", "lenders", "borrowers", "source"),
}  # fmt: skip
MEANINGS = {
    "bank_accounts": Both(
        "every bank account that client or own money lies in", "客户资金与自有资金所在的每个银行账户"
    ),
    "people": Both(
        "key persons: who decides, who operates, who deputises, who holds which access",
        "关键人员：决策、操作、代理及权限",
    ),
    "providers": Both("outsourcers and service providers that the programme depends on", "外包与服务供应商"),
    "procedures": Both(
        "procedures of the house beyond those that the software enforces", "软件之外的内部操作规程"
    ),
    "records": Both("where other records are and how to get at them", "其他记录的存放位置与取得方式"),
    "loans": Both("loans outstanding before these books began", "本账簿启用前的存量借款余额"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """See the module's rules. Every value is text."""

    institution: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    found: bool = False

    def rows(self, name: str) -> list[dict[str, str]]:
        """The entries of one list; none where it was not filled in."""
        return self.lists.get(name, [])

    @property
    def name(self) -> Both:
        """The institution's name, or what to fill in."""
        english = self.institution.get("legal_name", "")
        chinese = self.institution.get("legal_name_zh", "") or english
        missing = Both("[institution] legal_name not filled in", "（未填写机构名称）")
        return Both(english or chinese, chinese) if english or chinese else missing

    @property
    def structure(self) -> str:
        """The name of the account structure."""
        return self.institution.get("structure", STRUCTURE_DEFAULT)


def to_fill_in(name: str) -> Both:
    """What an empty part says."""
    meaning = MEANINGS[name]
    return Both(
        f"NOT FILLED IN. Give [[{name}]] in {SETTINGS_FILE}: {meaning.en}.",
        f"尚未填写。请在 {SETTINGS_FILE} 中填写 [[{name}]]：{meaning.zh}。",
    )


def read_settings(path: Path) -> Settings:
    """The settings at `path`, or none where there is no such file. Raises InputError naming the key."""
    if not path.exists():
        return Settings()
    if path.stat().st_size > SETTINGS_BYTES_MAX:
        raise InputError("is too large", file=path.name, remedy=f"keep it below {SETTINGS_BYTES_MAX} bytes")
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"is not TOML: {str(error)[:80]}", file=path.name, remedy="write UTF-8 text in TOML"
        ) from None
    institution = _texts(path, "institution", values.pop("institution", {}), INSTITUTION)
    lists = {}
    for name, keys in LISTS.items():
        given = values.pop(name, [])
        if not isinstance(given, list):
            raise _refused(path, name, "is not a list of tables", f"write [[{name}]]")
        read = [_texts(path, f"{name}[{place}]", one, keys) for place, one in enumerate(given)]
        lists[name] = [one for one in read if one]  # a table with nothing in it was not filled in
    for key in values:
        raise _refused(path, key, "is no key of this file", "see `jinku pack settings`")
    return Settings(institution, lists, found=True)


def template() -> str:
    """A settings file to fill in, every key with nothing in it."""
    lines = [
        f"# {SETTINGS_FILE}: what only the institution knows. 仅机构自身知晓的信息，请逐项填写。",
        "",
        "[institution]",
    ]
    lines += [f'{key} = ""' for key in INSTITUTION]
    for name, keys in LISTS.items():
        lines += ["", f"# {MEANINGS[name].en} · {MEANINGS[name].zh}", f"[[{name}]]"]
        lines += [f'{key} = ""' for key in keys]
    return "\n".join(lines) + "\n"


def _texts(path: Path, place: str, values: Any, keys: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(values, dict):
        raise _refused(path, place, "is not a table", "write its keys below its heading")
    for key, value in values.items():
        if key not in keys:
            raise _refused(path, f"{place}.{key}", "is no key of this table", f"use {', '.join(keys)}")
        if not isinstance(value, str):
            raise _refused(path, f"{place}.{key}", "is not text", "put it in quotation marks")
    return {key: value.strip() for key, value in values.items() if value.strip()}


def _refused(path: Path, key: str, problem: str, remedy: str) -> InputError:
    return InputError(problem, file=path.name, field=key, remedy=remedy)
