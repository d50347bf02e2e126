"""Opening a house's bank channel: its store, its dialects, its desk; and dispatching until all is final.

Example::

    with open_channel(house.directory, house.ledger, house.control, orders=orders) as opened:
        opened.desk.instruct([request], by="anna")
        dispatch_until(opened, seconds=60)
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinku.base.clock import Clock, day_of
from jinku.base.closing import Closing
from jinku.base.database import Database
from jinku.crypto.keyfile import load_key_file
from jinku.crypto.signer import Verifier
from jinku.crypto.vkey import VerifierKey
from jinku.custody.channel.custodian.callbacks import Callbacks
from jinku.custody.channel.custodian.client import CustodianClient, Link
from jinku.custody.channel.custodian.dialect import CustodianDialect
from jinku.custody.channel.desk import BankDesk
from jinku.custody.channel.dispatch import Dispatcher
from jinku.custody.channel.giving import ChannelOrders
from jinku.custody.channel.iso.dialect import IsoDialect, IsoSettings
from jinku.custody.channel.iso.payees import FilePayees
from jinku.custody.channel.listening import listening
from jinku.custody.channel.port import Dialect, Payees
from jinku.custody.channel.settings import KEY_FILE, ChannelSettings, read_settings
from jinku.custody.channel.store import ChannelStore
from jinku.ledger.service import Ledger

WORK_FILE = "bank-work.sqlite"
IDLE_S = 0.2


@dataclass(frozen=True, slots=True)
class OpenChannel(Closing):
    """What is open of a channel. `callbacks` are by the channel's name, with the port that its notices come to."""

    directory: Path
    store: ChannelStore
    desk: BankDesk
    orders: ChannelOrders
    books: Ledger
    work: Path | str
    clock: Clock
    callbacks: dict[str, tuple[int, Callbacks]] = field(default_factory=dict)
    links: dict[str, tuple[CustodianClient, Link]] = field(default_factory=dict)
    """The clients of signed interfaces, by the channel's name."""
    undo: ExitStack = field(default_factory=ExitStack)

    def dispatcher(self) -> Dispatcher:
        """The durable worker; one at a time."""
        return Dispatcher(self.desk, self.orders, self.books, self.work, self.clock)

    def close(self) -> None:
        """Close the connections; ledger and database are their owners'."""
        self.undo.close()


def open_channel(
    directory: Path,
    ledger: Ledger,
    control: Database,
    *,
    orders: ChannelOrders,
    payees: Callable[[Payees], Payees] = lambda kept: kept,
    work: Path | str = "",
    clock: Clock = time.time_ns,
) -> OpenChannel:
    """The channel of a data directory. `orders` is where payouts come from and are booked; `payees` says who is paid,
    given those that a file has; `work` is where durable work is kept, a file of the directory by default.

    Raises InputError, DatabaseUnavailable.
    """
    with ExitStack() as undo:
        store, dialects = ChannelStore(control), dict[str, Dialect]()
        links: dict[str, tuple[CustodianClient, Link]] = {}
        callbacks: dict[str, tuple[int, Callbacks]] = {}
        channels = read_settings(directory)
        for one in channels:
            dialects[one.name], link = _dialect(one, directory, undo, clock, payees)
            if link is not None:
                links[one.name] = link
        desk = BankDesk(store, ledger, dialects, clock)
        for one in channels:
            if port := int(one.values.get("notice_port", 0)):
                key = _verifier(one.text("bank_key"))
                callbacks[one.name] = (
                    port,
                    Callbacks(key, one.text("platform"), store.use_nonce, desk.take, clock),
                )
        return OpenChannel(
            directory=directory,
            store=store,
            desk=desk,
            orders=orders,
            books=ledger,
            work=work or directory / WORK_FILE,
            clock=clock,
            callbacks=callbacks,
            links=links,
            undo=undo.pop_all(),
        )


def dispatch_until(
    opened: OpenChannel, seconds: float, *, stay: bool = False, on_cycle: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """Dispatch until every approved instruction is final and booked, or `seconds` have gone; 0 is one cycle.

    With `stay` it goes on when nothing is open, and 0 is without end.
    """
    end, did = time.monotonic() + seconds, {"sent": 0, "arrived": 0, "asked": 0, "booked": 0, "cycles": 0}
    with listening(opened.callbacks), opened.dispatcher() as dispatcher:
        while True:
            cycle = dispatcher.cycle()
            on_cycle()
            for name in ("sent", "arrived", "asked", "booked"):
                did[name] += getattr(cycle, name)
            did["cycles"] += 1
            left = dispatcher.open()
            over = time.monotonic() >= end
            if (over and seconds) or (not stay and (over or not left)):
                return {**did, "open": left}
            if cycle.idle:
                time.sleep(IDLE_S)


def _dialect(
    one: ChannelSettings,
    directory: Path,
    undo: ExitStack,
    clock: Clock,
    payees: Callable[[Payees], Payees],
) -> tuple[Dialect, tuple[CustodianClient, Link] | None]:
    agreed = one.terms(day_of(clock()))
    signer = load_key_file(directory / "keys" / KEY_FILE)
    key = _verifier(one.text("bank_key"))
    if one.dialect == "custodian":
        link = Link(
            url=one.text("url"),
            platform=one.text("platform"),
            certificate=one.text("certificate"),
            signer=signer,
            bank_key=key,
            timeout_s=int(one.values.get("timeout_ms", 10_000)) / 1_000,
        )
        client = undo.enter_context(CustodianClient(link, clock))
        return CustodianDialect(one.name, client, agreed, clock), (client, link)
    settings = IsoSettings(
        name=one.name,
        outbox=Path(one.text("outbox")),
        inbox=Path(one.text("inbox")),
        archive=directory / "bank-files" / one.name,
        owner=one.text("owner"),
        account=one.text("account"),
        bic=one.text("bic"),
    )
    paid = payees(FilePayees(Path(one.text("payees"))))
    return IsoDialect(settings, agreed, paid, signer, key, clock), None


def _verifier(vkey: str) -> Verifier:
    return VerifierKey.parse(vkey).verifier()
