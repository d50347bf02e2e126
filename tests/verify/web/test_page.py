"""The static page in a real browser, from a file, without network: it says what the verifier says of every receipt."""

import base64
import json
import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.custody.proof.kit import issued, respelled
from tests.custody.proof.test_receipt import OTHERS, places
from tests.verify.kit import LOG_KEY, PQ_KEY, WITNESSES, Key

from jinku.custody.proof.limits import LIMITS
from jinku.verify import Trust, Unreadable, VerifyError, verify_balance_receipt
from jinku.verify.webpage import Settings, web_page

CHROMIUM = Path("/usr/bin/chromium")
BANK, AUDITOR = WITNESSES[1:]
ISSUED = issued({"客户-1": 12_345, "客户-2": 7, "<b>客户-3</b>": 0}, keys=(LOG_KEY, BANK))
GOOD = ISSUED.receipt("客户-1")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_ALL = """async ([receipts, trust]) => {
  const found = [];
  for (const one of receipts) {
    const bytes = Uint8Array.from(atob(one), (byte) => byte.charCodeAt(0));
    found.push((await check(bytes, trust)).verdict);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium at /usr/bin/chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def asked() -> list[str]:
    """Every address that the page asked for."""
    return []


def opened(
    browser: Browser,
    folder: Path,
    asked: list[str],
    settings: Settings,
    locale: str = "en-GB",
    offline: bool = True,
) -> Page:
    file = folder / "check.html"
    file.write_bytes(web_page(settings))
    context = browser.new_context(offline=offline, locale=locale)
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(f"error: {error}"))
    page.goto(file.as_uri())
    return page


def verdicts(page: Page, receipts: list[bytes], **trust: Any) -> list[str]:
    """What the page says of each of `receipts`."""
    policy = {"keys": [LOG_KEY.vkey], "witnesses": [BANK.vkey], "quorum": 1} | trust
    texts = [base64.b64encode(one).decode() for one in receipts]
    found: list[str] = page.evaluate(_ALL, [texts, policy])
    return found


def verified(receipt: bytes) -> bool:
    try:
        verify_balance_receipt(receipt, Trust.of(LOG_KEY.vkey, witnesses=[BANK.vkey], quorum=1))
    except VerifyError:
        return False
    return True


def mutated() -> list[bytes]:
    """Every field changed, every list shortened, lengthened and turned; bits flipped; other spellings."""
    document, found = json.loads(GOOD), []
    chance = random.Random(13)
    for holder, key in list(places(document)):
        value = holder[key]
        for other in chance.sample(OTHERS, 3) if isinstance(key, int) else OTHERS:
            if other != value:
                holder[key] = other
                found.append(respelled(document))
        if isinstance(value, list):
            for changed in (value[1:], value[:-1], [*value, value[0]], value[::-1]):
                holder[key] = changed
                found.append(respelled(document))
        holder[key] = value
        if isinstance(holder, dict):
            del holder[key]
            found.append(respelled(document))
            holder[key] = value
    for _ in range(300):
        at = chance.randrange(len(GOOD))
        found.append(GOOD[:at] + bytes([GOOD[at] ^ 1 << chance.randrange(8)]) + GOOD[at + 1 :])
    return [
        *found,
        b"",
        b"null",
        b"\xef\xbb\xbf" + GOOD,
        GOOD + b"\n",
        GOOD.replace(b"\n", b"\r\n"),
        json.dumps(document).encode(),
        GOOD.replace(b'"customer"', b'"cust\\u006fmer"'),
        issued(topic=2).receipt(),
        issued(ledger_size=21, keys=(LOG_KEY, BANK)).receipt(),
        issued(keys=(LOG_KEY, AUDITOR)).receipt(),
        issued(keys=(Key("ledger.example/jinku", seed=b"other"), BANK)).receipt(),
    ]


def test_page_and_verifier_agree_on_every_receipt(browser: Browser, tmp_path: Path, asked: list[str]) -> None:
    """R13: a good receipt passes and every mutated one fails, in the browser as in the verifier."""
    page = opened(browser, tmp_path, asked, Settings())
    good = [
        GOOD,
        ISSUED.receipt("客户-2"),
        ISSUED.receipt("<b>客户-3</b>"),
        issued(keys=(LOG_KEY, BANK)).receipt(),
    ]
    assert verdicts(page, good) == ["good"] * len(good)
    assert all(map(verified, good))
    bad = [one for one in mutated() if one != GOOD]
    assert len(bad) > 400
    said = verdicts(page, bad)
    assert [at for at, one in enumerate(bad) if verified(one)] == []
    assert [at for at, one in enumerate(said) if one != "bad"] == []
    assert asked == [(tmp_path / "check.html").as_uri()]


def test_what_was_not_checked_is_said(browser: Browser, tmp_path: Path, asked: list[str]) -> None:
    page = opened(browser, tmp_path, asked, Settings())
    assert verdicts(page, [GOOD], keys=[], witnesses=[], quorum=None) == ["open"]
    assert verdicts(page, [GOOD], witnesses=[], quorum=None) == ["good"]
    assert verdicts(page, [GOOD], witnesses=[BANK.vkey, AUDITOR.vkey], quorum=None) == ["bad"]
    assert verdicts(page, [GOOD], keys=[LOG_KEY.vkey, PQ_KEY.vkey]) == ["bad"]
    both = issued(keys=(LOG_KEY, PQ_KEY, BANK)).receipt()
    assert verdicts(page, [both], keys=[LOG_KEY.vkey, PQ_KEY.vkey]) == ["open"]
    assert verdicts(
        page, [issued(keys=(LOG_KEY, WITNESSES[0])).receipt()], witnesses=[WITNESSES[0].vkey]
    ) == ["open"]
    other = Key("ledger.example/jinku", seed=b"other")
    for keys, witnesses in (
        (["nonsense"], []),
        ([other.vkey], []),
        ([LOG_KEY.vkey], [LOG_KEY.vkey]),
        ([LOG_KEY.vkey.replace("+", "+0", 1)], []),
    ):
        assert verdicts(page, [GOOD], keys=keys, witnesses=witnesses, quorum=None) == ["bad"]


@pytest.mark.parametrize(("locale", "word"), [("zh-CN", "通过"), ("en-GB", "It holds")])
def test_a_person_chooses_a_file_and_reads_what_is_proven(
    browser: Browser, tmp_path: Path, asked: list[str], locale: str, word: str
) -> None:
    settings = Settings((LOG_KEY.vkey,), (BANK.vkey,), 1, LIMITS)
    page = opened(browser, tmp_path, asked, settings, locale)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(ISSUED.receipt("<b>客户-3</b>"))
    page.set_input_files("#file", str(receipt))
    page.wait_for_selector("#result.good")
    assert page.inner_text("#verdict").startswith(word)
    assert "<b>客户-3</b>" in page.inner_text("#facts")
    assert page.locator("#steps li[data-state=good]").count() == 10
    column = 1 if locale.startswith("zh") else 0
    assert page.locator("#limits li").all_inner_texts() == [one[column] for one in LIMITS]
    assert page.evaluate("document.activeElement.id") == "result"
    page.click("#en" if column else "#zh")
    assert page.get_attribute("html", "lang") == ("en" if column else "zh-CN")
    assert page.locator("#limits li").all_inner_texts() == [one[1 - column] for one in LIMITS]
    assert asked == [(tmp_path / "check.html").as_uri()]


def test_the_keyboard_alone_is_enough(browser: Browser, tmp_path: Path, asked: list[str]) -> None:
    page = opened(browser, tmp_path, asked, Settings((LOG_KEY.vkey,), (BANK.vkey,), 1))
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "paste":
            page.evaluate("(text) => { document.activeElement.value = text }", GOOD.decode())
        if reached[-1] == "check":
            page.keyboard.press("Enter")
            break
    assert reached == ["zh", "en", "file", "paste", "SUMMARY", "check"]
    page.wait_for_selector("#result.good")
    page.fill("#paste", GOOD.decode().replace('"balance": "12345"', '"balance": "12346"'))
    page.click("#check")
    page.wait_for_selector("#result.bad")
    assert "12346" in page.inner_text("#steps li[data-state=bad]")


def test_a_dropped_file_is_checked(browser: Browser, tmp_path: Path, asked: list[str]) -> None:
    page = opened(browser, tmp_path, asked, Settings((LOG_KEY.vkey,)))
    page.evaluate(
        """(text) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([text], "receipt.json"));
          document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
        }""",
        GOOD.decode(),
    )
    page.wait_for_selector("#result.good")


class _Counting(BaseHTTPRequestHandler):
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_the_page_can_ask_for_nothing(browser: Browser, tmp_path: Path, asked: list[str]) -> None:
    """The browser itself refuses what the content policy does not name, even with a network and to a foreign script."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    page = opened(browser, tmp_path, asked, Settings(), offline=False)
    try:
        assert page.evaluate(f"fetch('{url}/a').then(() => 'sent', (error) => error.name)") == "TypeError"
        page.evaluate(
            """(url) => {
              const foreign = `<img src="${url}/b" onerror="hurt = 1"><form action="${url}/c">`;
              document.body.insertAdjacentHTML("beforeend", foreign);
              document.forms[0].submit();
              const script = document.createElement("script");
              script.src = `${url}/d`;
              document.body.append(script);
            }""",
            url,
        )
        page.wait_for_timeout(300)
        assert page.evaluate("typeof hurt") == "undefined"
    finally:
        server.shutdown()
        server.server_close()
    assert _Counting.heard == []
    source = web_page(Settings()).decode()
    assert "default-src 'none'" in source
    assert "unsafe" not in source
    assert not re.search(r"(src|href)=", source)
    assert page.evaluate(
        "[...document.querySelectorAll('input,textarea')].every((one) => one.labels.length === 1)"
    )


def test_a_page_is_known_by_its_digest_and_bad_keys_are_not_written_into_it() -> None:
    assert web_page(Settings((LOG_KEY.vkey,))) == web_page(Settings((LOG_KEY.vkey,)))
    assert web_page(Settings((LOG_KEY.vkey,))) != web_page(Settings())
    hostile = (("</script><script>alert(1)</script>", "\u2028"),)
    assert "</script><script>" not in web_page(Settings(limits=hostile)).decode()
    bad: list[dict[str, Any]] = [
        {"keys": ("x",)},
        {"witnesses": ("x",)},
        {"keys": (LOG_KEY.vkey,), "quorum": 1},
        {"quorum": 1},
    ]
    for wrong in bad:
        with pytest.raises(Unreadable):
            Settings(**wrong)
