"""Which device kinds the frame brings along; an app adds its own in its manifest. Loaded when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from core.errors import SettingsError

#: Kind to "module:factory". A `camera.` factory takes (options as in the site file, clock) and gives a FrameSource.
KINDS: Mapping[str, str] = {
    "camera.folder": "verticals.devices.folder:open_folder",
    "camera.genicam": "verticals.devices.genicam:open_genicam",
    "camera.rtsp": "verticals.devices.rtsp:open_rtsp",
    "camera.usb": "verticals.devices.usb:open_usb",
    "camera.video": "verticals.devices.video:open_video",
    "link.opcua": "verticals.devices.opcua:OpcUaLink",
    "link.modbus": "verticals.devices.modbus:ModbusLink",
}


def place_of(kind: str, more: Mapping[str, str] | None = None) -> str:
    """ "module:factory" of a kind; `more` are the app's own. Raises SettingsError for an unknown kind."""
    kinds = {**KINDS, **(more or {})}
    if kind not in kinds:
        raise SettingsError(f"device kind '{kind}' is not known", hint=f"Known: {', '.join(sorted(kinds))}.")
    return kinds[kind]


def load(place: str) -> Callable[..., Any]:
    """The factory at "module:factory". Raises SettingsError when there is none."""
    module, _, name = place.partition(":")
    try:
        factory = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"device factory '{place}' cannot be loaded: {error}") from error
    if not callable(factory):
        raise SettingsError(f"device factory '{place}' is not callable")
    found: Callable[..., Any] = factory
    return found
