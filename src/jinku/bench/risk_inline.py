"""`jinku bench risk`: how many transfers a second are decided inside the commit path, and how long one alone takes.

Protocol:

1. A new house on disk with risk switched on: the built-in features (50), a hundred rules that all act
   (`jinku.bench.risk_rules`; the drawn ones give one point each), a forest of 200 trees
   with 15 leaves, and the standard policy with its deadline of 250 ms and a row for the score. The forest is trained by
   LightGBM on the same features over drawn transfers some of which are called fraud; where LightGBM is absent its
   thresholds are drawn. `inline_model_trained` says which.
2. 200,000 accounts; transfers between drawn pairs, amounts drawn log-normally, in batches of `BATCH`, each sent through
   the gate as a request, `AHEAD` on their way. Making the input is not counted.
3. Counted is everything else: events, features, model, rules, outcome, the journal's fsync, the seal, the ledger's
   commit with its fsync, the log with its checkpoints. The clock stops when the log has caught up with the last
   transfer. What is held is reserved and entered as waiting. `inline_late` says how many were answered late.
   `inline_cpu_us` is the processor time of the whole process a decision: what the rate is on free cores.
4. One alone (`one_…`): from the ``TRANSFER`` row to the outcome, on a desk of the same engines and history, warm, 2,000
   times one after the other. `one_durable_…`: the same through the gate until it is decided, journalled, sealed, posted
   and durable.
5. `replay_mismatches`: all days of the run replayed: records decided again that differ in a byte, or are not as sealed.

Example::

    inline_figures(400_000, None)["inline_dps"].value
"""

import json
import tempfile
import time
from collections import deque
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np

from jinku.base.clock import day_of
from jinku.bench.ledger import BenchFailed
from jinku.bench.report import Figure
from jinku.bench.risk_rules import many_rules
from jinku.bootstrap import House, open_house
from jinku.bootstrap.risk import Risk
from jinku.ledger.layout import ACCOUNT, TRANSFER, Array
from jinku.ledger.limits import BATCH_EVENTS_MAX
from jinku.risk.decision.desk import Desk
from jinku.risk.decision.history import rebuilt
from jinku.risk.decision.model import Stage
from jinku.risk.decision.record import RecordKind, decode
from jinku.risk.decision.transfers import Nobody, Scene, transfer_events
from jinku.risk.events.local_time import LocalTime
from jinku.risk.features.engine import Engine
from jinku.risk.features.reading import load
from jinku.risk.models.errors import LearningAbsent
from jinku.risk.models.forest import Forest
from jinku.risk.models.training import Recipe, learning, train
from jinku.risk.models.walking import DEFAULT_LEFT, MISSING_NAN, Nodes
from jinku.risk.rules import RuleSet
from jinku.risk.rules.model import Outcome

ACCOUNTS = 200_000
TREES, LEAVES = 200, 15
AHEAD = 4
WARM_BATCHES, WARM_SINGLES, SINGLES, DURABLE = 4, 300, 2_000, 500
BATCH = 4_096
TRAINING_ROWS, FRAUD_SHARE = 40_000, 0.01
SCORE_ROW = b"""
[[when]]
model = 2.2
action = "challenge"
reason = "score"
"""


def inline_figures(
    transfers: int = 400_000, directory: Path | None = None, seed: int = 7
) -> dict[str, Figure]:
    """The figures of the decision inside the commit path. `directory` is where the house is made."""
    with tempfile.TemporaryDirectory(prefix="jinku-bench-", dir=directory) as name:
        place = Path(name) / "house"
        trained = lay_out(place, seed)
        with open_house(place) as house, Risk(house) as risk:
            risk.recover()
            _open_accounts(house)
            traffic = Traffic(seed)
            through(risk, [traffic.batch(BATCH) for _ in range(WARM_BATCHES)])
            first = risk.journal.size
            figures = _bulk(house, risk, traffic, transfers)
            figures |= told(risk, first) | {"inline_model_trained": Figure(trained, "1 trained, 0 drawn")}
            figures |= _one(risk, traffic)
            figures |= _durable(risk, traffic)
            figures |= _replayed(risk)
    return figures


def _bulk(house: House, risk: Risk, traffic: "Traffic", transfers: int) -> dict[str, Figure]:
    batches = [traffic.batch(min(BATCH, transfers - at)) for at in range(0, transfers, BATCH)]
    start, worked = time.perf_counter(), time.process_time()
    through(risk, batches)
    house.publish()
    rate = transfers / (time.perf_counter() - start)
    cost = (time.process_time() - worked) / transfers * 1e6
    return {
        "inline_dps": Figure(rate, "decisions/s", 30_000),
        "inline_cpu_us": Figure(cost, "us of processor a decision"),
    }


