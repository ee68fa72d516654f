"""What a person sees when the line or the web server is gone, and that the page comes back by itself."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Screen
from tests.support.cells import LINE, WEB, Cell

pytestmark = pytest.mark.browser

JUDGED = re.compile(r"^(OK|NG)$")
#: A killed line takes the picture of its last part along, if that was not on the disk yet.
LOST_PICTURE = "Failed to load resource: the server responded with a status of 404"
#: Notes by the wall clock, which page and test share, when the tile first says so.
NOTE_NOT_LIVE = """() => {
  window.notLiveAt = 0;
  const tile = document.querySelector('.verdict');
  const look = () => {
    const notLive = tile.querySelector('.verdict__word').textContent === 'NOT LIVE';
    if (notLive && !window.notLiveAt) window.notLiveAt = Date.now() / 1000;
  };
  new MutationObserver(look).observe(tile, { childList: true, subtree: true, characterData: true });
}"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_line_that_is_gone_or_hangs_is_not_live_within_two_seconds(
    screen: Screen, cell: Cell, how: signal.Signals
) -> None:
    screen.expected.append(LOST_PICTURE)
    screen.page.evaluate(NOTE_NOT_LIVE)
    expect(screen.word).to_have_text(JUDGED)
    line = cell.pid(LINE)
    gone_at = time.time()
    os.kill(line, how)
    expect(screen.word).to_have_text("NOT LIVE", timeout=5000)
    assert screen.page.evaluate("window.notLiveAt") - gone_at <= 2.0
    expect(screen.word).to_have_text(JUDGED, timeout=20_000)
    expect(screen.page.locator("body")).to_have_attribute("data-line", "live")


def test_a_dead_web_server_covers_the_page_which_returns_by_itself(screen: Screen, cell: Cell) -> None:
    screen.expected += ["WebSocket connection to", "Failed to load resource: net::", LOST_PICTURE]
    cover = screen.page.locator(".frozen")
    expect(cover).to_be_hidden()
    web = cell.pid(WEB)
    os.kill(web, signal.SIGSTOP)
    expect(cover).to_be_visible(timeout=4500)
    expect(cover).to_contain_text("SCREEN NOT UPDATING")
    os.kill(web, signal.SIGKILL)
    expect(cover).to_be_hidden(timeout=30_000)
    newest = screen.result(12)
    expect(newest).not_to_have_text(newest.inner_text())
    expect(screen.word).to_have_text(JUDGED)
