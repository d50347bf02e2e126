"""The cases of the interface test, one function each; see `conformance`.

A case returns what it saw and raises where the bank does not keep the promise in its name.
"""

from jinku.custody.channel.casework import AMOUNT, Bench, Case
from jinku.custody.channel.custodian.table import Code, Status

_ENDED = (Status.SETTLED, Status.FAILED, Status.RETURNED)
_PAID = (Status.SETTLED, Status.RETURNED)


def _register(b: Bench) -> str:
    b.user("reg", money=False)
    again = b.call(
        "PERSONAL_REGISTER", "reg-2", user=f"T{b.run}-reg", name="X", document="X", card="X", phone="X"
    )
    b.expect(again, Code.REFUSED)
    return "once; other particulars are refused"


def _company(b: Bench) -> str:
    fields = {"name": "Test Ltd", "document": "T1", "card": "6200000000000002"}
    b.done("ENTERPRISE_REGISTER", "company", user=f"T{b.run}-ent", **fields)
    return "registered"


def _bind(b: Bench) -> str:
    user = b.user("card", money=False)
    b.done("BIND_CARD", "bind", user=user, card="6200000000009999")
    card = b.done("QUERY_USER", "bound", user=user)["card"]
    b.must(card == "*9999", f"the card is {card}")
    return "the new card is bound, and shown by its last digits only"


def _unbind(b: Bench) -> str:
    user = b.user("uncard", money=False)
    b.done("UNBIND_CARD", "unbind", user=user)
    b.must(b.done("QUERY_USER", "unbound", user=user)["card"] == "", "a card is still bound")
    return "no card is bound"


def _recharge(b: Bench) -> str:
    user = b.user("re")
    b.must(b.has(user, "re") == (int(AMOUNT), 0), "the collected amount is not there")
    return f"{AMOUNT} collected"


def _withdraw(b: Bench, mode: str) -> str:
    user = b.user(mode)
    reply = b.call("WITHDRAW", mode, user=user, amount="400", currency="CNY", mode=mode)
    b.expect(reply, Code.DONE, Code.REFUSED)
    if mode == "confirmed" and reply.code == Code.DONE:
        b.must(reply.body["status"] == Status.HELD, f"it is {reply.body['status']} before it was confirmed")
        b.done("CONFIRM_WITHDRAW", f"confirm-{mode}", original=b.number(mode))
    status = b.until(mode, *_ENDED)
    left = int(AMOUNT) - (400 if status == Status.SETTLED else 0)
    b.must(b.has(user, mode)[0] == left, f"{status}, but the balance is not {left}")
    return f"ended as {status}, and the balance says so"


def _twice(b: Bench) -> str:
    user = b.user("twice")
    for _ in range(3):
        b.call("WITHDRAW", "twice", user=user, amount="300", currency="CNY", mode="normal")
    status = b.until("twice", *_ENDED)
    left = int(AMOUNT) - (300 if status == Status.SETTLED else 0)
    b.must(b.has(user, "twice")[0] == left, "three sendings under one number moved more than once")
    return f"three sendings, one effect: {status}"


def _changed(b: Bench) -> str:
    user = b.user("changed")
    b.call("WITHDRAW", "changed", user=user, amount="100", currency="CNY", mode="normal")
    other = b.call("WITHDRAW", "changed", user=user, amount="900", currency="CNY", mode="normal")
    b.expect(other, Code.NUMBER_TAKEN)
    asked = b.done("QUERY_REQUEST", "changed-ask", original=b.number("changed"))
    b.must(asked["amount"] == "100", f"the amount became {asked['amount']}")
    return "another amount under a used number is refused"


def _overdraw(b: Bench) -> str:
    reply = b.call("WITHDRAW", "over", user=b.user("over"), amount="1001", currency="CNY", mode="normal")
    b.expect(reply, Code.REFUSED)
    return "more than there is: refused"


def _cancel(b: Bench) -> str:
    user = b.user("cancel")
    reply = b.call("WITHDRAW", "cancel", user=user, amount="200", currency="CNY", mode="confirmed")
    if reply.code == Code.DONE:
        b.done("CANCEL_WITHDRAW", "cancel-it", original=b.number("cancel"))
    b.must(b.until("cancel", *_ENDED) == Status.FAILED, "a cancelled payout was paid")
    b.must(b.has(user, "cancel") == (int(AMOUNT), 0), "the money is not back")
    return "a held payout is given up, the money is free"