def through(risk: Risk, batches: list[Array]) -> None:
    """Send batches through the gate, `AHEAD` on their way."""
    waiting = deque[tuple[object, int]]()
    gate = risk.gate
    for batch in batches:
        waiting.append((gate.begin(batch), len(batch)))
        if len(waiting) >= AHEAD:
            gate.wait(waiting.popleft()[0])  # type: ignore[arg-type]
    for request, _ in waiting:
        gate.wait(request)  # type: ignore[arg-type]


def told(risk: Risk, first: int) -> dict[str, Figure]:
    """What became of the run's decisions."""
    late = held = count = 0
    for number in range(first, risk.journal.size):
        if int(risk.journal.place(number)["kind"]) == RecordKind.DECISIONS:
            outcomes = decode(risk.journal.read(number)).decided.outcomes
            late += int((outcomes["stage"] != Stage.DECIDED).sum())
            held += int((outcomes["action"] > 0).sum())
            count += len(outcomes)
    return {
        "inline_late": Figure(late, "decisions"),
        "inline_stopped_share": Figure(held / max(1, count), "challenged, held or denied"),
    }


def _one(risk: Risk, traffic: "Traffic") -> dict[str, Figure]:
    engines, policy = risk.load(risk.versions)
    rebuilt(engines, risk.journal, None, risk.journal.size)
    rows = traffic.batch(WARM_SINGLES + SINGLES)
    at = time.time_ns() // 1_000 + 10_000_000
    seconds = []
    with Desk(engines, policy) as desk:
        for number in range(len(rows)):
            start = time.perf_counter()
            times = np.array([at + number], np.int64)
            decided = desk.decide(transfer_events(rows[number : number + 1], times, risk.scene))
            seconds.append(time.perf_counter() - start)
            if decided.outcomes["stage"][0] != Stage.DECIDED:
                raise BenchFailed("a decision of the run was not made, so the run measures nothing")
    return quantiles("one", seconds[WARM_SINGLES:], (1, 5))


def _durable(risk: Risk, traffic: "Traffic") -> dict[str, Figure]:
    rows = traffic.batch(DURABLE + 50)
    seconds = []
    for number in range(len(rows)):
        start = time.perf_counter()
        risk.gate.create_transfers_array(rows[number : number + 1])
        seconds.append(time.perf_counter() - start)
    return quantiles("one_durable", seconds[50:], (None, None))


def quantiles(name: str, seconds: list[float], bars: tuple[float | None, float | None]) -> dict[str, Figure]:
    """The middle and the 99th of a hundred, as figures ``NAME_p50_ms`` and ``NAME_p99_ms``."""
    return {
        f"{name}_p{share}_ms": Figure(float(np.quantile(seconds, share / 100)) * 1e3, "ms", bar, True)
        for share, bar in zip((50, 99), bars, strict=True)
    }


def _replayed(risk: Risk) -> dict[str, Figure]:
    first, last = (
        day_of(int(risk.journal.place(number)["time"]) * 1_000) for number in (0, risk.journal.size - 1)
    )
    days: list[date] = [first + timedelta(days=one) for one in range((last - first).days + 1)]
    found = [risk.replay(day) for day in days]
    if not sum(one.decisions for one in found):
        raise BenchFailed("nothing was replayed, so the run measures nothing")
    return {"replay_mismatches": Figure(sum(one.mismatches for one in found), "decisions", 0, True)}


