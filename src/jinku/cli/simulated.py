"""`jinku bank fund` and `advance`: the simulated bank's own handles, for whoever plays the bank.

Rules:

1. They move the simulator alone, on loopback; nothing of the house is touched, and no real bank has them.
"""

import json as json_text
from pathlib import Path
from typing import Any

from jinku.cli.bank import BankDir
from jinku.cli.bank import bank_app as bank_app
from jinku.cli.output import Json, Output

POOL_USER = "POOL"
_ANSWER_S = 10.0


@bank_app.command()
def fund(amount: int, bank: BankDir = Path("jinku-bank"), json: Json = False) -> None:
    """Let money come into a simulated bank's pool account, in minor units."""
    from jinku.base.errors import InputError

    if amount < 1:
        raise InputError("is not more than nothing", field="amount", value=str(amount))
    _tell(bank, "fund", {POOL_USER: str(amount)})
    out = Output(json)
    out.show({"funded": str(amount)}, lambda: out.pairs({"funded": amount}))


@bank_app.command()
def advance(bank: BankDir = Path("jinku-bank"), json: Json = False) -> None:
    """Let a simulated bank end its day and begin the next business day."""
    about, out = _tell(bank, "advance", {}), Output(json)
    out.show(about, lambda: out.pairs(about))


def _tell(bank: Path, handle: str, body: dict[str, str]) -> dict[str, Any]:
    """What the handle answers. Raises InputError where no simulated bank serves there."""
    import ssl

    import httpx2

    from jinku.base.errors import InputError

    remedy = f"start one: jinku bank simulate --bank {bank}"
    try:
        about = json_text.loads((bank / "bank.json").read_text(encoding="utf-8"))
        context = ssl.create_default_context(cafile=str(bank / about["certificate"]))
        with httpx2.Client(verify=context, timeout=_ANSWER_S) as client:
            answer = client.post(f"{about['url']}/simulator/{handle}", json=body)
    except (OSError, ValueError, KeyError, httpx2.HTTPError) as error:
        raise InputError(
            "no simulated bank serves there", field="--bank", value=str(bank), remedy=remedy
        ) from error
    found: dict[str, Any] = answer.json()
    return found
