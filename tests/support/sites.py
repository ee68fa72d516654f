"""A site's settings file for tests: one line, its parts written by name, whatever is wrong with it put in."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

SITE = """\
[site]
name = "Plant"

[screens.manufacturing]
port = 18101

[manufacturing]
time_zone = "UTC"

[[manufacturing.lines]]
name = "line-3"
title = "Line 3"
recipe = "flange"
plc.url = "opc.tcp://127.0.0.1:4840/"
camera.kind = "camera.folder"
camera.options.folder = "pictures that are not there"
"""


def write_site(folder: Path, *changes: tuple[str, str], more: Sequence[str] = ()) -> Path:
    """`edgewise.toml` in `folder`, with each old text replaced by its new one and the lines `more` at the end."""
    text = SITE
    for old, new in changes:
        assert old in text, f"the site file has no {old!r}"
        text = text.replace(old, new)
    path = folder / "edgewise.toml"
    path.write_text("\n".join([text, *more]), "utf-8")
    return path


def on_port(port: int) -> tuple[str, str]:
    """The change that lets its screen listen there."""
    return ("port = 18101", f"port = {port}")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
