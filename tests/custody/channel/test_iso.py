"""ISO 20022 files: what is written fits the schema's order, what is read means what the standard says."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from tests.custody.channel.rig import NOON, NS, Rig, make_rig
from tests.custody.channel.test_machine import instruction

from jinku.base.errors import InputError
from jinku.crypto.signer import Ed25519Signer, verifier_of
from jinku.custody.channel.iso import pain001, pain002
from jinku.custody.channel.iso.dialect import IsoDialect, IsoSettings
from jinku.custody.channel.iso.folder import Folder
from jinku.custody.channel.iso.payees import FilePayees
from jinku.custody.channel.iso.words import STATUSES, answers_of_statement, answers_of_status, number_of
from jinku.custody.channel.model import News, Source, State
from jinku.custody.channel.port import Payee
from jinku.custody.channel.table import terms
from jinku.custody.statements.formats import read_statement
from jinku.sim.custodian.books import Asked
from jinku.sim.custodian.papers import notification, status_report

DAY = date(2026, 11, 20)
POOL = Payee("Pool & Co", "CUSTODY-1", "SIMUCNBJXXX")
BANK = Ed25519Signer.generate("bank")
ASKED = Asked(
    number="17", service="FILE", digest=b"", status="SETTLED", user="U-1", amount=500, currency="CNY", bank_no="B1",
    day="2026-11-20", due="", fate="", reason="", detail="", told="",
)  # fmt: skip


def test_the_message_has_the_elements_of_the_schema_in_order() -> None:
    """R5: pain.001.001.09 with count, sum, and the request number as both ids; the same bytes every time."""
    batch = pain001.Batch("iso-1", NOON, DAY)
    payments = [
        (replace(instruction(), request_no=n), Payee("李 <四>", "DE89370400440532013000")) for n in (17, 18)
    ]
    data = pain001.write(batch, POOL, payments)
    assert data == pain001.write(batch, POOL, payments)
    root = fromstring(data)
    ns = {"p": pain001.NAMESPACE}
    tags = [re.sub("{.*}", "", one.tag) for one in root.find(".//p:PmtInf", ns) or []]
    assert tags[:9] == [
        "PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt",
    ]  # fmt: skip
    transaction = root.findall(".//p:CdtTrfTxInf", ns)[1]
    assert [re.sub("{.*}", "", one.tag) for one in transaction] == ["PmtId", "Amt", "Cdtr", "CdtrAcct"]
    assert root.findtext(".//p:GrpHdr/p:NbOfTxs", "", ns) == "2"
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", "", ns) == "10.00"
    assert (
        transaction.findtext(".//p:EndToEndId", "", ns)
        == transaction.findtext(".//p:InstrId", "", ns)
        == "18"
    )
    assert transaction.findtext(".//p:Nm", "", ns) == "李 <四>"
    assert transaction.findtext(".//p:IBAN", "", ns) == "DE89370400440532013000"


@pytest.mark.parametrize(
    "payee",
    [Payee("", "1"), Payee("x" * 141, "1"), Payee("a\x01", "1"), Payee("a", "1" * 35), Payee("a", "1", "no")],
)
def test_what_does_not_fit_is_refused_and_never_cut(payee: Payee) -> None:
    """R5: a cut name or account pays somebody else."""
    with pytest.raises(InputError):
        pain001.write(pain001.Batch("b", NOON, DAY), POOL, [(instruction(), payee)])


def test_currencies_are_not_mixed() -> None:
    """R19: the control sum of two currencies means nothing."""
    other = replace(instruction(), currency="USD")
    with pytest.raises(InputError):
        pain001.write(pain001.Batch("b", NOON, DAY), POOL, [(instruction(), POOL), (other, POOL)])


@pytest.mark.parametrize(("code", "news"), list(STATUSES.items()))
def test_each_status_is_its_news(code: str, news: News) -> None:
    """R5: only "settlement completed" is settled."""
    file = pain002.read(status_report("S1", "iso-1", [(ASKED, code)]), "s.xml")
    [said] = answers_of_status(file, [], NOON, b"d")
    assert (said.request_no, said.news, said.amount, said.currency, said.source) == (
        17,
        news,
        500,
        "CNY",
        Source.FILE,
    )


def test_a_group_that_is_rejected_rejects_what_it_does_not_name() -> None:
    """R5: a whole message can be refused in one word."""
    data = status_report("S1", "iso-1", []).replace(b"<OrgnlMsgNmId>", b"<OrgnlMsgNmId>", 1)
    data = data.replace(b"</OrgnlMsgNmId>", b"</OrgnlMsgNmId><GrpSts>RJCT</GrpSts>")
    said = answers_of_status(pain002.read(data), [17, 18], NOON, b"d")
    assert [(one.request_no, one.news) for one in said] == [(17, News.FAILED), (18, News.FAILED)]
    assert answers_of_status(pain002.read(data.replace(b"RJCT", b"XXXX")), [17], NOON, b"d") == []


def test_bookings_and_returns_are_told_apart() -> None:
    """R5: a debit is settled, a credit with a reason is returned, pending is no news, and only our numbers count."""
    back = replace(ASKED, number="18", status="RETURNED")
    data = notification("N1", DAY, [ASKED, back])
    [statement] = read_statement(data, "n.xml")
    said = answers_of_statement(statement, NOON, b"d")
    assert [(one.request_no, one.news, one.amount, one.reason, one.day) for one in said] == [
        (17, News.SETTLED, 500, "", DAY),
        (18, News.RETURNED, 500, "AC04", DAY),
    ]
    [pending] = read_statement(data.replace(b"BOOK", b"PDNG"), "n.xml")
    assert answers_of_statement(pending, NOON, b"d") == []
    assert [number_of(text) for text in ("017", "x", "", "0", str(1 << 63), "１７", "17")] == [None] * 6 + [
        17
    ]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_rig(tmp_path, tmp_path)
    made.approved()
    yield made
    made.house.close()


def dialect_of(rig: Rig, directory: Path, tokens: int = 3) -> IsoDialect:
    """The dialect over directories, with payees for the first `tokens`."""
    known = {f"U-{n}": {"name": f"Payee {n}", "account": f"ACC-{n}"} for n in range(tokens)}
    (directory / "payees.json").write_text(json.dumps(known))
    settings = IsoSettings(
        name="iso", outbox=directory / "o", inbox=directory / "i", archive=directory / "a",
        owner="Pool", account="CUSTODY-1", bic="SIMUCNBJXXX",
    )  # fmt: skip
    payees = FilePayees(directory / "payees.json")
    return IsoDialect(settings, terms("iso20022", DAY), payees, BANK, verifier_of(BANK), rig.clock)


def test_a_batch_leaves_as_one_signed_file_and_a_resumed_one_not_again(rig: Rig, tmp_path: Path) -> None:
    """R5 R20: one message a batch; where it left, resuming sends nothing; where it did not, the same bytes."""
    dialect, found = dialect_of(rig, tmp_path, tokens=2), rig.desk.instructions()
    found = [replace(one, sent_at=rig.clock(), state=State.SENT, attempts=1) for one in found]
    sending = dialect.send("iso-1", found)
    [missing] = sending.answers
    assert (missing.news, missing.reason) == (News.FAILED, "not sent: payee_unknown")
    outbox = Folder(tmp_path / "o")
    outbox.believe("iso-1.xml", first := outbox.read("iso-1.xml"), verifier_of(BANK))
    (tmp_path / "o" / "iso-1.xml").unlink()
    left = [one for one in found if one.request_no != missing.request_no]
    assert dialect.resume("iso-1", left) == dialect.resume("iso-1", left)
    assert outbox.names() == []
    (tmp_path / "a" / "sent" / "iso-1.xml").unlink()
    dialect.resume("iso-1", left)
    assert outbox.read("iso-1.xml") == first


def test_not_found_needs_statements_of_days_that_came_after(rig: Rig, tmp_path: Path) -> None:
    """R5: silence in files is "no such request" only once later days' statements are in; never when acknowledged."""
    dialect = dialect_of(rig, tmp_path)
    one = replace(rig.desk.instructions()[0], sent_at=rig.clock(), state=State.UNKNOWN, attempts=1)
    folder = Folder(tmp_path / "i")
    answers = []
    for n, day in enumerate(("2026-11-19", "2026-11-20", "2026-11-23", "2026-11-24")):
        rig.clock.now += NS
        folder.deliver("s.xml", _empty_statement(day, n + 1), BANK)
        [arrival] = dialect.collect()
        assert arrival.problem == ""
        dialect.taken(arrival)
        answers.append([said.news for said in dialect.query([one])])
    assert answers == [[], [], [], [News.NOT_FOUND]]
    assert dialect.query([replace(one, acknowledged_at=5), replace(one, state=State.SETTLED)]) == []


def _empty_statement(day: str, serial: int) -> bytes:
    balance = (
        '<Bal><Tp><CdOrPrtry><Cd>{}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">5.00</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr>'
        f"<MsgId>M{serial}</MsgId><CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr><Stmt><Id>S{serial}</Id>"
        f"<ElctrncSeqNb>{serial}</ElctrncSeqNb><CreDtTm>{day}T20:00:00Z</CreDtTm><FrToDt><FrDtTm>{day}T00:00:00Z"
        f"</FrDtTm><ToDtTm>{day}T23:59:59Z</ToDtTm></FrToDt><Acct><Id><Othr><Id>CUSTODY-1</Id></Othr></Id>"
        f"<Ccy>CNY</Ccy></Acct>{balance.format('OPBD')}{balance.format('CLBD')}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
