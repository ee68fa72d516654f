"""A camera over RTSP: GStreamer's server from Debian, in a process of its own under the system's Python.

Imported, it starts and stops that process; run as a program, it is the server. A picture is one colour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
_WANTED = 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer'
_RED = 0xFFC81E1E  # ARGB: red 200, green and blue 30


@cache
def missing() -> str:
    """Why there can be no server here; empty when there can."""
    if not Path(SYSTEM_PYTHON).exists():
        return f"there is no {SYSTEM_PYTHON}"
    found = subprocess.run([SYSTEM_PYTHON, "-c", _WANTED], capture_output=True, check=False)
    return "" if found.returncode == 0 else "gir1.2-gst-rtsp-server-1.0 and python3-gi are not installed"


class RtspServer:
    """Sends 320 x 240 pixels of one red, 20 frames a second, as MJPEG at `url`; `login` is user:password."""

    def __init__(self, port: int, login: str = "") -> None:
        self.url = f"rtsp://127.0.0.1:{port}/top"
        self._words = [SYSTEM_PYTHON, __file__, str(port), login]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stand_still(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


def _serve(port: str, login: str) -> None:
    import gi  # type: ignore[import-not-found]

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # type: ignore[import-not-found]

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        f"( videotestsrc is-live=true pattern=solid-color foreground-color={_RED} "
        "! video/x-raw,format=I420,width=320,height=240,framerate=20/1 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )"
    )
    factory.set_shared(True)
    if login:
        _lock(server, factory, login, GstRtspServer)
    server.get_mount_points().add_factory("/top", factory)
    server.attach(None)
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


def _lock(server: object, factory: object, login: str, rtsp: object) -> None:
    """Lets in `login` alone."""
    token = rtsp.RTSPToken()  # type: ignore[attr-defined]
    token.set_string("media.factory.role", "viewer")
    auth = rtsp.RTSPAuth()  # type: ignore[attr-defined]
    auth.add_basic(rtsp.RTSPAuth.make_basic(*login.split(":")), token)  # type: ignore[attr-defined]
    server.set_auth(auth)  # type: ignore[attr-defined]
    rights = rtsp.RTSPPermissions()  # type: ignore[attr-defined]
    for right in ("access", "construct"):
        rights.add_permission_for_role("viewer", f"media.factory.{right}", True)
    factory.set_permissions(rights)  # type: ignore[attr-defined]


if __name__ == "__main__":
    _serve(*sys.argv[1:3])
