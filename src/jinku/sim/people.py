"""The people of the simulated platform: a seeded population of parties."""

from datetime import date, timedelta
from random import Random

from jinku.custody.parties.people import Party, Person
from jinku.custody.structure.table import Role
from jinku.sim.identifiers import card_number, credit_code, phone_number, resident_id
from jinku.sim.names import GUARANTEE_TRADE, company_name, person_name, shop_trade
from jinku.sim.scale import Scale

_OLDEST = date(1956, 1, 1)
_BIRTHDAYS = 365 * 48


def population(rng: Random, scale: Scale) -> list[Party]:
    """Parties numbered from 1: investors, borrowers (people), merchants and guarantors (companies)."""
    counts = (
        (Role.INVESTOR, scale.investors),
        (Role.BORROWER, scale.borrowers),
        (Role.MERCHANT, scale.merchants),
        (Role.GUARANTOR, scale.guarantors),
    )
    roles = [role for role, count in counts for _ in range(count)]
    taken: set[str] = set()
    return [Party(number, role, _who(rng, number, role, taken)) for number, role in enumerate(roles, 1)]


def _who(rng: Random, number: int, role: Role, taken: set[str]) -> Person:
    card, phone = card_number(rng.randrange(10**6) * 10**6 + number), phone_number(number)
    if role in (Role.INVESTOR, Role.BORROWER):
        name, latin = person_name(rng)
        return Person(name, latin, "resident_id", _new_resident_id(rng, taken), card, phone)
    trade = GUARANTEE_TRADE if role is Role.GUARANTOR else shop_trade(rng)
    name, latin = company_name(rng, trade)
    return Person(name, latin, "credit_code", credit_code(number), card, phone)


def _new_resident_id(rng: Random, taken: set[str]) -> str:
    while True:
        made = resident_id(_OLDEST + timedelta(days=rng.randrange(_BIRTHDAYS)), rng.randrange(1000))
        if made not in taken:
            taken.add(made)
            return made
