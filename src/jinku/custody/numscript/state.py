"""What one run has at hand: the program's text, variables, balances, money on its way, and what came of it so far."""

from dataclasses import dataclass, field

from jinku.custody.numscript.balances import Balances
from jinku.custody.numscript.errors import FeatureNeeded, LimitExceeded
from jinku.custody.numscript.features import Feature
from jinku.custody.numscript.funds import Funds, Piece
from jinku.custody.numscript.inputs import Books
from jinku.custody.numscript.limits import POSTINGS_MAX
from jinku.custody.numscript.place import Place
from jinku.custody.numscript.result import Clause, KeptBack, Path, Posting, Rule, Why
from jinku.custody.numscript.values import Asset, Value


@dataclass(slots=True)
class State:
    """The state of one run; made for it and gone with it."""

    text: str
    books: Books
    features: frozenset[str]
    balances: Balances
    variables: dict[str, Value] = field(default_factory=dict)
    in_origin: bool = True
    """Whether the origins of variables are being computed: functions are free there."""
    asset: Asset = field(default_factory=lambda: Asset(""))
    """The asset of the `send` under way."""
    funds: Funds = field(default_factory=Funds)
    postings: list[Posting] = field(default_factory=list)
    kept: list[KeptBack] = field(default_factory=list)
    tx_metadata: dict[str, Value] = field(default_factory=dict)
    account_metadata: dict[str, dict[str, str]] = field(default_factory=dict)

    def need(self, feature: Feature, place: Place) -> None:
        """Raises FeatureNeeded unless the flag of `feature` is set."""
        if feature.value not in self.features:
            raise FeatureNeeded(feature.value, place=place)

    def clause(self, rule: Rule, place: Place, note: str = "") -> Clause:
        """A step of an explanation."""
        return Clause(rule, place.line, place.column, place.excerpt(self.text), note)

    def take(self, account: str, color: str, amount: int, why: Path) -> None:
        """Put `amount` (0: nothing) of the current asset from `account` on its way."""
        if amount:
            self.balances.add(account, self.asset.name, color, -amount)
            self.funds.push(Piece(account, color, amount, (why,)))

    def give(self, account: str, amount: int, why: Path) -> None:
        """Bring `amount` of what is on its way to `account`: one posting for each piece."""
        for piece in self.funds.pull(amount):
            self.balances.add(account, self.asset.name, piece.color, piece.amount)
            self.post(piece, account, self.asset.name, Why(piece.why, why))

    def give_back(self, amount: int, why: Path) -> None:
        """Return `amount` of what is on its way to where it came from."""
        for piece in self.funds.pull(amount):
            self.balances.add(piece.account, self.asset.name, piece.color, piece.amount)
            reason = Why(piece.why, why)
            self.kept.append(KeptBack(piece.account, self.asset.name, piece.amount, piece.color, reason))

    def exchange(self, source: str, target: str, asset: str, amount: int, why: Path) -> None:
        """Move `amount` (0: nothing) of any asset at once; both balances follow."""
        if amount:
            self.balances.add(source, asset, "", -amount)
            self.balances.add(target, asset, "", amount)
            self.post(Piece(source, "", amount, (why,)), target, asset, Why((why,), why))

    def post(self, piece: Piece, target: str, asset: str, why: Why) -> None:
        """Write one posting down. Raises LimitExceeded."""
        if len(self.postings) >= POSTINGS_MAX:
            raise LimitExceeded(
                f"the run makes more than {POSTINGS_MAX} postings", remedy="split the program into several"
            )
        self.postings.append(Posting(piece.account, target, asset, piece.amount, piece.color, why))

    def mark(self) -> tuple[int, int, int]:
        """A point to come back to while sources are tried."""
        return self.balances.mark(), len(self.funds), len(self.postings)

    def undo(self, mark: tuple[int, int, int]) -> None:
        """Back to `mark`: nothing was taken since."""
        balances, funds, postings = mark
        self.balances.undo(balances)
        self.funds.cut_back(funds)
        del self.postings[postings:]
