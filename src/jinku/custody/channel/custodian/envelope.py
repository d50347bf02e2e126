"""What is signed on the custodian interface: requests, replies and the bank's own notifications.

Rules:

1. A message is canonical JSON (`jinku.base.canonical`), at most ``MESSAGE_BYTES_MAX`` bytes. Other bytes for the same
   value are refused, so there is one digest for one message.
2. The signature is Ed25519 over a purpose line and the bytes, so that a reply never passes for a request. It travels
   in the header ``Jinku-Signature`` as base64.
3. A message says its platform, service, request number, time and a nonce. One older or newer than ``SKEW_S`` is
   refused, and so is a nonce that was used before: whoever repeats a message repeats nothing.
4. A reply carries the digest of the request that it answers. One of another request is refused.
5. The nonce is new at every sending; the request number is not.

Example::

    message = Message(service="WITHDRAW", platform="P-1", request_no="17", time=…, nonce=…, body={"amount": "100"})
    raw, signature = seal(message, Purpose.REQUEST, signer)
    open_message(raw, signature, Purpose.REQUEST, bank_key, now)
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from jinku.base.canonical import canonical_json
from jinku.base.clock import NS_PER_SECOND, from_rfc3339, to_rfc3339
from jinku.base.errors import InputError, NotCanonical
from jinku.crypto.errors import SignatureInvalidError
from jinku.crypto.signer import Signer, Verifier
from jinku.custody.channel.errors import MessageRefused

MESSAGE_BYTES_MAX = 4 << 20
SKEW_S = 300
SIGNATURE_HEADER = "Jinku-Signature"
PLATFORM_HEADER = "Jinku-Platform"
"""Whose key to look for; the signed message must name the same."""
CONTENT_TYPE = "application/json"
_TEXTS = ("service", "platform", "request_no", "nonce", "code", "message", "answers")

UseNonce = Callable[[str, int, int], bool]
"""(nonce, now, forget before) → whether it was never used."""


class Purpose(StrEnum):
    """What a signature is for; its line comes before the signed bytes."""

    REQUEST = "jinku/custodian-request/v1"
    REPLY = "jinku/custodian-reply/v1"
    NOTICE = "jinku/custodian-notice/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `code`, `message` and `answers` (a digest in hex) are for replies, empty elsewhere."""

    service: str
    platform: str
    request_no: str
    time: int
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    body: Mapping[str, Any]
    code: str = ""
    message: str = ""
    answers: str = ""

    def encode(self) -> bytes:
        """Its canonical bytes."""
        document = {name: getattr(self, name) for name in _TEXTS}
        return canonical_json({**document, "time": to_rfc3339(self.time), "body": dict(self.body)})


def digest(raw: bytes) -> bytes:
    """The SHA-256 by which a message is known."""
    return hashlib.sha256(raw).digest()


def seal(message: Message, purpose: Purpose, signer: Signer) -> tuple[bytes, str]:
    """The bytes of `message` and their signature as text."""
    raw = message.encode()
    return raw, base64.b64encode(signer.sign(_signed(purpose, raw))).decode()


def open_message(
    raw: bytes, signature: str, purpose: Purpose, verifier: Verifier, now: int, answers: bytes | None = None
) -> Message:
    """The message in `raw`, believed. `answers` is the request that a reply must answer.

    Raises MessageRefused: signature first, so that nothing unsigned is even read.
    """
    if len(raw) > MESSAGE_BYTES_MAX:
        raise _refused("is too long")
    try:
        verifier.verify(_signed(purpose, raw), base64.b64decode(signature.encode(), validate=True))
    except (SignatureInvalidError, binascii.Error, UnicodeEncodeError):
        raise _refused("is not signed by the expected key") from None
    message = _parsed(raw)
    if abs(now - message.time) > SKEW_S * NS_PER_SECOND:
        raise _refused(f"was made more than {SKEW_S} s from now")
    if answers is not None and message.answers != digest(answers).hex():
        raise _refused("answers another request")
    return message


def refuse_replay(message: Message, use_nonce: UseNonce, now: int) -> None:
    """Raises MessageRefused where this message was taken before."""
    if not use_nonce(message.nonce, now, now - 2 * SKEW_S * NS_PER_SECOND):
        raise _refused("was taken before")


def _signed(purpose: Purpose, raw: bytes) -> bytes:
    return purpose.value.encode() + b"\n" + raw


def _parsed(raw: bytes) -> Message:
    try:
        document = json.loads(raw)
        if not isinstance(document, dict) or canonical_json(document) != raw:
            raise _refused("is not canonical JSON")
        texts = {name: document.pop(name) for name in _TEXTS}
        moment, body = document.pop("time"), document.pop("body")
        if (
            document
            or not isinstance(body, dict)
            or not all(isinstance(text, str) for text in texts.values())
        ):
            raise _refused("has other members than it must")
        return Message(**texts, time=from_rfc3339(moment), body=body)
    except (ValueError, KeyError, TypeError, RecursionError, NotCanonical, InputError):
        raise _refused("is badly formed") from None


def _refused(problem: str) -> MessageRefused:
    return MessageRefused(f"a message {problem}", remedy="do nothing that it asks for; ask the other side")
