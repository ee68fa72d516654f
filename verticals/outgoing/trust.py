"""Whom to trust at the other end of TLS."""

from __future__ import annotations

import ssl
from pathlib import Path

from core.errors import SettingsError


def trusting(ca_file: str, data: Path, setting: str) -> ssl.SSLContext:
    """TLS that checks the other side: by the authorities of `ca_file`, else by the system's. Raises SettingsError."""
    try:
        return ssl.create_default_context(cafile=str(data / ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{setting}: ca_file {ca_file!r} cannot be used: {error}", hint="One PEM file.") from error
