"""The simulated PLC's own certificate. Imports no OPC UA stack, so that a demo is prepared in a moment."""

from __future__ import annotations

from pathlib import Path

from core.clock import SystemClock
from verticals.devices.opcua_certificates import OwnCertificates


def plc_certificates(folder: Path) -> OwnCertificates:
    """`folder` holds its own and, beside it, whom it trusts. It is reached over loopback."""
    hosts = ("localhost", "127.0.0.1")
    return OwnCertificates(folder / "own", SystemClock(), application="simulated-plc", hosts=hosts)
