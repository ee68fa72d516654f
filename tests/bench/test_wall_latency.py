"""Twenty-four beds on the wall: from a sample's time to the screen, and how evenly the sweep moves."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.support.browsers import opened_browser
from tests.support.ward_json import bed, ward
from tests.support.ward_screens import WardRig, ecg_mv, pleth

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.bench, pytest.mark.browser]

BEDS, RATE_HZ, CHUNK_S, RUN_S = 24, 250.0, 0.5, 20.0
LATE_P99_MS = 500.0
_FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const step = (at) => { window.frames_ms.push(at - last); last = at; requestAnimationFrame(step); };
  requestAnimationFrame(step);
}"""


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def feed(station: WardRig, ended: threading.Event) -> None:
    """Two waves of every bed, each bed's chunks at their own moment of the half second."""
    count = int(RATE_HZ * CHUNK_S)
    begun = round(station.clock.now().utc_s * RATE_HZ) / RATE_HZ
    sent = dict.fromkeys(range(BEDS), 0)
    while not ended.wait(0.01):
        now = station.clock.now().utc_s
        for number, chunks in sent.items():
            start = begun + chunks * CHUNK_S + number * CHUNK_S / BEDS
            if now < start + CHUNK_S:
                continue
            sent[number] += 1
            phases = [(start - begun + step / RATE_HZ) % 1 for step in range(count)]
            station.wave(f"bed-{number + 1}", "ecg_ii_mv", start, [ecg_mv(phase) for phase in phases], RATE_HZ)
            station.wave(f"bed-{number + 1}", "pleth", start, [pleth(phase) for phase in phases], RATE_HZ)


def browser_cpu_s() -> float:
    """CPU seconds of every process of the browser so far."""
    found = [child for child in psutil.Process().children(recursive=True) if "chrom" in child.name()]
    return float(sum(child.cpu_times().user + child.cpu_times().system for child in found))


def measured(browser: Browser, station: WardRig) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto(f"{station.url}/?measure")
    page.wait_for_timeout(3000)
    page.evaluate("performance.clearMeasures('ew-wave')")
    page.evaluate(_FRAMES)
    before = browser_cpu_s()
    page.wait_for_timeout(1000 * RUN_S)
    cores = (browser_cpu_s() - before) / RUN_S
    script = "performance.getEntriesByName('ew-wave').map((one) => one.detail.late_ms)"
    return {"late_ms": page.evaluate(script), "frames_ms": page.evaluate("window.frames_ms"), "browser_cores": cores}


def test_a_sample_is_on_screen_in_time_for_twenty_four_beds(
    tmp_path: Path, chromium: str, record_property: Any
) -> None:
    with WardRig(tmp_path, beds=BEDS) as station:
        station.run_line({one.name: bed() for one in station.ward.beds}, ward())
        ended = threading.Event()
        feeding = threading.Thread(target=feed, args=(station, ended))
        feeding.start()
        try:
            with opened_browser(chromium) as browser:
                found = measured(browser, station)
        finally:
            ended.set()
            feeding.join()
    late, frames = found["late_ms"], found["frames_ms"]
    figures = {
        "chunks": len(late),
        "late_ms_p50": share(late, 0.5),
        "late_ms_p99": share(late, 0.99),
        "late_ms_max": max(late),
        "browser_cores": found["browser_cores"],
        "frames": len(frames),
        "frame_ms_p50": share(frames, 0.5),
        "frame_ms_p99": share(frames, 0.99),
    }
    record_property("figures", figures)
    print({name: round(value, 1) for name, value in figures.items()})
    assert len(late) >= BEDS * (RUN_S - 3) / CHUNK_S
    assert figures["late_ms_p99"] <= LATE_P99_MS
