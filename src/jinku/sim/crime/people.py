"""People with habits: who pays whom, how much, when, on what device."""

from random import Random

from jinku.sim.crime.model import Person, Scale

NEW_DEVICES_FROM = 1_000_000
"""Devices numbered from here on belong to nobody who was here before."""
_MEDIANS = (2_500, 6_000, 12_000, 30_000, 80_000)
_DORMANT_SHARE = 0.04
_NIGHT_SHARE = 0.03


def population(rng: Random, scale: Scale) -> list[Person]:
    """Persons numbered from 1, companies after them; shops have numbers of their own."""
    total = scale.people + scale.companies
    return [_person(rng, scale, number, number > scale.people) for number in range(1, total + 1)]


def _person(rng: Random, scale: Scale, number: int, company: bool) -> Person:
    household = (number - 1) // 3 + 1
    devices = (2 * number, 2 * number + 1)[: rng.choice((1, 1, 2))]
    if not company and rng.random() < 0.1:  # families share a tablet
        devices = (*devices, 500_000 + household)
    dormant = not company and rng.random() < _DORMANT_SHARE
    night = rng.random() < _NIGHT_SHARE
    everybody = scale.people + scale.companies
    return Person(
        number,
        company,
        devices,
        household,
        tuple(rng.sample(range(1, scale.shops + 1), 6)),
        tuple(one for one in rng.sample(range(1, everybody + 1), 5) if one != number),
        rng.choice(_MEDIANS) * (20 if company else 1),
        0.0 if dormant else rng.choice((0.5, 1.0, 2.0)) * (3 if company else 1),
        *((20, 29) if night else (7, 22)),
    )
