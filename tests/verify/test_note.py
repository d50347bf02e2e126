"""Signed notes and trust: known examples, every mangling refused, the three signature types."""

import base64
from typing import Any

import pytest
from tests.verify.kit import LOG_KEY, ORIGIN, PQ_KEY, WITNESSES, Key, checkpoint, sha

from jinku.verify import NotVerified, Trust, Unreadable, VerifyError, open_checkpoint
from jinku.verify.keys import VerifierKey
from jinku.verify.note import SIGNATURES_MAX, check_signatures, parse_note

EXAMPLES = {
    # The example of C2SP signed-note, and the one of Go's note package.
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k": (
        "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Z"
        "tg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
    ),
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW": (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ),
}
LEAVES = [b"a", b"b", b"c"]


@pytest.mark.parametrize("vkey", EXAMPLES)
def test_known_notes(vkey: str) -> None:
    key, data = VerifierKey.parse(vkey), EXAMPLES[vkey].encode()
    assert check_signatures(parse_note(data), [key]) == {key: None}
    with pytest.raises(NotVerified):
        check_signatures(parse_note(data.replace(b"th", b"ht", 1).replace(b"is", b"si", 1)), [key])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\n", b"text\n", b"text\n\n", b"\n\n\xe2\x80\x94 a AAAAAAAA\n", b"text\n\n\xe2\x80\x94 a AAAAAAAA",
        b"text\n\n- a AAAAAAAA\n", b"text\n\n\xe2\x80\x94 a\n", b"text\n\n\xe2\x80\x94  AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 a+b AAAAAAAA\n", b"text\n\n\xe2\x80\x94 a AAAA\n",
        b"te\txt\n\n\xe2\x80\x94 a AAAAAAAA\n",
        b"text\r\n\n\xe2\x80\x94 a AAAAAAAA\n", b"\xff\n\n\xe2\x80\x94 a AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 a AAAAAAB=\n",
        b"text\n\n\xe2\x80\x94 a AAAAAAAA AAAA\n", b"text\n\n\xe2\x80\x94 a\xc2\xa0b AAAAAAAA\n",
        b"text\n\n" + b"\xe2\x80\x94 a AAAAAAAA\n" * (SIGNATURES_MAX + 1), b"x" * (1 << 20),
    ],
)  # fmt: skip
def test_malformed_notes_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_note(data)


@pytest.mark.parametrize("at", range(4))
def test_malformed_vkeys_are_refused(at: int) -> None:
    name, key_id, material = LOG_KEY.vkey.split("+", 2)
    other_type = base64.b64encode(b"\2" + base64.b64decode(material)[1:]).decode()
    bad = [
        f"{name}{key_id}{material}",
        f"{name}+{key_id.upper() if not key_id.isdigit() else 'ABCDEF00'}+{material}",
        f"{name}x+{key_id}+{material}",
        f"{name}+{key_id}+{other_type}",
    ]
    with pytest.raises(Unreadable):
        VerifierKey.parse(bad[at])


@pytest.mark.parametrize(
    "key", [LOG_KEY, PQ_KEY, Key(ORIGIN, 4)], ids=["ed25519", "ml-dsa-44", "cosignature"]
)
def test_each_signature_type_verifies_and_every_flipped_byte_is_seen(key: Key) -> None:
    data = checkpoint(LEAVES, [key])
    assert open_checkpoint(data, key.vkey).body.size == 3
    for at in range(len(data)) if key.kind != 6 else [*range(180), *range(180, len(data), 97)]:
        for bit in (1, 0x20, 0x80):
            with pytest.raises(VerifyError):
                open_checkpoint(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :], key.vkey)


def test_a_wrong_signature_by_a_known_key_condemns_the_note() -> None:
    data = checkpoint(LEAVES) + LOG_KEY.line("another text\n").encode()
    with pytest.raises(NotVerified, match="not valid"):
        open_checkpoint(data, LOG_KEY.vkey)


def test_signatures_of_strangers_are_ignored() -> None:
    stranger = Key(ORIGIN, 1, b"another")
    assert open_checkpoint(checkpoint(LEAVES, [stranger, LOG_KEY]), LOG_KEY.vkey).signed_by
    with pytest.raises(NotVerified) as caught:
        open_checkpoint(checkpoint(LEAVES, [stranger]), LOG_KEY.vkey)
    assert caught.value.code == "log_not_signed"


def test_all_log_keys_must_sign_unless_told_otherwise() -> None:
    both = [LOG_KEY.vkey, PQ_KEY.vkey]
    data = checkpoint(LEAVES, [LOG_KEY])
    with pytest.raises(NotVerified):
        open_checkpoint(data, Trust.of(both))
    assert open_checkpoint(data, Trust.of(both, log_quorum=1)).body.size == 3
    assert len(open_checkpoint(checkpoint(LEAVES, [LOG_KEY, PQ_KEY]), Trust.of(both)).signed_by) == 2