def _intercept(b: Bench) -> str:
    user = b.user("stop")
    reply = b.call("WITHDRAW", "stop", user=user, amount="200", currency="CNY", mode="normal")
    if reply.code == Code.DONE:
        b.call("INTERCEPT_WITHDRAW", "stop-it", original=b.number("stop"))
    status = b.until("stop", *_ENDED)
    left = int(AMOUNT) - (200 if status == Status.SETTLED else 0)
    b.must(b.has(user, "stop")[0] == left, "stopped and paid at once")
    return f"stopped or paid, never both: {status}"


def _authorised(b: Bench) -> str:
    user, project = b.user("auto"), b.number("auto-project")
    b.done("ESTABLISH_PROJECT", "auto-p", project=project, borrower=user, limit="5000")
    hold = {"user": user, "project": project, "amount": "100", "currency": "CNY", "scope": "bid"}
    b.expect(b.call("AUTO_PRE_TRANSACTION", "auto-1", **hold), Code.REFUSED)
    b.done("AUTHORISE", "auto-a", user=user, scope="bid", limit="500", until="2099-12-31")
    b.done("AUTO_PRE_TRANSACTION", "auto-2", **hold)
    b.expect(b.call("AUTO_PRE_TRANSACTION", "auto-3", **{**hold, "amount": "501"}), Code.REFUSED)
    b.done("CANCEL_AUTHORISATION", "auto-c", user=user, scope="bid")
    b.expect(b.call("AUTO_PRE_TRANSACTION", "auto-4", **hold), Code.REFUSED)
    return "only while authorised, and within the limit"


def _project(b: Bench) -> str:
    user, project = b.user("proj"), b.number("project")
    b.done("ESTABLISH_PROJECT", "p-1", project=project, borrower=user, limit="500")
    hold = {"user": user, "project": project, "currency": "CNY"}
    b.expect(b.call("PRE_TRANSACTION", "p-over", amount="501", **hold), Code.REFUSED)
    b.done("PRE_TRANSACTION", "p-hold", amount="500", **hold)
    b.must(b.has(user, "proj-1") == (500, 500), "the hold is not there")
    b.done("CANCEL_PRE_TRANSACTION", "p-part", original=b.number("p-hold"), amount="200", currency="CNY")
    b.must(b.has(user, "proj-2") == (700, 300), "a part of the hold is not free")
    b.done("MODIFY_PROJECT", "p-close", project=project, state="closed")
    b.expect(b.call("PRE_TRANSACTION", "p-late", amount="1", **hold), Code.REFUSED)
    found = b.done("QUERY_PROJECT", "p-ask", project=project)
    b.must((found["raised"], found["state"]) == ("300", "closed"), "the project says otherwise")
    return "limit, partial release and closing hold"


def _settle(b: Bench) -> str:
    payer, payee, project = b.user("payer"), b.user("payee", money=False), b.number("settle-project")
    b.done("ESTABLISH_PROJECT", "s-1", project=project, borrower=payee, limit="900")
    b.done("PRE_TRANSACTION", "s-hold", user=payer, project=project, amount="600", currency="CNY")
    move = {"payer": payer, "payee": payee, "currency": "CNY"}
    b.done("SINGLE_SETTLEMENT", "s-2", amount="600", hold=b.number("s-hold"), commission="6", **move)
    b.must(b.has(payee, "s-3") == (594, 0), "the payee has not 594")
    items = [{**move, "amount": "100"}, {**move, "amount": "200"}]
    b.done("BATCH_SETTLEMENT", "s-4", items=items)
    bad = b.call("BATCH_SETTLEMENT", "s-5", items=[{**move, "amount": "50"}, {**move, "amount": "99999"}])
    b.expect(bad, Code.REFUSED)
    b.must(b.has(payer, "s-6") == (100, 0), "a batch was booked in part")
    return "against a hold with commission; a batch all or nothing"


def _debenture(b: Bench) -> str:
    user, project = b.user("deb", money=False), b.number("deb-project")
    b.done("ESTABLISH_PROJECT", "d-1", project=project, borrower=user, limit="900")
    b.done("DEBENTURE_SALE", "d-2", user=user, project=project, share="100")
    return "offered"


def _freeze(b: Bench) -> str:
    user = b.user("ice")
    b.done("FREEZE", "f-1", user=user, amount="700", currency="CNY")
    b.expect(b.call("WITHDRAW", "f-2", user=user, amount="400", currency="CNY", mode="normal"), Code.REFUSED)
    b.done("UNFREEZE", "f-3", original=b.number("f-1"), amount="700", currency="CNY")
    b.must(b.has(user, "f-4") == (int(AMOUNT), 0), "the frozen money is not free")
    return "frozen money is not paid out"


def _unknown(b: Bench) -> str:
    b.expect(b.call("QUERY_REQUEST", "nothing", original=b.number("never-sent")), Code.NOT_FOUND)
    return "a number that was never sent is not found"


