"""The bank: instructions through a custodian that misbehaves, with our process killed on the way; three books compared.

Example::

    scene = bank_scene(books)
"""

from jinku.sim.audit import Check
from jinku.sim.rooms import BankBooks
from jinku.sim.scenes.scene import Scene


def bank_scene(books: BankBooks) -> Scene:
    """What the bank's books, our table of instructions and the ledger say of each instruction."""
    states = ", ".join(f"{count} {state}" for state, count in sorted(books.states.items()))
    rows = (
        (
            "instructions 付款指令",
            f"{books.instructions} to a bank that times out, answers twice and late, dies",
        ),
        ("our process was killed 进程强杀", f"{books.kills} × kill -9, started again"),
        ("in the end 终态", f"{states}; {books.seconds:.1f} s"),
    )
    checks = (
        Check("no payee paid twice", books.double_paid == 0, f"{books.double_paid} paid twice"),
        Check("nothing lost", books.lost == 0, f"{books.lost} where bank, table and ledger disagree"),
        Check("everything final", books.open == 0, f"{books.open} open"),
        Check("our process was killed", books.kills > 0, f"{books.kills} times"),
    )
    return Scene("The bank", "银行通道", rows, checks)
