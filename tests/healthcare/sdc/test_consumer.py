"""A device of the line: found, lost and found again, and what its bed shows meanwhile. Real provider, real sockets."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.errors import DeviceError, SettingsError
from healthcare.sdc import consumer as consumer_module
from healthcare.sdc.consumer import SdcConsumers, make
from healthcare.sdc.settings import SdcDeviceSettings, SdcSettings, SdcTlsSettings
from tests.healthcare.sdc.monitors import Monitor
from tests.support.wards import Ward, running_ward
from verticals.contract import Action, DeviceSpec
from verticals.devices.base import Surroundings
from verticals.places import Places

pytest.importorskip("sdc11073")


async def in_thread(deed: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return await asyncio.to_thread(deed, *given, **named)


async def shown(holds: Callable[[], object], within_s: float = 20.0) -> None:
    """By the clock, for a ward's screens take their time to be put together."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - there is no event for everything that a test waits for
            await asyncio.sleep(0.05)


async def report(monitor: Monitor) -> None:
    """A heart rate twice a second, as a monitor would."""
    while True:
        await in_thread(monitor.do, "metric", handle="hr", value=90)
        await asyncio.sleep(0.5)


def value_of(ward: Ward, measure: str) -> object:
    return ward.told().get("numerics", {}).get(measure, {}).get("text")


async def test_a_bed_shows_its_device_tells_within_the_limit_that_it_is_lost_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    epr = f"urn:uuid:{uuid.uuid4()}"
    device = SdcDeviceSettings("m1", "bed-1", epr)  # found by discovery, for it comes back at another port
    settings = SdcSettings([device], interface="127.0.0.1", silent_after=4.0)
    consumer = SdcConsumers("sdc", settings)
    first = await in_thread(Monitor, eprs=[epr])
    second: Monitor | None = None
    try:
        async with running_ward(
            tmp_path, devices=[consumer], clock=SystemClock(), sdc=settings, silent_after=4.0
        ) as ward:
            await shown(lambda: consumer.links and consumer.links[0].connected, 30)
            await in_thread(first.do, "metric", handle="hr", value=72)
            await shown(lambda: value_of(ward, "hr_per_min") == "72")
            await in_thread(first.do, "wave", handle="ecg-ii", samples=[0.5] * 250, start_utc_s=time.time())
            await shown(lambda: "ecg_ii_mv" in str(ward.told().get("waves")))
            await in_thread(first.do, "alarm", handle="spo2-low", present=True, priority="Hi", limits=[90, 100])
            await shown(lambda: any(alarm["source"] == "monitor" for alarm in ward.alarms().values()))
            (alarm,) = [alarm for alarm in ward.alarms().values() if alarm["source"] == "monitor"]
            assert alarm["priority"] == "high"
            first.kill()
            killed_s = time.monotonic()
            await shown(lambda: "feed-lost" in ward.alarms("ward"))
            await shown(lambda: "no-data" in ward.alarms())
            assert time.monotonic() - killed_s < 10.0, "silence is told within ten seconds, however busy the box is"
            assert alarm["id"] in {one["id"] for one in ward.alarms().values()}, "it stays until a person has seen it"
            second = await in_thread(Monitor, eprs=[epr])
            reporting = asyncio.create_task(report(second))
            await shown(lambda: value_of(ward, "hr_per_min") == "90", 40)
            await shown(lambda: "feed-lost" not in ward.alarms("ward"))
            assert consumer.links[0].sessions == 2
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)
    finally:
        first.kill()
        if second is not None:
            second.kill()


@pytest.mark.slow
async def test_a_device_that_is_mute_is_told_before_its_limit_and_the_desk_hears_how_old_it_is(tmp_path: Path) -> None:
    """Subscribed, renewed, and nothing comes: no socket says so."""
    with await in_thread(Monitor) as monitor:
        consumer = SdcConsumers("sdc", SdcSettings([monitor.settings()], silent_after=2.0))
        async with running_ward(tmp_path, devices=[consumer], clock=SystemClock(), sdc=None) as ward:
            await shown(lambda: consumer.links and consumer.links[0].connected, 30)
            began_s = time.monotonic()
            await shown(lambda: "feed-lost" in ward.alarms("ward"))
            assert time.monotonic() - began_s < 2.0 + 1.5
            (feed,) = [feed for feed in ward.told("ward")["feeds"] if feed["name"] == "sdc"]
            assert not feed["ok"]


async def test_it_only_listens() -> None:
    with pytest.raises(DeviceError, match="only listens"):
        await SdcConsumers("sdc", SdcSettings([SdcDeviceSettings("m1", "bed-1", "e")], interface="lo")).act(
            Action("sdc:anything", 1.0, 1.0)
        )


def _surroundings(folder: Path) -> Surroundings:
    return Surroundings("healthcare", Places(folder), SystemClock())


def test_a_site_with_devices_and_without_the_library_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "find_spec", lambda _: None)
    spec = DeviceSpec("sdc", "sdc", "ward", SdcSettings([SdcDeviceSettings("m1", "bed-1", "e")], interface="lo"))
    with pytest.raises(SettingsError, match=r"edgewise\[sdc\]") as refused:
        make(spec, _surroundings(tmp_path))
    assert "sdc11073" in refused.value.message


def test_the_library_is_not_imported_before_a_device_is_sought() -> None:
    """It takes half a second and 26 MB, which a box without such devices must not pay."""
    code = "import sys, healthcare.sdc.consumer; print('sdc11073' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_a_certificate_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    tls = SdcTlsSettings("box.pem", "box.key", "ca.pem")
    spec = DeviceSpec("sdc", "sdc", "ward", SdcSettings([SdcDeviceSettings("m1", "bed-1", "e")], "lo", tls))
    with pytest.raises(SettingsError, match="SDC over TLS"):
        make(spec, _surroundings(tmp_path))


@pytest.mark.samples
@pytest.mark.slow
async def test_every_given_mdib_is_connected_and_read(samples: Path, tmp_path: Path) -> None:
    """Each by a provider of its own; what is no vital sign of ours is left, nothing of it ends a session."""
    given = sorted((samples / "healthcare" / "sdc").glob("*.xml"))
    assert given
    with await in_thread(Monitor, *given) as monitor:
        devices = [monitor.settings(f"m{number}", "bed-1", number) for number in range(len(given))]
        consumer = SdcConsumers("sdc", SdcSettings(devices))
        async with running_ward(tmp_path, devices=[consumer], clock=SystemClock()) as ward:
            await shown(lambda: len(consumer.links) == len(given) and all(one.connected for one in consumer.links), 120)
            await asyncio.sleep(5)
            assert {link.device.name: link.why for link in consumer.links if link.why not in ("", "silent")} == {}
            assert [link.sessions for link in consumer.links] == [1] * len(given)
            assert json.dumps(ward.told("ward")["feeds"])
