"""The first decision of a process meets its deadline: nothing is left to be compiled for it."""

import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
from pathlib import Path
import numpy as np
from jinku.bootstrap import open_house
from jinku.bootstrap.risk import Risk
from jinku.ledger.layout import TRANSFER
from jinku.risk.decision import combining
from jinku.risk.features import engine
from jinku.risk.models import masks

place = Path(sys.argv[1])
place.mkdir(exist_ok=True)
loops = combining._combine, engine.step, masks.strike
with open_house(place) as house:
    (place / "risk.toml").write_text('rules = "payments"\\nmodel = "model.forest"\\n')
    with Risk(house) as risk:
        risk.recover()
        before = [len(one.signatures) for one in loops]
        frames = risk.office.desk.engines._engine.time
        for count in (3, 1):
            rows = np.zeros(count, TRANSFER)
            rows["id_lo"] = np.arange(10 * count, 11 * count)
            rows["debit_account_id_lo"], rows["credit_account_id_lo"] = 1, 2
            rows["amount_lo"], rows["ledger"], rows["code"] = 5, 156, 1
            risk.gate.create_transfers_array(rows)
        print(before, [len(one.signatures) for one in loops], frames)
"""


def test_nothing_is_compiled_for_the_first_decision(tmp_path: Path) -> None:
    """K1: what engines compile at first use is there before the gate opens, and is no part of the history."""
    from jinku.bench.risk_inline import drawn_forest
    from jinku.risk.features.reading import load

    (tmp_path / "house" / "risk").mkdir(parents=True)
    forest = drawn_forest(load("payments").names, 3, trees=3)
    (tmp_path / "house" / "risk" / "model.forest").write_bytes(forest.to_bytes())
    told = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "house")],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
    ).stdout
    assert told.strip() == "[1, 1, 1] [1, 1, 1] -1"
