"""Tells who watches that things are well: the supervisor tells systemd, each process tells the supervisor."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from core.settings import environment
from verticals.runtime.bell import ring

#: What systemd gives the supervisor and the processes under it must not have.
SYSTEMD_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
SUPERVISOR_VARIABLE = "EDGEWISE_SUPERVISOR"
PROCESS_VARIABLE = "EDGEWISE_PROCESS"


def sd_notify(message: str) -> bool:
    """Whether systemd was told, as sd_notify(3) does; False where nothing listens. An `@` names an abstract socket."""
    address = environment("NOTIFY_SOCKET", "") or ""
    if address[:1] not in ("/", "@"):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        try:
            sender.sendto(message.encode(), "\0" + address[1:] if address[0] == "@" else address)
        except OSError:  # systemd's watchdog is what tells that it hears nothing
            return False
    return True


def watchdog_every_s() -> float | None:
    """How often WATCHDOG=1 is due, half of what the unit allows; None when it asks for none."""
    allowed_us, pid = environment("WATCHDOG_USEC", "") or "", environment("WATCHDOG_PID", "") or ""
    if not allowed_us.isdigit() or int(allowed_us) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(allowed_us) / 1e6 / 2


def beater() -> Callable[[], None]:
    """What a process calls each time its work loop moved; does nothing where no supervisor started it."""
    path, name = environment(SUPERVISOR_VARIABLE), environment(PROCESS_VARIABLE)
    if not path or not name:
        return lambda: None
    message = f"beat {name}".encode()

    def beat() -> None:
        ring(Path(path), message)

    return beat
