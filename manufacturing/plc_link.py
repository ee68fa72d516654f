"""The link of a cell to its PLC, as the line's settings say: OPC UA, or Modbus TCP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manufacturing.cell_ends import PlcLink
from manufacturing.plc_modbus import ModbusPlc
from manufacturing.plc_security import certificate_teller, plc_security, teller
from manufacturing.plc_tags import nodes, watched
from manufacturing.settings import LineSettings
from verticals.devices.base import Surroundings

if TYPE_CHECKING:
    from manufacturing.cell import PlcCell


def plc_link(cell: PlcCell, line: LineSettings, surroundings: Surroundings) -> PlcLink:
    """Calls back into `cell`, which belongs to the same event loop."""
    if line.plc.over_modbus:
        return _modbus(cell, line)
    from verticals.devices.opcua import OpcUaLink

    security = plc_security(line.plc, surroundings.places, surroundings.clock)
    link = OpcUaLink(
        line.plc.url,
        nodes=nodes(line.plc, {}),
        watch=watched(line.plc),
        mode=line.plc.mode,
        publishing_interval_s=line.plc.publishing_interval,
        on_change=lambda name, value, _at: cell.plc_change(name, value),
        on_state=teller(cell, lambda: link, secured=security is not None),
        security=security,
        on_notices=certificate_teller(cell),
    )
    return link


def _modbus(cell: PlcCell, line: LineSettings) -> ModbusPlc:
    link = ModbusPlc(
        line.plc.url,
        nodes=nodes(line.plc, {}),
        watch=watched(line.plc),
        poll_every_s=line.plc.publishing_interval,
        on_change=cell.plc_change,
        on_state=teller(cell, lambda: link, secured=False),
    )
    return link