class Traffic:
    """Transfers between drawn accounts, with ids that rise."""

    def __init__(self, seed: int) -> None:
        self._rng, self._next = np.random.default_rng(seed), 1

    def batch(self, count: int) -> Array:
        """``TRANSFER`` rows between drawn accounts."""
        rng = self._rng
        rows = np.zeros(count, TRANSFER)
        rows["id_lo"] = np.arange(self._next, self._next + count, dtype=np.uint64)
        rows["id_hi"] = np.uint64(time.time_ns() // 1_000_000 << 16)
        self._next += count
        rows["debit_account_id_lo"] = rng.integers(1, ACCOUNTS + 1, count)
        apart = rng.integers(1, ACCOUNTS, count, dtype=np.uint64)
        rows["credit_account_id_lo"] = (rows["debit_account_id_lo"] - np.uint64(1) + apart) % ACCOUNTS + 1
        rows["amount_lo"] = np.exp(rng.normal(9, 0.8, count)).astype(np.uint64) + np.uint64(1)
        rows["ledger"], rows["code"] = 156, rng.integers(1, 5, count)
        return rows


def _open_accounts(house: House) -> None:
    for first in range(1, ACCOUNTS + 1, BATCH_EVENTS_MAX):
        ids = np.arange(first, min(first + BATCH_EVENTS_MAX, ACCOUNTS + 1), dtype=np.uint64)
        rows = np.zeros(len(ids), ACCOUNT)
        rows["id_lo"], rows["ledger"], rows["code"] = ids, 156, 1
        house.ledger.create_accounts_array(rows)


def lay_out(place: Path, seed: int) -> bool:
    """Risk switched on in a directory to come; whether the model is a trained one."""
    (place / "risk").mkdir(parents=True)
    (place / "risk" / "rules.toml").write_text(_text_of(many_rules(seed=seed)), encoding="utf-8")
    standard = files("jinku.risk.decision").joinpath("standard.toml").read_bytes()
    (place / "risk" / "decision.toml").write_bytes(standard + SCORE_ROW)
    forest, trained = _forest(seed)
    (place / "risk" / "model.forest").write_bytes(forest.to_bytes())
    parts = ('rules = "rules.toml"', 'policy = "decision.toml"', 'model = "model.forest"')
    (place / "risk.toml").write_text("\n".join(parts) + "\n", encoding="utf-8")
    return trained


def _forest(seed: int) -> tuple[Forest, bool]:
    """A trained forest and True, or a drawn one and False."""
    features = load("payments")
    try:
        learning("lightgbm")
    except LearningAbsent:
        return drawn_forest(features.names, seed), False
    engine, rng, traffic = Engine(features), np.random.default_rng(seed), Traffic(seed)
    scene, frames = Scene(LocalTime("Asia/Shanghai"), Nobody()), []
    for at in range(0, TRAINING_ROWS, BATCH):
        times = np.arange(BATCH, dtype=np.int64) + 1 + at
        frames.append(engine.step(transfer_events(traffic.batch(BATCH), times, scene)).matrix())
    matrix = np.concatenate(frames)
    unusual = matrix[:, features.names.index("amount_over_mean")]
    fraud = rng.random(len(matrix)) < FRAUD_SHARE * (1 + 20 * (unusual > np.nanquantile(unusual, 0.99)))
    found = train(features.names, matrix, fraud, Recipe((), trees=TREES, leaves=LEAVES))
    if not isinstance(found, Forest):
        raise BenchFailed("the recipe made no forest")
    return found, True


def _text_of(rule_set: RuleSet) -> str:
    """A rule set as a file."""
    lines = [f'name = "{rule_set.name}"']
    for rule in rule_set.rules:
        drawn = rule.name.startswith("drawn-")
        outcome = Outcome.ALLOW if drawn else rule.outcome
        lines.append("[[rule]]")
        told = {"name": rule.name, "when": rule.when.text, "outcome": outcome.name.lower()}
        told |= {"reason": rule.reason, "reason_zh": rule.reason_zh}
        lines += [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in told.items()]
        lines += [f"score = {1 if drawn else rule.score}"]
    return "\n".join(lines) + "\n"


def drawn_forest(names: tuple[str, ...], seed: int, trees: int = TREES, leaves: int = LEAVES) -> Forest:
    """A forest over `names`: balanced trees whose thresholds lie where counts, amounts and shares do."""
    rng, inner = np.random.default_rng(seed), leaves - 1
    children = np.array([2 * at + side for side in (1, 2) for at in range(inner)]).reshape(2, inner)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for tree in range(trees):
        points = np.where(children < inner, children + tree * inner, ~(children - inner + tree * leaves))
        parts.append((points[0], points[1]))
    count = trees * inner
    scale = np.exp(rng.uniform(-1, 9, count))
    nodes = Nodes(
        first=np.arange(0, count, inner, dtype=np.int32),
        feature=rng.integers(0, len(names), count, np.int32),
        threshold=scale,
        left=np.concatenate([left for left, _ in parts]),
        right=np.concatenate([right for _, right in parts]),
        flags=np.full(count, DEFAULT_LEFT | MISSING_NAN),
        leaf=rng.normal(0, 0.1, trees * leaves),
        leaf_rows=np.full(trees * leaves, 100),
    )
    return Forest.make(names, nodes)
