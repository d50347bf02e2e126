"""Numscript: programs that say how a sum of money is allocated, read and run exactly.

Rules:

1. The language is the public Numscript of Formance's users: grammar, meaning and test format. Where Jinku is stricter,
   ``docs/agreements.md`` says so.
2. Amounts are integers of minor units and portions are exact fractions; nothing here makes or takes a float.
3. A run is a pure function of program, variables, balances and metadata: the same four give the same postings.
4. Nothing here knows the ledger; `jinku.custody.agreement_run` books what a program yields.

Example::

    program = parse("send [CNY/2 100] ( source = @investor:7 destination = @borrower:3 )")
    result = run(program, Inputs(balances=(BalanceRow("investor:7", "CNY/2", 250),)))
    result.postings  # (Posting("investor:7", "borrower:3", "CNY/2", 100, …),)
"""

from jinku.custody.numscript.inputs import BalanceRow, Books, Inputs, StaticBooks
from jinku.custody.numscript.interpret import run, run_with
from jinku.custody.numscript.parsing import parse
from jinku.custody.numscript.result import Posting, Result
from jinku.custody.numscript.syntax import Program

__all__ = [
    "BalanceRow",
    "Books",
    "Inputs",
    "Posting",
    "Program",
    "Result",
    "StaticBooks",
    "parse",
    "run",
    "run_with",
]
