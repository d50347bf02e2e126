"""A thief at the interface: forged, changed, old, replayed and swapped messages; forged and hostile files."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.custody.channel.rig import NOON, NS, Rig, make_rig

from jinku.base.errors import InputError
from jinku.crypto.signer import Ed25519Signer, verifier_of
from jinku.custody.channel.custodian.callbacks import Callbacks
from jinku.custody.channel.custodian.client import Link
from jinku.custody.channel.custodian.envelope import Message, Purpose, digest, open_message, seal
from jinku.custody.channel.errors import MessageRefused
from jinku.custody.channel.iso import pain002
from jinku.custody.channel.iso.dialect import IsoDialect, IsoSettings
from jinku.custody.channel.iso.folder import Folder
from jinku.custody.channel.iso.payees import FilePayees
from jinku.custody.channel.model import BreakClass, State
from jinku.custody.channel.table import terms
from jinku.sim.custodian.papers import status_report

BANK, THIEF = Ed25519Signer.generate("bank"), Ed25519Signer.generate("bank")


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """Three payouts, sent and not answered."""
    made = make_rig(tmp_path, tmp_path)
    made.approved()
    with made.desk.store.changing() as change:
        made.desk.mark_sent(change, list(change.by_id([one.id for one in made.withdrawals]).values()), "b")
    yield made
    made.house.close()


def notice(rig: Rig, **changed: object) -> Message:
    """The bank's notice that the first payout failed: the thief would like to have it twice."""
    one = rig.desk.instructions()[0]
    body = {
        "status": "FAILED",
        "amount": str(one.amount),
        "currency": "CNY",
        "bank_no": "B1",
        "day": "2026-11-20",
    }
    made = Message(service="WITHDRAW", platform="P-1", request_no=str(one.request_no), time=NOON, body=body)
    return replace(made, **changed)  # type: ignore[arg-type]


def callbacks(rig: Rig) -> Callbacks:
    return Callbacks(verifier_of(BANK), "P-1", rig.desk.store.use_nonce, rig.desk.take, rig.clock)


def test_a_true_notice_is_taken_once(rig: Rig) -> None:
    """R5: a signed, fresh notice moves the instruction; the same bytes again are refused."""
    raw, signature = seal(notice(rig), Purpose.NOTICE, BANK)
    callbacks(rig).receive(raw, signature)
    assert rig.desk.instructions()[0].state is State.FAILED
    with pytest.raises(MessageRefused, match="before"):
        callbacks(rig).receive(raw, signature)


def test_forged_changed_old_and_misdirected_notices_do_nothing(rig: Rig) -> None:
    """R5: nothing unsigned, altered, stale, for another platform, or signed for another purpose moves anything."""
    raw, signature = seal(notice(rig), Purpose.NOTICE, BANK)
    hour = 3_600 * NS
    attempts = [
        seal(notice(rig), Purpose.NOTICE, THIEF),
        (raw.replace(b'"amount":"1000"', b'"amount":"1"'), signature),
        (raw.replace(b"FAILED", b"SETTLED"), signature),
        (raw, ""),
        (raw, "é"),
        (raw + b" ", signature),
        seal(notice(rig), Purpose.REPLY, BANK),
        seal(notice(rig, time=NOON - hour), Purpose.NOTICE, BANK),
        seal(notice(rig, time=NOON + hour), Purpose.NOTICE, BANK),
        seal(notice(rig, platform="P-2"), Purpose.NOTICE, BANK),
        seal(notice(rig, request_no="1e3"), Purpose.NOTICE, BANK),
        seal(notice(rig, body={"status": "FAILED", "amount": "-5"}), Purpose.NOTICE, BANK),
        seal(notice(rig, body={"status": "PAID_TWICE"}), Purpose.NOTICE, BANK),
        seal(notice(rig, body={"status": "FAILED", "day": "yesterday"}), Purpose.NOTICE, BANK),
    ]
    for bytes_, mark in attempts:
        with pytest.raises(MessageRefused):
            callbacks(rig).receive(bytes_, mark)
    assert {one.state for one in rig.desk.instructions()} == {State.SENT}
    assert rig.desk.store.breaks() == []


def test_a_true_notice_with_another_amount_is_a_break(rig: Rig) -> None:
    """R5: even signed, another amount under the number moves nothing."""
    one = rig.desk.instructions()[0]
    body = {"status": "SETTLED", "amount": str(one.amount * 2), "currency": "CNY"}
    callbacks(rig).receive(*seal(notice(rig, body=body), Purpose.NOTICE, BANK))
    assert rig.desk.instructions()[0].state is State.SENT
    assert [found.kind for found in rig.desk.store.breaks()] == [BreakClass.AMOUNT_DIFFERS]


