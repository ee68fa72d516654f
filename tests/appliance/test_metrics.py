"""The line's numbers on the screen's `/metrics`, over the real processes of both."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.repository import ROOT
from tests.support.sites import free_port, on_port, write_site

_FITS = 'edge_inference_fits{process="line"} 1.0'
_WAITING = 'edge_record_waiting_entries{app="manufacturing",process="line"}'


@contextmanager
def running(kind: str, config: Path, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    words = [kind, "manufacturing", "--config", str(config), "--data", str(data)]
    process = subprocess.Popen(
        [sys.executable, "-m", "appliance.process", *words], cwd=ROOT, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def within(limit_s: float, true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end_s, f"not true within {limit_s} s"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_screen_shows_what_its_line_counts_and_nothing_of_one_that_stands_still(tmp_path: Path) -> None:
    port = free_port()
    config, data = write_site(tmp_path, on_port(port)), tmp_path / "data"

    def page() -> str:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics").text
        except httpx.HTTPError:
            return ""

    with running("line", config, data) as line, running("web", config, data):
        within(90, lambda: _FITS in page() and _WAITING in page())
        line.send_signal(signal.SIGSTOP)
        within(20, lambda: "edge_inference" not in page())
        text = page()
        assert _WAITING not in text
        assert "edge_web_streams" in text
        line.send_signal(signal.SIGCONT)
        within(20, lambda: _FITS in page() and _WAITING in page())
        line.kill()
        within(20, lambda: _FITS not in page() and _WAITING not in page())
