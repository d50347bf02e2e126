"""The static page that checks a balance receipt in a browser: one HTML file, no server, no request to anywhere.

1. It is put together from the files in ``web/``; its content policy allows the one script and the one style by their
   SHA-256 and nothing else, so the browser itself refuses every request, form and foreign script.
2. Whoever publishes it may write keys into it (`Settings`). Its own SHA-256 is then what others pin: a page with
   another key is another page.
3. It checks what `jinku.verify` checks, except ML-DSA signatures, which it says.

Example::

    page = web_page(Settings(keys=(vkey,), witnesses=(bank,), quorum=1))
    hashlib.sha256(page).hexdigest()
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinku.verify.errors import Unreadable
from jinku.verify.keys import VerifierKey
from jinku.verify.trust import Trust

_WEB = Path(__file__).parent / "web"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the page has written into it; every part may be left to the reader. Raises Unreadable for bad keys."""

    keys: tuple[str, ...] = ()
    """Vkeys of the log."""
    witnesses: tuple[str, ...] = ()
    quorum: int | None = None
    """How many witnesses must have cosigned; None for all."""
    limits: tuple[tuple[str, str], ...] = ()
    """What an attestation does not prove, (English, Chinese), shown where a receipt's own text cannot be."""

    def __post_init__(self) -> None:
        if self.keys:
            Trust.of(self.keys, witnesses=self.witnesses, quorum=self.quorum)
        elif self.quorum is not None and not 0 <= self.quorum <= len(self.witnesses):
            raise Unreadable("bad_trust", f"a quorum of {self.quorum} cannot be met")
        for vkey in self.witnesses:
            VerifierKey.parse(vkey)


def web_page(settings: Settings) -> bytes:
    """The whole page, UTF-8."""
    plain = {
        "keys": list(settings.keys),
        "witnesses": list(settings.witnesses),
        "quorum": settings.quorum,
        "limits": [{"en": english, "zh": chinese} for english, chinese in settings.limits],
    }
    view = _filled(
        "view.js", {"SETTINGS": _embedded(plain), "TEXTS": _embedded(json.loads(_text("texts.json")))}
    )
    style, script = _text("style.css"), _text("checks.js") + view
    policy = (
        f"default-src 'none'; script-src '{_pinned(script)}'; style-src '{_pinned(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _filled("page.html", {"POLICY": policy, "STYLE": style, "SCRIPT": script}).encode()


def _text(name: str) -> str:
    return (_WEB / name).read_text(encoding="utf-8")


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = _text(name)
    for place, value in values.items():
        text = text.replace("{{" + place + "}}", value)
    return text


def _embedded(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return (
        json.dumps(value, ensure_ascii=False)
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )


def _pinned(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
