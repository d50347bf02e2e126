"""Money on its way: taken from sources, not yet given to destinations. First in, first out.

Rules:

1. What is taken is queued in the order of the source clauses, and given in that order.
2. Neighbours from the same account and colour are one piece: they become one posting, with both explanations.
"""

from collections import deque
from dataclasses import dataclass

from jinku.custody.numscript.result import Path


@dataclass(frozen=True, slots=True)
class Piece:
    """An amount taken from an account, and the clauses that took it."""

    account: str
    color: str
    amount: int
    why: tuple[Path, ...]


class Funds:
    """The queue of one ``send``."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()

    def __len__(self) -> int:
        return len(self._pieces)

    def push(self, piece: Piece) -> None:
        """Queue `piece`, of more than zero."""
        self._pieces.append(piece)

    def cut_back(self, length: int) -> None:
        """Forget what was queued last, down to `length` pieces."""
        while len(self._pieces) > length:
            self._pieces.pop()

    def pull(self, amount: int) -> list[Piece]:
        """Take `amount` from the front; less only where the queue holds less."""
        taken: list[Piece] = []
        while amount and self._pieces:
            piece = self._front()
            if piece.amount > amount:
                self._pieces.appendleft(Piece(piece.account, piece.color, piece.amount - amount, piece.why))
                piece = Piece(piece.account, piece.color, amount, piece.why)
            taken.append(piece)
            amount -= piece.amount
        return taken

    def _front(self) -> Piece:
        first = self._pieces.popleft()
        while self._pieces and (self._pieces[0].account, self._pieces[0].color) == (
            first.account,
            first.color,
        ):
            second = self._pieces.popleft()
            why = first.why + tuple(path for path in second.why if path not in first.why)
            first = Piece(first.account, first.color, first.amount + second.amount, why)
        return first
