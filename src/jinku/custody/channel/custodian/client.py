"""The client of the custodian interface: signed requests over TLS, and replies that are believed only when signed.

Rules:

1. The bank's own certificate is pinned: it is the only one trusted, no authority is, and the name must fit too.
2. A reply that is not 200, not signed, not of this request, or late is no answer (`NoAnswer`): whether the bank
   acted is then unknown, and only a question can tell. Nothing is repeated here.
3. A signed reply is the bank's word, also where it refuses.

Example::

    with CustodianClient(Link(url, platform, certificate, signer, bank_key)) as client:
        client.call("QUERY_REQUEST", request_no, {"original": "17"}).code  # "DONE"
"""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from jinku.base.clock import Clock
from jinku.base.closing import Closing
from jinku.base.errors import InputError
from jinku.crypto.signer import Signer, Verifier
from jinku.custody.channel.custodian.envelope import (
    CONTENT_TYPE,
    MESSAGE_BYTES_MAX,
    PLATFORM_HEADER,
    SIGNATURE_HEADER,
    Message,
    Purpose,
    open_message,
    seal,
)
from jinku.custody.channel.errors import MessageRefused, NoAnswer

TIMEOUT_S = 10.0
CONNECTIONS_MAX = 16
PATH = "/service"


@dataclass(frozen=True, slots=True)
class Link:
    """How to reach and believe one custodian. `certificate` is its own, in PEM."""

    url: str
    platform: str
    certificate: str = field(repr=False)
    signer: Signer = field(repr=False)
    bank_key: Verifier
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        if not self.url.startswith("https://"):
            raise InputError("a custodian is reached over https only", field="url", value=self.url[:80])


class CustodianClient(Closing):
    """See the module's rules; may be used by many threads."""

    def __init__(self, link: Link, clock: Clock = time.time_ns) -> None:
        self._link, self._clock = link, clock
        self._client = httpx2.Client(
            base_url=link.url,
            verify=pinned(link.certificate),
            timeout=link.timeout_s,
            trust_env=False,
            limits=httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
        )

    def call(self, service: str, request_no: str, body: Mapping[str, Any]) -> tuple[Message, bytes]:
        """The bank's signed reply and its bytes. Raises NoAnswer."""
        asked = Message(
            service=service,
            platform=self._link.platform,
            request_no=request_no,
            time=self._clock(),
            body=body,
        )
        raw, signature = seal(asked, Purpose.REQUEST, self._link.signer)
        return self.exchange(raw, signature)

    def exchange(self, raw: bytes, signature: str) -> tuple[Message, bytes]:
        """Send sealed bytes as they are; the reply. Raises NoAnswer."""
        headers = {
            SIGNATURE_HEADER: signature,
            PLATFORM_HEADER: self._link.platform,
            "Content-Type": CONTENT_TYPE,
        }
        try:
            answer = self._client.post(PATH, content=raw, headers=headers)
        except httpx2.HTTPError as error:
            raise _silent(type(error).__name__) from error
        if answer.status_code != httpx2.codes.OK:
            raise _silent(f"HTTP {answer.status_code}")
        if len(answer.content) > MESSAGE_BYTES_MAX:
            raise _silent("a reply that is too long")
        try:
            reply = open_message(
                answer.content,
                answer.headers.get(SIGNATURE_HEADER, ""),
                Purpose.REPLY,
                self._link.bank_key,
                self._clock(),
                answers=raw,
            )
        except MessageRefused as error:
            raise _silent(error.message) from error
        return reply, answer.content

    def close(self) -> None:
        """Close every connection."""
        self._client.close()


def pinned(certificate: str) -> ssl.SSLContext:
    """A context for clients that trusts this one certificate (PEM) and no authority, over TLS 1.3 only.

    Raises InputError for what is no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise InputError("is no certificate in PEM", field="certificate", value=certificate[:30]) from None
    return context


def _silent(what: str) -> NoAnswer:
    return NoAnswer(
        f"the bank gave no answer that can be relied on: {what}", remedy="ask what became of the request"
    )