def test_the_origin_must_be_the_expected_one() -> None:
    data = checkpoint(LEAVES, origin="other.example/log")
    with pytest.raises(NotVerified) as caught:
        open_checkpoint(data, LOG_KEY.vkey)
    assert caught.value.code == "wrong_origin"
    assert open_checkpoint(data, Trust.of(LOG_KEY.vkey, origin="other.example/log")).body.size == 3


@pytest.mark.parametrize("present", range(4))
def test_quorum_of_witnesses(present: int) -> None:
    data = checkpoint(LEAVES, [LOG_KEY, *WITNESSES[:present]])
    vkeys = [key.vkey for key in WITNESSES]
    trust = Trust.of(LOG_KEY.vkey, witnesses=vkeys, quorum=2)
    if present >= 2:
        assert len(open_checkpoint(data, trust).witnesses) == present
    else:
        with pytest.raises(NotVerified) as caught:
            open_checkpoint(data, trust)
        assert caught.value.code == "quorum_not_met"


def test_two_keys_of_one_witness_count_once() -> None:
    one = [Key("w.example", 4), Key("w.example", 6)]
    data = checkpoint(LEAVES, [LOG_KEY, *one])
    with pytest.raises(Unreadable):
        Trust.of(LOG_KEY.vkey, witnesses=[key.vkey for key in one], quorum=2)
    trust = Trust.of(LOG_KEY.vkey, witnesses=[*(key.vkey for key in one), WITNESSES[1].vkey], quorum=2)
    with pytest.raises(NotVerified):
        open_checkpoint(data, trust)


def test_extension_lines_need_a_signature_that_covers_them() -> None:
    def signed(key: Key) -> bytes:
        text = checkpoint(LEAVES).decode().split("\n\n")[0] + "\nextension\n"
        return (text + "\n" + key.line(text)).encode()

    assert open_checkpoint(signed(LOG_KEY), LOG_KEY.vkey).body.extensions == ("extension",)
    with pytest.raises(NotVerified) as caught:
        open_checkpoint(signed(PQ_KEY), PQ_KEY.vkey)
    assert caught.value.code == "extension_not_signed"


@pytest.mark.parametrize("kind", [4, 6])
def test_a_cosignature_from_an_impossible_time_is_refused(kind: int) -> None:
    key = Key("witness.example", kind)
    text = checkpoint(LEAVES).decode().split("\n\n")[0] + "\n"
    for time, holds in (((1 << 63) - 1, True), (1 << 63, False)):
        note = parse_note((text + "\n" + key.line(text, time)).encode())
        if holds:
            assert check_signatures(note, [VerifierKey.parse(key.vkey)])
        else:
            with pytest.raises(NotVerified, match="impossible time"):
                check_signatures(note, [VerifierKey.parse(key.vkey)])


def test_trust_that_makes_no_sense_is_refused() -> None:
    senseless: list[dict[str, Any]] = [
        {"log": []},
        {"log": LOG_KEY.vkey, "witnesses": [WITNESSES[0].vkey], "quorum": 2},
        {"log": LOG_KEY.vkey, "witnesses": [Key(ORIGIN, 4).vkey]},
        {"log": LOG_KEY.vkey, "witnesses": [Key("w.example", 1).vkey]},
        {"log": [LOG_KEY.vkey, Key("other.example").vkey]},
        {"log": LOG_KEY.vkey, "log_quorum": 0},
        {"log": "nonsense"},
    ]
    for arguments in senseless:
        with pytest.raises(Unreadable):
            Trust.of(**arguments)


@pytest.mark.parametrize(
    "body", ["o\n1\n", "o\n01\nR\n", "o\n-1\nR\n", "o\n1\nAAAA\n", "o\n\n1\nR\n", f"o\n{1 << 64}\nR\n"]
)
def test_malformed_checkpoints_are_refused_even_when_signed(body: str) -> None:
    text = body.replace("R", base64.b64encode(bytes(32)).decode())
    key = Key("o")
    with pytest.raises(Unreadable):
        open_checkpoint((text + "\n" + key.line(text)).encode(), key.vkey)


def renamed(key: Key, name: str, kind: int) -> str:
    """The vkey of the same public key as another name's and type's."""
    material = bytes([kind]) + key.material[1:]
    key_id = sha(name.encode() + b"\n" + material)[:4].hex()
    return f"{name}+{key_id}+{base64.b64encode(material).decode()}"


def test_one_key_under_two_names_counts_for_nobody() -> None:
    once = WITNESSES[1]
    assert VerifierKey.parse(renamed(once, once.name, 4)).public == VerifierKey.parse(once.vkey).public
    for other in (renamed(once, "other.example", 4), renamed(LOG_KEY, "other.example", 4)):
        with pytest.raises(Unreadable, match="one and the same key"):
            Trust.of(LOG_KEY.vkey, witnesses=[once.vkey, other], quorum=2)
