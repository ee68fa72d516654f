"""What other processes count, on the screen's `/metrics`: there while it lives, absent once it is old."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.metrics import Metrics
from tests.support.clocks import FakeClock
from tests.support.screens import ScreenRig, eventually
from ui.told import OLD_AFTER_S
from verticals.runtime.roster import Roster, Standing, write_roster


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def rig(tmp_path: Path, clock: FakeClock) -> Iterator[ScreenRig]:
    with ScreenRig(tmp_path, clock=clock) as running:
        yield running


def page(rig: ScreenRig) -> str:
    text = rig.client().get("/metrics").text
    names = [family.name for family in text_string_to_metric_families(text)]
    assert len(names) == len(set(names)), "each name once"
    return text


def counted() -> bytes:
    metrics = Metrics()
    counts = metrics.model("flange", "1.2", ["answered"])
    counts.outcomes["answered"] += 2
    counts.ran.add(0.004)
    return metrics.text()


ANSWERED = 'edge_inference_requests_total{code="answered",model="flange",process="line",version="1.2"} 2.0'
IN_TIME = 'edge_inference_duration_seconds_bucket{le="0.005",model="flange",process="line",version="1.2"} 1.0'


def test_what_the_line_tells_is_shown_as_the_lines_and_is_absent_once_it_is_old(
    rig: ScreenRig, clock: FakeClock
) -> None:
    rig.start_line()
    rig.publish("metrics", {"process": "line"}, counted())
    eventually(lambda: ANSWERED in page(rig))
    assert IN_TIME in page(rig)
    clock.advance(OLD_AFTER_S)
    assert ANSWERED in page(rig)
    clock.advance(0.1)
    assert "edge_inference" not in page(rig)


def test_a_line_that_is_gone_leaves_no_numbers(rig: ScreenRig) -> None:
    rig.start_line()
    rig.publish("metrics", {"process": "line"}, counted())
    rig.publish("beat", {"at": 0, "sequence": 0, "stations": {}, "depth": 3})
    eventually(lambda: ANSWERED in page(rig) and "edge_record_waiting_entries" in page(rig))
    rig.in_loop(rig.line.stop())
    eventually(lambda: "edge_inference" not in page(rig))
    assert "edge_record" not in page(rig)


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"edge_x{ 1", b"edge_x one\n"])
def test_a_page_that_cannot_be_read_takes_nothing_else_along(rig: ScreenRig, payload: bytes) -> None:
    rig.start_line()
    rig.publish("metrics", {"process": "line"}, payload)
    rig.publish("beat", {"at": 0, "sequence": 0, "stations": {}, "depth": 3})
    eventually(lambda: 'edge_record_waiting_entries{app="trial",process="line"} 3.0' in page(rig))
    assert "edge_x" not in page(rig)
    assert "edge_web_streams" in page(rig)


def test_the_beat_says_how_record_stations_and_devices_are(rig: ScreenRig, clock: FakeClock) -> None:
    rig.start_line()
    station = {"counts": {"samples": 12, "late": 1}, "depth": 2, "level": "good"}
    devices = {"line-3-cell": {"ok": True}, "line-3-camera": {"ok": False}}
    said = {"lost": 4, "unrouted": 5, "devices": devices, "stations": {"line-3": station}}
    rig.publish("beat", {"at": 0, "sequence": 0, **said})
    eventually(lambda: "edge_device_up" in page(rig))
    text = page(rig)
    for line in (
        'edge_record_lost_entries_total{app="trial",process="line"} 4.0',
        'edge_station_total{app="trial",process="line",station="line-3",what="late"} 1.0',
        'edge_station_waiting_samples{app="trial",process="line",station="line-3"} 2.0',
        'edge_device_up{app="trial",device="line-3-camera",process="line"} 0.0',
    ):
        assert line in text
    clock.advance(2)
    assert "edge_device_up" not in page(rig)


def test_every_process_of_the_box_is_there_while_a_supervisor_lives(rig: ScreenRig) -> None:
    assert "edge_process_running{" not in page(rig)
    standings = (
        Standing("manufacturing:camera:line-3-camera", "waiting", 1.0, restarts=7),
        Standing("jobs", "running", 1.0, pid=9),
    )
    file = rig.places.processes_file
    write_roster(file, Roster(1.0, os.getpid(), {one.name: one for one in standings}))
    text = page(rig)
    assert 'edge_process_running{process="manufacturing:camera:line-3-camera"} 0.0' in text
    assert 'edge_process_restarts_total{process="manufacturing:camera:line-3-camera"} 7.0' in text
    assert 'edge_process_running{process="jobs"} 1.0' in text
    write_roster(file, Roster(1.0, 2**22 + 1, {}))
    assert "edge_process_running{" not in page(rig)
