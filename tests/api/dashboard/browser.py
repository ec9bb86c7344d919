"""Chromium, and visits to the dashboard that record every error in the page."""

import csv
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    WebSocketRoute,
    sync_playwright,
)

_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_STREAM = re.compile(r"/api/v1/system/ws")
_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  console.error(`The policy forbids ${blockedURI}: ${violatedDirective}`));
"""
# Without jitter, the pauses between attempts are as short as possible.
_NO_JITTER = "Math.random = () => 0;"
# The contents of the file that the button saves, without a download: in full runs the event of a
# later download was missing at times.
_CSV = """async () => {
  const { createObjectURL } = URL;
  const { click } = HTMLAnchorElement.prototype;
  let saved = null;
  URL.createObjectURL = (blob) => { saved = blob; return "#"; };
  HTMLAnchorElement.prototype.click = () => {};
  try {
    document.querySelector("[data-testid=csv]").click();
  } finally {
    Object.assign(URL, { createObjectURL });
    Object.assign(HTMLAnchorElement.prototype, { click });
  }
  return saved.text();
}"""
_TEXTS = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-testid]")].map((each) => [
    each.dataset.testid, each.textContent.replaceAll(/\\s+/g, " ").trim(),
  ]))"""


def find_chromium() -> str | None:
    """Return Chromium's path: that in CHROMIUM, else from PATH.

    The headless shell is preferred: without a window around each page the tests of the dashboard
    take 40 s of CPU instead of 65 s.
    """
    on_path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    return os.environ.get("CHROMIUM") or on_path


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """Run the Chromium at ``path``.

    While it runs, this thread cannot use asyncio: Playwright's loop runs in it.
    """
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_FLAGS, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One page with the dashboard, in its own browser profile."""

    address: str
    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    """Console errors, policy violations, uncaught errors; requests to other origins."""
    stream_is_down: bool = False
    _streams: list[WebSocketRoute] = field(default_factory=list)

    @classmethod
    def start(cls, browser: Browser, address: str, **options: Any) -> "Visit":
        """Open an empty page; ``go`` loads the dashboard at ``address``."""
        context = browser.new_context(**options)
        context.add_init_script(_REPORT_VIOLATIONS)
        visit = cls(address, context, context.new_page())
        visit.page.on("console", visit._note_error)
        visit.page.on("pageerror", lambda error: visit.problems.append(f"uncaught: {error}"))
        visit.page.on("request", lambda request: visit._check_origin(request.url))
        visit.page.on("websocket", lambda stream: visit._check_origin(stream.url))
        return visit

    def go(self, fragment: str = "") -> Page:
        """Open the dashboard; return once it is rendered."""
        self.page.goto(f"{self.address}/{fragment}")
        self.page.get_by_test_id("badge").wait_for()
        return self.page

    def texts(self) -> dict[str, str]:
        """Return the text of each part of the page by its test id, all at one moment."""
        found: dict[str, str] = self.page.evaluate(_TEXTS)
        return found

    def badge(self) -> str | None:
        """Return the kind of the badge."""
        return self.page.get_by_test_id("badge").get_attribute("data-kind")

    def rows(self) -> list[dict[str, str]]:
        """Return the rows of the CSV that the page saves."""
        text: str = self.page.evaluate(_CSV)
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def control_stream(self) -> None:
        """Let ``cut_stream`` control the WebSocket; call it before ``go``."""
        self.context.add_init_script(_NO_JITTER)
        self.page.route_web_socket(_STREAM, self._open_stream)

    def cut_stream(self) -> None:
        """Close the WebSocket, and each new one at once; HTTP keeps working."""
        self.stream_is_down = True
        while self._streams:
            self._streams.pop().close()

    def restore_stream(self) -> None:
        """Let the page open a WebSocket again."""
        self.stream_is_down = False

    def _open_stream(self, stream: WebSocketRoute) -> None:
        if self.stream_is_down:
            stream.close()
            return
        stream.connect_to_server()
        self._streams.append(stream)

    def _note_error(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _check_origin(self, url: str) -> None:
        address = urlsplit(url)
        if (
            address.scheme not in ("data", "blob")
            and address.netloc != urlsplit(self.address).netloc
        ):
            self.problems.append(f"requested {url}")


def fragment(host: str, **view: str) -> str:
    """Return the fragment of the address that shows ``host`` with the settings in ``view``."""
    return f"#{urlencode({'host': host, **view})}"


OpenVisit = Callable[..., Visit]
