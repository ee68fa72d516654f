"""Against the package's own provider, in a process of its own, over loopback."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from core.errors import DeviceError
from healthcare.sdc.inbox import LOST
from healthcare.sdc.settings import SdcDeviceSettings
from tests.healthcare.sdc.monitors import MDIB, Heard, Monitor, soon

pytest.importorskip("sdc11073")


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    with Monitor(MDIB, MDIB) as running:
        yield running


@pytest.fixture(scope="module")
def heard(monitor: Monitor) -> Iterator[Heard]:
    """One session for the tests that only listen."""
    with Heard() as listening:
        yield listening.open(monitor.settings())


def test_a_metric_arrives_with_its_mdc_code_and_in_the_unit_of_its_measure(monitor: Monitor, heard: Heard) -> None:
    monitor.do("metric", handle="hr", value=72)
    monitor.do("metric", handle="etco2", value=5.0)
    soon(lambda: any(one["value"] == 37.503 for one in heard.readings()))
    by_handle = {one["instance"]: one for one in heard.readings()}
    assert (by_handle["hr"]["measure"], by_handle["hr"]["code"], by_handle["hr"]["value"]) == (
        "hr_per_min", "147842", 72.0
    )  # fmt: skip
    assert (by_handle["etco2"]["code"], by_handle["etco2"]["unit"]) == ("151708", "mmHg")
    assert not {"private", "hr-set"} & set(by_handle), "neither a code of the maker's own nor a setting is a reading"


def test_a_value_that_becomes_invalid_is_told_as_absent(monitor: Monitor, heard: Heard) -> None:
    monitor.do("metric", handle="spo2", value=97)
    monitor.do("metric", handle="spo2", value=97, validity="Inv")
    soon(lambda: any(one["absent"] == "invalid" for one in heard.readings()))
    told = [(one["value"], one["absent"]) for one in heard.readings() if one["instance"] == "spo2" and one["absent"]]
    assert told[-1] == (None, "invalid")


def test_waves_arrive_whole_with_the_device_s_time_and_are_counted(monitor: Monitor, heard: Heard) -> None:
    start_utc_s = time.time()
    for number in range(3):
        monitor.do("wave", handle="ecg-ii", samples=[0.25 * number] * 25, start_utc_s=start_utc_s + 0.1 * number)
    soon(lambda: len(heard.of("wave")) == 3)
    waves = [one.values for one in heard.of("wave")]
    assert [(wave["channel"], wave["rate_hz"], wave["sequence"]) for wave in waves] == [
        ("ecg_ii_mv", 250.0, number) for number in range(3)
    ]
    assert np.concatenate([wave["samples"] for wave in waves]).tolist() == [0.0] * 25 + [0.25] * 25 + [0.5] * 25
    assert waves[2]["start_utc_s"] == pytest.approx(start_utc_s + 0.2, abs=0.01)


def test_an_alarm_of_the_monitor_comes_as_the_monitor_has_it_from_its_beginning_to_its_end(
    monitor: Monitor, heard: Heard
) -> None:
    monitor.do("alarm", handle="spo2-low", present=True, priority="Hi", limits=[90, 100])
    soon(lambda: heard.alarm("196670")["state"] == "active")
    assert (heard.alarm("196670")["priority"], heard.alarm("196670")["limits"]) == ("PH", "90-100")
    monitor.do("signal", handle="spo2-low.aud", presence="Ack")
    soon(lambda: heard.alarm("196670")["inactivation"] == "alert-acknowledged")
    monitor.do("signal", handle="spo2-low.aud", presence="Latch")
    monitor.do("alarm", handle="spo2-low", present=False, priority="Hi")
    soon(lambda: heard.alarm("196670")["state"] == "latched")
    assert heard.alarm("196670")["phase"] == "continue"
    monitor.do("signal", handle="spo2-low.aud", presence="Off", activation="Off")
    soon(lambda: heard.alarm("196670")["phase"] == "end")


def test_an_alarm_that_comes_after_a_report_of_a_newer_version_is_not_dropped(monitor: Monitor, heard: Heard) -> None:
    assert heard.session is not None
    assert heard.session.mdib is not None
    heard.session.mdib.mdib_version += 1000  # as a wave that overtook it would leave it
    monitor.do("alarm", handle="lead-off", present=True)
    soon(lambda: heard.alarm("196680")["state"] == "active")
    assert (heard.alarm("196680")["type"], heard.alarm("196680")["priority"]) == ("ST", "PL")


def test_what_stands_is_told_at_once_to_who_connects_later(monitor: Monitor) -> None:
    monitor.do("metric", handle="hr", value=81)
    monitor.do("alarm", handle="lead-off", present=True)
    with Heard() as later:
        later.alarms["m1:gone"] = {"id": "m1:gone", "code": "1", "phase": "continue", "state": "active"}
        later.open(monitor.settings())
        assert {one["instance"]: one["value"] for one in later.readings()}["hr"] == 81.0
        assert later.alarm("196680")["state"] == "active"
        assert later.alarm("1")["phase"] == "end", "an alarm that ended while nobody listened has ended"


def test_another_device_at_the_address_is_refused_before_anything_of_it_is_told(monitor: Monitor) -> None:
    with Heard() as other, pytest.raises(DeviceError, match=f"is {monitor.eprs[0]}, not m1"):
        other.open(SdcDeviceSettings("m1", "bed-1", f"urn:uuid:{uuid.uuid4()}", address=monitor.addresses[0]))
    assert other.told == []


@pytest.mark.parametrize(
    ("element", "attribute", "value"),
    [("Metric", "Handle", None), ("Metric", "MetricCategory", "Guess"), ("State", "DescriptorHandle", None)],
)
def test_a_description_against_the_schema_is_refused_and_says_where(
    wrong: Monitor, element: str, attribute: str, value: str | None
) -> None:
    wrong.do("describe_wrongly", device=1, element=element, attribute=attribute, value=value)
    with Heard() as hearing, pytest.raises(DeviceError) as refused:
        hearing.open(wrong.settings(device=1))
    assert "against the schema" in refused.value.message
    assert f"'{attribute}'" in refused.value.message
    assert "Guess" not in refused.value.message
    assert hearing.told == []


@pytest.fixture
def wrong(monitor: Monitor) -> Iterator[Monitor]:
    """The second device."""
    yield monitor
    monitor.do("describe_rightly", device=1)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b""), (200, b"\x00\xff not XML"), (200, b"<a/>"), (404, b""), (500, b"<html>no</html>")],
)
def test_what_is_no_sdc_device_is_told_with_its_address(status: int, body: bytes) -> None:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/soap+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/device"
        with Heard() as hearing, pytest.raises(DeviceError, match=r"m1 at http://127\.0\.0\.1:\d+/device: ."):
            hearing.open(SdcDeviceSettings("m1", "bed-1", "urn:uuid:1", address=address))
        server.shutdown()


def test_a_device_that_goes_ends_the_session_and_no_thread_is_left(monitor: Monitor) -> None:
    """The last of this file: its device is gone afterwards."""
    before = set(threading.enumerate())
    with Heard() as left:
        left.open(monitor.settings())
        monitor.kill()
        soon(lambda: left.of(LOST))
    assert left.of(LOST)[0].why == "a subscription has ended"
    with Heard() as again, pytest.raises(DeviceError, match="m1 at http"):
        again.open(monitor.settings())
    soon(lambda: not set(threading.enumerate()) - before)
