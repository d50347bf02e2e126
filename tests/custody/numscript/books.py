"""Short ways to write programs and balances in tests."""

from jinku.custody.numscript import BalanceRow, Inputs, Result, parse, run

Movement = tuple[str, str, str, int, str]


def given(
    *balances: tuple[str, str, int] | tuple[str, str, int, str],
    features: tuple[str, ...] = (),
    metadata: dict[str, dict[str, str]] | None = None,
    **variables: str,
) -> Inputs:
    """Inputs of one run."""
    return Inputs(
        variables=variables,
        balances=tuple(BalanceRow(*row) for row in balances),
        metadata=metadata or {},
        features=frozenset(features),
    )


def result_of(text: str, inputs: Inputs | None = None) -> Result:
    """What the program `text` yields."""
    return run(parse(text), inputs)


def moves(text: str, inputs: Inputs | None = None) -> list[tuple[str, str, int]]:
    """Source, destination and amount of each posting."""
    return [(p.source, p.destination, p.amount) for p in result_of(text, inputs).postings]
