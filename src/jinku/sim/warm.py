"""Make the ledger compile its loops before anyone waits for them: a few movements on a ledger that is thrown away.

The machine code is kept beside the source, so only the first run on a machine takes long here.
"""

import tempfile
from datetime import date
from pathlib import Path

from jinku.custody.orders.desk import OrderDesk
from jinku.custody.orders.model import Bid, Deposit, PayoutFailed, new_order_id
from jinku.custody.structure.chart import Chart, Opening
from jinku.custody.structure.table import Kind, Role
from jinku.ledger.opening import open_journal
from jinku.sim.run import SimClock

_START = 10**18


def warm_up() -> None:
    """Open accounts, move money, hold it, and let a hold time out."""
    chart, day, clock = Chart(1, 156), date(2001, 1, 1), SimClock(_START)
    giver, taker = chart.account(Kind.INVESTOR, 1), chart.account(Kind.BORROWER, 2)
    first, second, third = (new_order_id(1, serial) for serial in (1, 2, 3))
    with (
        tempfile.TemporaryDirectory(prefix="jinku-warm-") as directory,
        open_journal(Path(directory) / "ledger", clock) as ledger,
    ):
        desk = OrderDesk(ledger, chart)
        desk.open_entity()
        desk.open_parties([Opening(1, Role.INVESTOR, 1), Opening(2, Role.BORROWER, 2)])
        deposit = Deposit(id=first, day=day, account=giver, amount=2)
        short = Bid(id=second, day=day, investor=giver, borrower=taker, amount=1, timeout=1)
        long = Bid(id=third, day=day, investor=giver, borrower=taker, amount=1)
        desk.submit([deposit, short, long, PayoutFailed(id=third, day=day, amount=1)])
        clock.now += 2 * 10**9
        desk.submit([Deposit(id=new_order_id(1, 4), day=day, account=giver, amount=2)])
        ledger.check()
