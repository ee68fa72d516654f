"""The camera side of GenICam for tests: real GenApi nodes over a memory of registers; its buffers are a test's own.

There is no GenTL producer to be had as a package, so what stands between the nodes and the wire is left out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any

import numpy as np
from genicam import genapi, gentl
from numpy.typing import NDArray

_ENUMERATIONS = {
    "PixelFormat": (0x10, ("Mono8", "BayerRG8", "RGB8")),
    "AcquisitionMode": (0x14, ("Continuous", "SingleFrame")),
    "TriggerSelector": (0x18, ("FrameStart", "LineStart")),
    "TriggerMode": (0x1C, ("Off", "On")),
    "TriggerSource": (0x20, ("Software", "Line1")),
    "ExposureAuto": (0x24, ("Off", "Continuous")),
}
_FIRED_AT, _EXPOSURE_AT, _GAIN_AT = 0x40, 0x50, 0x58
_PLACE = "<Address>{at:#x}</Address><Length>{size}</Length><AccessMode>RW</AccessMode><pPort>Device</pPort>"


def _enumeration(name: str, at: int, entries: tuple[str, ...]) -> str:
    values = "".join(f'<EnumEntry Name="{one}"><Value>{n}</Value></EnumEntry>' for n, one in enumerate(entries))
    return (
        f'<Enumeration Name="{name}">{values}<pValue>{name}Reg</pValue></Enumeration>'
        f'<IntReg Name="{name}Reg">{_PLACE.format(at=at, size=4)}<Sign>Unsigned</Sign>'
        "<Endianess>LittleEndian</Endianess></IntReg>"
    )


def _float(name: str, at: int, least: float, most: float) -> str:
    return (
        f'<Float Name="{name}"><pValue>{name}Reg</pValue><Min>{least}</Min><Max>{most}</Max></Float>'
        f'<FloatReg Name="{name}Reg">{_PLACE.format(at=at, size=8)}<Endianess>LittleEndian</Endianess></FloatReg>'
    )


def description() -> str:
    nodes = [_enumeration(name, at, entries) for name, (at, entries) in _ENUMERATIONS.items()]
    nodes += [_float("ExposureTime", _EXPOSURE_AT, 20, 100_000), _float("Gain", _GAIN_AT, 0, 24)]
    nodes.append('<Command Name="TriggerSoftware"><pValue>Fired</pValue><CommandValue>1</CommandValue></Command>')
    nodes.append(
        f'<IntReg Name="Fired">{_PLACE.format(at=_FIRED_AT, size=4)}<Sign>Unsigned</Sign>'
        "<Endianess>LittleEndian</Endianess></IntReg>"
    )
    return (
        '<RegisterDescription ModelName="Test" VendorName="Test" StandardNameSpace="None" SchemaMajorVersion="1" '
        'SchemaMinorVersion="0" SchemaSubMinorVersion="1" MajorVersion="1" MinorVersion="0" SubMinorVersion="0" '
        'ProductGuid="0" VersionGuid="0" xmlns="http://www.genicam.org/GenApi/Version_1_0">'
        f'<Category Name="Root"/>{"".join(nodes)}<Port Name="Device"/></RegisterDescription>'
    )


class Registers(genapi.AbstractPort):  # type: ignore[misc, name-defined, unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.memory = bytearray(256)
        struct.pack_into("<d", self.memory, _EXPOSURE_AT, 5000.0)
        self.gone = False
        self.fired = 0

    def read(self, address: int, length: int) -> bytes:
        if self.gone:
            raise gentl.IoException("the camera does not answer")
        return bytes(self.memory[address : address + length])

    def write(self, address: int, value: bytes) -> None:
        self.memory[address : address + len(value)] = value
        self.fired += address == _FIRED_AT

    def is_open(self) -> bool:
        return True

    def get_access_mode(self) -> int:
        return int(genapi.EAccessMode.RW)


@dataclass
class Buffer:
    timestamp: int
    payload: Any
    timestamp_frequency: int = 1_000_000_000
    given_back: int = 0

    def queue(self) -> None:
        self.given_back += 1


def buffer_of(data: NDArray[Any], pixel_format: str, height: int, width: int, stamp_s: float = 1.0) -> Buffer:
    part = SimpleNamespace(data=data, data_format=pixel_format, height=height, width=width)
    return Buffer(round(stamp_s * 1e9), SimpleNamespace(components=[part]))


@dataclass
class Acquirer:
    """In harvesters' ImageAcquirer's place. `buffers` holds what comes, None for an incomplete one."""

    folder: Path
    buffers: SimpleQueue[Buffer | None] = field(default_factory=SimpleQueue)
    timeout_period_on_update_event_data_call: int = 1
    did: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        xml = self.folder / "camera.xml"
        xml.write_text(description())
        nodes = genapi.NodeMap()
        nodes.load_xml_from_file(str(xml))
        self.registers = Registers()
        nodes.connect(self.registers, "Device")
        self.remote_device = SimpleNamespace(node_map=nodes)

    def value(self, name: str) -> Any:
        return getattr(self.remote_device.node_map, name).value

    def start(self) -> None:
        self.did.append("start")

    def stop(self) -> None:
        self.did.append("stop")

    def destroy(self) -> None:
        self.did.append("destroy")

    def try_fetch(self, timeout: float) -> Buffer | None:
        try:
            return self.buffers.get(timeout=timeout)
        except Empty:
            return None


def grey(level: int, height: int = 4, width: int = 6) -> NDArray[np.uint8]:
    return np.full(height * width, level, np.uint8)
