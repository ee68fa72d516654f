"""The rendered demo as real processes, and its kiosk in Chromium; started once for all tests here."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browsers import opened_browser
from tests.support.cells import Cell
from verticals.contract import Json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request

ENGINEER, PIN = "Engineer 3", "482915"
#: What is not in line with the content policy says so in the console, and so does everything that was blocked.
_WATCH_POLICY = (
    "document.addEventListener('securitypolicyviolation', (event) => "
    "console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"
)


@dataclass
class Screen:
    """One open kiosk. `complaints` are what its browser had against the page, with the address they are about;
    `expected` the beginnings of those that a test provokes.
    """

    page: Page
    url: str
    complaints: list[tuple[str, str]] = field(default_factory=list)
    got: set[str] = field(default_factory=set)
    elsewhere: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """To everything the browser says, before the page is opened."""
        self.page.on("pageerror", lambda error: self.complaints.append((f"error: {error}", "")))
        self.page.on("console", self._note_said)
        self.page.on("request", self._note_asked)
        self.page.on("response", lambda answer: self.got.add(answer.url) if answer.ok else None)

    def _note_said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append((said.text, said.location.get("url", "")))

    def _note_asked(self, asked: Request) -> None:
        own = (self.url, self.url.replace("http:", "ws:"), "data:", "blob:")
        if not asked.url.startswith(own):
            self.elsewhere.append(asked.url)

    def unexpected(self) -> list[tuple[str, str]]:
        """A picture that was asked for again and then came is none: it may be on the disk a moment after its part."""
        return [
            (text, address)
            for text, address in self.complaints
            if not text.startswith(tuple(self.expected) or "\0")
            and not ("/evidence/" in address and address in self.got)
        ]

    def expect_live(self) -> None:
        """Waits until the page's scripts have heard how the line stands."""
        from playwright.sync_api import expect

        expect(self.one("plc")).to_have_text(re.compile(r"^\d+ s$"), timeout=20_000)

    def reset_late_results(self) -> None:
        """While the machine was busy elsewhere parts may have been late, which is said until a person resets it."""
        from playwright.sync_api import expect

        late = self.one("banner-word").filter(has_text="RESULTS TOO LATE")
        if late.count() and late.is_visible():
            self.page.locator('[data-order="reset"]').click()
            expect(late).to_be_hidden()

    def one(self, name: str) -> Locator:
        return self.page.locator(f'[data-field="{name}"]')

    @property
    def word(self) -> Locator:
        """What the verdict tile says."""
        return self.page.locator(".verdict__word")

    def result(self, number: int) -> Locator:
        """One of the last twelve, 1 being the oldest."""
        return self.page.locator(f".results li:nth-child({number}) button")

    def ask(self, path: str, values: Json) -> dict[str, Any]:
        """The answer to an order that carries the page's own token: `status` and what it says."""
        script = """async ([path, values]) => {
          const token = document.querySelector('meta[name="csrf"]').content;
          const headers = { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': token };
          const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(values) });
          return { status: answer.status, ...(await answer.json().catch(() => ({}))) };
        }"""
        answer: dict[str, Any] = self.page.evaluate(script, [path, dict(values)])
        return answer


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[object]:
    with opened_browser(chromium) as running:
        yield running


@pytest.fixture(scope="package")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    """Parts are coming, and one engineer has an account."""
    with Cell(tmp_path_factory.mktemp("demo")) as running:
        running.wait_for_parts(3, within_s=90)
        words = ["user", "add", ENGINEER, "--role", "manufacturing:engineer", "--pin-stdin"]
        subprocess.run(
            [sys.executable, "-m", "appliance.cli", *words, "--data", str(running.places.data)],
            input=PIN, text=True, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        yield running


@pytest.fixture
def screen(browser: Browser, cell: Cell) -> Iterator[Screen]:
    """The run page, live, as large as it hangs; at the end its browser has had nothing against it."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    opened = Screen(context.new_page(), cell.url)
    opened.page.set_default_timeout(20_000)
    opened.page.add_init_script(_WATCH_POLICY)
    opened.listen()
    opened.page.goto(cell.url)
    opened.expect_live()
    opened.reset_late_results()
    yield opened
    context.close()
    assert opened.unexpected() == []
    assert opened.elsewhere == [], "the page asks nobody but the box"