def test_a_notice_about_a_number_of_nobody_is_a_break(rig: Rig) -> None:
    """R5: an answer that nobody asked for is kept for a person."""
    callbacks(rig).receive(*seal(notice(rig, request_no="42"), Purpose.NOTICE, BANK))
    assert [found.kind for found in rig.desk.store.breaks()] == [BreakClass.NEVER_SENT]


def test_a_reply_to_another_request_is_refused() -> None:
    """R5: a thief on the line cannot answer one request with the reply to another."""
    asked, other = b'{"a":1}', b'{"a":2}'
    reply = Message(
        service="WITHDRAW",
        platform="P-1",
        request_no="1",
        time=NOON,
        body={},
        code="DONE",
        answers=digest(other).hex(),
    )
    raw, signature = seal(reply, Purpose.REPLY, BANK)
    assert open_message(raw, signature, Purpose.REPLY, verifier_of(BANK), NOON, other).code == "DONE"
    with pytest.raises(MessageRefused, match="another request"):
        open_message(raw, signature, Purpose.REPLY, verifier_of(BANK), NOON, asked)


def test_bytes_that_are_not_canonical_are_refused_even_when_signed() -> None:
    """R5: one message has one digest."""
    raw, _ = seal(
        Message(service="S", platform="P", request_no="1", time=NOON, body={}), Purpose.REQUEST, BANK
    )
    for other in (raw.replace(b":", b": ", 1), raw[:-1] + b',"x":1}', b"[]", b"\xff", b"[" * 100_000):
        signed = BANK.sign(Purpose.REQUEST.value.encode() + b"\n" + other)
        with pytest.raises(MessageRefused):
            open_message(other, base64.b64encode(signed).decode(), Purpose.REQUEST, verifier_of(BANK), NOON)


def test_a_custodian_is_reached_over_tls_only() -> None:
    """R5: no address without TLS is taken."""
    with pytest.raises(InputError):
        Link("http://127.0.0.1:1", "P-1", "x", BANK, verifier_of(BANK))


def iso(rig: Rig, directory: Path) -> IsoDialect:
    (directory / "payees.json").write_text("{}")
    settings = IsoSettings(
        name="iso", outbox=directory / "o", inbox=directory / "i", archive=directory / "a",
        owner="Pool", account="CUSTODY-1", bic="SIMUCNBJXXX",
    )  # fmt: skip
    agreed = terms("iso20022", rig.withdrawals[0].day)
    payees = FilePayees(directory / "payees.json")
    return IsoDialect(settings, agreed, payees, BANK, verifier_of(BANK), rig.clock)


def test_a_file_that_somebody_else_put_there_is_not_read(rig: Rig, tmp_path: Path) -> None:
    """R5: who may write into the directory is not yet the bank; a changed file has a signature of other bytes."""
    dialect = iso(rig, tmp_path)
    inbox = Folder(tmp_path / "i")
    report = status_report("S1", "b", [])
    inbox.deliver("forged.xml", report, THIEF)
    inbox.deliver("changed.xml", report, BANK)
    (tmp_path / "i" / "changed.xml").write_bytes(report + b" ")
    (tmp_path / "i" / "bare.xml").write_bytes(report)
    arrivals = list(dialect.collect())
    assert [one.problem.partition(":")[0] for one in arrivals] == ["message_refused"] * 3
    for one in arrivals:
        dialect.taken(one)
    assert inbox.names() == []
    assert len(list((tmp_path / "a" / "refused").glob("*.xml"))) == 3


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a",
        b"",
        b"\x00",
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"/>',
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>',
        b'<?xml version="1.0" encoding="x-none"?><a/>',
    ],
)
def test_hostile_status_reports_are_named_and_not_read(hostile: bytes) -> None:
    """R5: no entity, no DTD, no other document."""
    with pytest.raises(InputError):
        pain002.read(hostile, "x.xml")


def test_a_delivered_name_keeps_its_bytes(tmp_path: Path) -> None:
    """R20: a file is delivered once; other bytes under its name are an error."""
    folder = Folder(tmp_path)
    folder.deliver("a.xml", b"1", BANK)
    folder.deliver("a.xml", b"1", BANK)
    with pytest.raises(InputError):
        folder.deliver("a.xml", b"2", BANK)
