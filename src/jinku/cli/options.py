"""Options that mean the same wherever they stand; a command takes them by these types.

Example::

    def approve(number: Number, by: By, data: Data = DATA_DEFAULT, json: Json = False) -> None: ...
"""

from typing import Annotated

import typer

By = Annotated[str, typer.Option("--by", help="Id of the person who does it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Entity = Annotated[int, typer.Option("--entity", help="Number of the legal entity.", min=1)]
CurrencyCode = Annotated[str, typer.Option("--currency", help="ISO 4217 code of the books.")]
