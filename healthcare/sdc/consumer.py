"""Devices that speak SDC (ISO/IEEE 11073-20701) as a device of the line. Device kind `sdc`.

Each metric report becomes a sample of kind `numerics`, each waveform one of kind `wave`, each alert condition that
changes one of kind `monitor-alarm`. A device that is lost, or whose reports stay away, is told once; it is sought again
until it is back.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from types import MappingProxyType

from core.errors import DeviceError, SettingsError
from healthcare.sdc.finding import Finder
from healthcare.sdc.link import DeviceLink
from healthcare.sdc.settings import SdcSettings
from healthcare.sdc.tls import TlsContexts, contexts
from verticals.contract import Action, DeviceNews, DeviceSpec, Sample, Value
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

LOST = "sdc-lost"
_STEERED_EVERY_S = 0.5
_LINK_EVERY_BEATS = 2  # beats come twice a second
_NO_TLS: Mapping[str, TlsContexts] = MappingProxyType({})


class SdcConsumers:
    """Belongs to the line's event loop; the library's threads are below its links. `tls`: by the name of the device."""

    def __init__(self, name: str, settings: SdcSettings, tls: Mapping[str, TlsContexts] = _NO_TLS) -> None:
        self.name = name
        self.links: list[DeviceLink] = []
        self._settings, self._tls = settings, tls
        self._port: Port | None = None
        self._told_lost = ""

    async def run(self, port: Port) -> None:
        """Holds every device until cancelled."""
        self._port = port
        logging.getLogger("sdc").setLevel(logging.CRITICAL)  # what it would say is told as news, once
        finder = Finder(self._settings.interface)
        pool = ThreadPoolExecutor(2 * len(self._settings.devices) + 1, thread_name_prefix=self.name)
        self.links = [
            DeviceLink(
                self.name, device, self._settings, (port, pool, finder, self._tls.get(device.name)), self._tell_lost
            )
            for device in self._settings.devices
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for link in self.links:
                    group.create_task(link.run(), name=f"{self.name} {link.device.name}")
        finally:
            self.links = []
            pool.submit(finder.stop)
            pool.shutdown(wait=False)

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} only listens", hint=f"It has no output '{action.target}'.")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Twice a second: whose reports stay away; every second the desk hears how old the feed is."""
        if self._port is None or not self.links:
            return
        now = self._port.clock.now()
        for link in self.links:
            link.watch(now, _STEERED_EVERY_S)
        if beat % _LINK_EVERY_BEATS == 0:
            oldest = min(self.links, key=lambda link: link.heard.utc_s if link.heard else 0.0)
            counts = {
                link.device.name: {"sessions": link.sessions, "accepted": link.accepted, "dropped": link.dropped}
                for link in self.links
            }
            values: dict[str, Value] = {
                "kind": "link", "feed": self.name, "ok": not self._told_lost,
                "heard_utc_s": oldest.heard.utc_s if oldest.heard else 0.0,
                "age_s": round(now.since(oldest.heard or oldest.started), 1), "counts": json.dumps(counts),
            }  # fmt: skip
            await self._port.emit(Sample(self.name, now, values))

    def _tell_lost(self) -> None:
        assert self._port is not None
        why = "; ".join(f"{link.device.name}: {link.why}" for link in self.links if link.why)[:500]
        if why != self._told_lost:
            self._told_lost = why
            log.log(logging.WARNING if why else logging.INFO, "%s: %s", self.name, why or "every device is connected")
            self._port.news(DeviceNews(self.name, not why, self._port.clock.now(), LOST, why))


def make(spec: DeviceSpec, surroundings: Surroundings) -> SdcConsumers:
    """The devices of a site. Raises SettingsError where SDC is not installed or a certificate cannot be used."""
    settings: SdcSettings = spec.options
    if find_spec("sdc11073") is None:  # not imported here: half a second, for a box that may never meet a device
        raise SettingsError(
            "[healthcare.sdc] needs the package sdc11073", hint="Install it: pip install 'edgewise[sdc]'."
        )
    tls = settings.tls
    if tls is None:
        return SdcConsumers(spec.name, settings)
    data = surroundings.places.data
    return SdcConsumers(
        spec.name, settings, {one.name: contexts(tls, data, one.certificate_name) for one in settings.devices}
    )
