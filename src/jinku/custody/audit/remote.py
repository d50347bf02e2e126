"""A published log read over HTTP, with the same calls as one on disk.

Rules:

1. Only ``http`` on this machine or ``https`` elsewhere: a reader's credential is not sent in clear over a network.
2. An answer is bounded in size and time; what is not 200 is a file that is missing. Redirects are not followed.

Example::

    log = LogUrl("http://127.0.0.1:8686/log", bearer="jinku_ro_…")
    log.checkpoint()
"""

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from jinku.base.errors import InputError
from jinku.log.bundle import BUNDLE_BYTES_MAX
from jinku.log.errors import TileMissingError
from jinku.log.reader import LogDirectory

ANSWER_SECONDS_MAX = 20.0


class LogUrl(LogDirectory):
    """A log at a URL; see the module's rules. Raises InputError for a URL that is not one of theirs."""

    def __init__(self, url: str, bearer: str = "") -> None:
        super().__init__(Path())
        _check(url)
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        self._url = url.rstrip("/")
        self._client = httpx2.Client(headers=headers, timeout=ANSWER_SECONDS_MAX, follow_redirects=False)

    def close(self) -> None:
        """Release the connection."""
        self._client.close()

    def _read(self, path: str) -> bytes:
        try:
            with self._client.stream("GET", f"{self._url}/{path}") as answer:
                if answer.status_code != 200:
                    raise TileMissingError(path, f"the server answered {answer.status_code}")
                data = bytearray()
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > BUNDLE_BYTES_MAX:
                        raise TileMissingError(path, f"the answer is longer than {BUNDLE_BYTES_MAX} bytes")
                return bytes(data)
        except httpx2.HTTPError as error:
            raise TileMissingError(path, f"the server did not answer: {type(error).__name__}") from error


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _loopback(parts.hostname):
        return
    raise InputError(
        "is not a log's URL", field="log", value=url[:80], remedy="use https://…, or http:// on this machine"
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
