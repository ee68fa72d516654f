"""Where a device is: WS-Discovery of its endpoint reference on one network interface. Blocking, for a thread.

What answers a probe is believed in nothing but its address: who is there, the session finds out.
"""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING

from core.errors import DeviceError
from healthcare.sdc.settings import bare_epr

if TYPE_CHECKING:
    from sdc11073.wsdiscovery import WSDiscovery

_PROBE_S = 1.0
_PROBES = 3


class Finder:
    """On one interface, by name or address. Several threads may ask."""

    def __init__(self, interface: str) -> None:
        self._interface = interface
        self._lock = threading.Lock()
        self._discovery: WSDiscovery | None = None

    def find(self, epr: str, scheme: str) -> str:
        """The address of the device. Raises DeviceError for none within some seconds, or where nobody can search."""
        from sdc11073.definitions_sdc import SdcV1Definitions

        with self._lock:
            discovery = self._started()
            discovery.clear_remote_services()  # where it was is not where it is
            for _ in range(_PROBES):
                types = SdcV1Definitions.MedicalDeviceTypesFilter
                found = discovery.search_services(types, timeout=_PROBE_S, repeat_probe_interval=1)
                for service in found:
                    if bare_epr(service.epr) == bare_epr(epr):
                        addresses = [one for one in service.x_addrs or () if one.startswith(f"{scheme}://")]
                        if addresses:
                            return str(addresses[0])
            raise DeviceError(
                f"no device {epr} answers on {self._interface}",
                hint=f"Is it on this network, and does it offer {scheme}?",
            )

    def _started(self) -> WSDiscovery:
        from sdc11073.wsdiscovery import WSDiscovery

        if self._discovery is None:
            try:
                discovery = WSDiscovery(address_of(self._interface))
                discovery.start()
            except (OSError, RuntimeError) as error:
                raise DeviceError(f"no devices can be searched on {self._interface}: {error}") from error
            self._discovery = discovery
        return self._discovery

    def stop(self) -> None:
        with self._lock:
            discovery, self._discovery = self._discovery, None
            if discovery is not None:
                discovery.stop()


def address_of(interface: str) -> str:
    """IPv4 address of an interface by its name; an address is itself. Raises DeviceError."""
    from sdc11073.network import get_adapters

    try:
        return str(ipaddress.ip_address(interface))
    except ValueError:
        names = {adapter.name: str(adapter.ip) for adapter in get_adapters()}
    if interface not in names:
        raise DeviceError(f"there is no network interface '{interface}'", hint=f"There are {', '.join(sorted(names))}.")
    return names[interface]
