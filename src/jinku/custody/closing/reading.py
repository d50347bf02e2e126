"""From a day's stored inputs to what a close is computed from. Only the vault is asked, so it can be done again.

Example::

    compute(day_inputs(day, stored, vault), ...)
"""

from collections.abc import Sequence

from jinku.base.currency import currency_by_number
from jinku.custody.closing.days import Day
from jinku.custody.closing.errors import ChangedInput
from jinku.custody.closing.extract import read_balances, read_entries
from jinku.custody.closing.inputs import DayInputs, InputRole, Stored, accounts_of, read_terms, statements_in
from jinku.custody.closing.vault import Vault
from jinku.custody.statements.formats import ReadOptions
from jinku.custody.statements.formats.csv.mapping import mapping_of


def options_of(mappings: Sequence[tuple[str, bytes]]) -> ReadOptions:
    """How statements are read: the known CSV layouts and these. Raises InputError."""
    return ReadOptions().with_mappings([mapping_of(data, name) for name, data in mappings])


def day_inputs(day: Day, stored: Sequence[Stored], vault: Vault) -> DayInputs:
    """See the module. Raises ChangedInput, InputError."""

    def files(role: InputRole) -> list[tuple[str, bytes]]:
        return [(one.name, vault.get(one.sha256)) for one in stored if one.role is role]

    def only(role: InputRole) -> bytes:
        found = files(role)
        if len(found) != 1:
            raise ChangedInput(
                f"{day.day} has {len(found)} inputs of role {role.value}, not one",
                remedy="start the day again: what is missing is stored then",
            )
        return found[0][1]

    structure, settings, said = read_terms(only(InputRole.TERMS))
    unit = currency_by_number(day.books.currency)
    options = options_of(files(InputRole.MAPPING))
    sources = [one for one in stored if one.role is InputRole.STATEMENT]
    read = statements_in([(one.name, vault.get(one.sha256)) for one in sources], options, unit)
    placed = accounts_of(structure, [one for _, one in read], said)
    statements = [
        (structure.by_key[placed[one.account]].code, sources[number].sha256, one) for number, one in read
    ]
    statements.sort(key=lambda one: (one[0], one[2].to_date, one[2].sequence, one[1]))
    carried = files(InputRole.CARRIED)
    layout, rules = files(InputRole.LAYOUT), files(InputRole.RULES)
    settlements = files(InputRole.SETTLEMENTS)
    return DayInputs(
        books=day.books,
        currency=unit,
        day=day.day,
        previous=day.previous,
        as_of=day.cut_off,
        structure=structure,
        settings=settings,
        entries=read_entries(only(InputRole.LEDGER)),
        balances=read_balances(only(InputRole.BALANCES)),
        statements=statements,
        accounts={number: structure.by_key[key].code for number, key in placed.items()},
        platform=files(InputRole.PLATFORM),
        layout=layout[0] if layout else None,
        carried=carried[0][1] if carried else b"",
        rules=rules[0] if rules else None,
        settlements=settlements[0][1] if settlements else b"",
    )
