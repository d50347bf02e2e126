"""Need to know, and no tipping off: who is not admitted learns nothing, and a customer's answer says nothing."""

import ast
from pathlib import Path

import numpy as np
import pytest
from tests.custody.orders.kit import DAY, A, open_platform
from tests.risk.cases.kit import PAYER, Kit, alert, raised

import jinku
from jinku.api.wire.orders import meaning
from jinku.custody.orders import model as o
from jinku.custody.orders.columns import OrderColumns
from jinku.custody.orders.decider import Action, Decisions
from jinku.custody.orders.reasons import State
from jinku.risk.acts.book import ActBook
from jinku.risk.cases.access import NeedToKnow, Role
from jinku.risk.cases.errors import NothingThere, NotNow, NotYourPart, SecondPersonNeeded
from jinku.risk.cases.ladder import Rung, customer_words
from jinku.risk.cases.measure_desk import Wish

SUSPICIOUS = (
    "suspic", "alert", "case", "report", "launder", "risk", "typolog", "police", "authorit", "list", "score",
    "可疑", "洗钱", "预警", "案件", "上报", "报告", "风险", "名单", "公安", "人民银行", "调查",
)  # fmt: skip


def test_one_who_may_not_know_hears_the_same_as_of_a_number_that_nobody_has(kit: Kit) -> None:
    """K7: no tipping off by error messages: absent and hidden sound alike, for every question."""
    [number] = raised(kit, alert("a"))
    case = kit.opened(number)
    measure = kit.measures.propose(Wish(PAYER, Rung.DILIGENCE, "look closer"), "aml-1")
    asks = (
        lambda who, key: kit.cases.case(key, who),
        lambda who, key: kit.cases.history(key, who),
        lambda who, key: kit.cases.alerts_of(key, who),
        lambda who, key: kit.cases.note(key, who, "hello"),
        lambda who, key: kit.cases.approve(key, who),
        lambda who, key: kit.cases.assign(key, "aml-1", who),
        lambda who, key: kit.measures.measure(key, who),
        lambda who, key: kit.measures.approve(key, who),
        lambda who, key: kit.reports.report(key, who),
        lambda who, key: kit.alerts.alert(int(key), who),
    )
    assert case.key == measure.key == "000001"
    for ask in asks:
        heard = set()
        for key in ("000001", "000099"):
            with pytest.raises(NothingThere) as caught:
                ask("clerk-9", key)
            heard.add(str(caught.value))
        with pytest.raises(NothingThere) as caught:
            ask("head-1", "000099")
        assert heard == {str(caught.value)}
    for lists in (kit.cases.cases, kit.alerts.list_, kit.reports.reports, kit.measures.measures):
        with pytest.raises(NothingThere):
            lists("clerk-9")


def test_an_analyst_sees_what_waits_what_is_his_and_what_was_shared(kit: Kit) -> None:
    """K7: need to know."""
    case = kit.opened(*raised(kit, alert("a")))
    waiting = kit.cases.open([], "head-1", "a tip", subject=9)
    assert [one.key for one in kit.cases.cases("aml-2")] == [waiting.key]
    with pytest.raises(NothingThere):
        kit.cases.case(case.key, "aml-2")
    with pytest.raises(NothingThere):
        kit.cases.share("000099", "aml-2", "head-1")
    with pytest.raises(NothingThere):
        kit.measures.propose(Wish(PAYER, Rung.DILIGENCE, "why", case=case.key), "aml-2")
    kit.cases.share(case.key, "aml-2", "aml-1")
    assert kit.cases.case(case.key, "aml-2").key == case.key
    assert len(kit.cases.cases("audit-1")) == 2
    with pytest.raises(NotYourPart):
        kit.cases.note(case.key, "audit-1", "an auditor only reads")
    with pytest.raises(NothingThere):
        kit.cases.share(case.key, "clerk-9", "aml-1")


def test_who_may_know_is_decided_by_approvers_and_two_of_them_stay(kit: Kit) -> None:
    """K7."""
    for by in ("clerk-9", "aml-1"):
        with pytest.raises((NothingThere, NotYourPart)):
            kit.access.admit("clerk-8", Role.ANALYST, by=by, text="please")
    with pytest.raises(SecondPersonNeeded):
        kit.access.admit("HEAD-1", Role.AUDITOR, by="head-1", text="myself")
    kit.access.withdraw("head-3", by="head-1", text="left")
    with pytest.raises(NotNow):
        kit.access.withdraw("head-2", by="head-1", text="left")
    with pytest.raises(NotNow):
        kit.access.admit("head-2", Role.AUDITOR, by="head-1", text="less")
    kit.access.withdraw("aml-2", by="head-1", text="left")
    with pytest.raises(NothingThere):
        kit.cases.cases("aml-2")
    assert kit.access.members() == NeedToKnow(ActBook(kit.database, kit.ledger, kit.clock)).members()


class Suspects:
    """Holds small fees, for a reason that nobody outside may hear."""

    def decide(self, batch: OrderColumns, at: int) -> Decisions:
        assert at
        small = np.asarray(batch.rows["amount_lo"] < 100)
        return Decisions.of(len(batch)).put(
            small, Action.HOLD, score=97, why="case 000001: structuring, alert 7"
        )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_held_order_tells_its_customer_nothing_of_suspicion(tmp_path: Path, language: str) -> None:
    """K7: of a real order held on suspicion the customer hears the words of its state, the same for every suspicion."""
    platform = open_platform(tmp_path, decider=Suspects())
    with platform.ledger, platform.database:
        platform.fund(A, 500)
        answer = platform.give(o.Fee(id=platform.new(), day=DAY, payer=A, amount=5))
    assert "structuring" in answer.why, "the desk knows why"
    assert answer.state is State.RISK_HELD
    words = meaning(answer.state, answer.reason)[language]
    assert words
    assert not [one for one in SUSPICIOUS if one in words.casefold()]
    assert answer.why not in words
    assert str(answer.score) not in words


@pytest.mark.parametrize("rung", list(Rung))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_a_customer_is_told_of_a_measure_says_nothing_of_suspicion(rung: Rung, language: str) -> None:
    """K7, K8: and, but for a hold, how to object."""
    words = customer_words(rung, language)
    assert not [one for one in SUSPICIOUS if one in words.casefold()]
    assert ("15" in words) is (rung is not Rung.HOLD)


def test_no_room_that_answers_customers_knows_of_cases_or_reports() -> None:
    """K7: nothing that the order and hold answers are made of comes from cases and reports. The risk desk's
    own routes, behind need to know, are files of their own."""
    root = Path(jinku.__file__).parent
    acts_of_two = {
        "acts.py: jinku.risk.acts.book",
        "acts.py: jinku.risk.acts.two",
    }  # orders' desk: who lets go
    hidden = ("jinku.risk.cases", "jinku.risk.reports", "jinku.risk.acts")
    allowed = {"bootstrap", "cli", "risk", "sim", "bench"}
    found = []
    for path in sorted(root.rglob("*.py")):
        part = path.relative_to(root).parts[0]
        if part in allowed or (part == "api" and path.name.startswith("risk_")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            found += [f"{path.name}: {name}" for name in names if name.startswith(hidden)]
    assert set(found) <= acts_of_two