def _check_files(b: Bench) -> str:
    b.expect(b.call("DOWNLOAD_CHECK_FILE", "c-1", day="2999-01-01", kind="withdraw"), Code.BAD_REQUEST)
    day = "2000-01-03"
    kinds = ("recharge", "withdraw", "transaction", "commission", "rollback")
    files = [b.done("DOWNLOAD_CHECK_FILE", f"c-{kind}", day=day, kind=kind)["file"] for kind in kinds]
    b.must(all(file.startswith("check_file|") for file in files), "a file is no check file")
    b.done("CONFIRM_CHECK_FILE", "c-2", day=day)
    return "five kinds; none of a day that is not over"


def _forged(b: Bench) -> str:
    body = {"user": "x", "amount": "1", "currency": "CNY", "mode": "normal"}
    b.must(b.refused(*b.raw("WITHDRAW", "forged", body, signer=b.forger())), "a forged request was answered")
    raw, signature = b.raw("WITHDRAW", "tampered", body)
    b.must(
        b.refused(raw.replace(b'"amount":"1"', b'"amount":"9"'), signature), "a changed request was answered"
    )
    return "a forged and a changed request are not answered"


def _old(b: Bench) -> str:
    raw, signature = b.raw("QUERY_REQUEST", "old", {"original": "1"}, time=b.too_old_ns)
    b.must(b.refused(raw, signature), "an old message was answered")
    return "an old message is not answered"


def _replay(b: Bench) -> str:
    raw, signature = b.raw("QUERY_USER", "replay", {"user": b.user("replay", money=False)})
    codes = []
    for _ in range(20):
        if not b.refused(raw, signature):
            codes.append(b.client.exchange(raw, signature)[0].code)
            break
    b.must(codes == [Code.REPLAYED], f"the same message again was answered {codes}")
    return "the same message again does nothing"


def _not_offered(b: Bench) -> str:
    b.expect(b.call("NO_SUCH_SERVICE", "none"), Code.NOT_OFFERED)
    b.expect(b.call("WITHDRAW", "fields", user="x"), Code.BAD_REQUEST)
    return "an unknown service and a missing field are named"


CASES: tuple[Case, ...] = (
    Case("a person is registered once", "个人开户只生效一次", "PERSONAL_REGISTER", _register),
    Case("a company is registered", "企业开户", "ENTERPRISE_REGISTER", _company),
    Case("a card is bound", "绑卡", "BIND_CARD", _bind),
    Case("a card is unbound", "解绑卡", "UNBIND_CARD", _unbind),
    Case("money is collected", "充值到账", "RECHARGE QUERY_USER", _recharge),
    Case("a payout, normal", "普通提现", "WITHDRAW", lambda b: _withdraw(b, "normal")),
    Case("a payout, immediate", "即时提现", "WITHDRAW", lambda b: _withdraw(b, "immediate")),
    Case("a payout, confirmed", "待确认提现", "CONFIRM_WITHDRAW", lambda b: _withdraw(b, "confirmed")),
    Case("one number pays once", "同一流水号只付一次", "WITHDRAW", _twice),
    Case("a number keeps its content", "同一流水号不得换内容", "WITHDRAW", _changed),
    Case("no more than there is", "余额不足拒绝", "WITHDRAW", _overdraw),
    Case("a held payout is cancelled", "取消提现", "CANCEL_WITHDRAW", _cancel),
    Case("a payout is intercepted", "拦截提现", "INTERCEPT_WITHDRAW", _intercept),
    Case(
        "authorised holds", "授权预处理", "AUTHORISE CANCEL_AUTHORISATION AUTO_PRE_TRANSACTION", _authorised
    ),
    Case(
        "project limit and holds",
        "标的限额与预处理",
        "ESTABLISH_PROJECT MODIFY_PROJECT PRE_TRANSACTION CANCEL_PRE_TRANSACTION QUERY_PROJECT",
        _project,
    ),
    Case("settlement, single and batch", "单笔与批量交易", "SINGLE_SETTLEMENT BATCH_SETTLEMENT", _settle),
    Case("a claim is offered", "债权转让", "DEBENTURE_SALE", _debenture),
    Case("freeze and unfreeze", "冻结与解冻", "FREEZE UNFREEZE", _freeze),
    Case("a number that is not known", "未知流水号", "QUERY_REQUEST", _unknown),
    Case("check files", "对账文件", "DOWNLOAD_CHECK_FILE CONFIRM_CHECK_FILE", _check_files),
    Case("a forged request", "伪造请求", "security", _forged),
    Case("an old message", "过期报文", "security", _old),
    Case("a replayed message", "重放报文", "security", _replay),
    Case("what is not offered", "未提供的服务", "security", _not_offered),
)
"""Every case, in the order in which they run."""
