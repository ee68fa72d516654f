"""A process for the supervisor's tests: `python -m tests.support.child WHAT`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from appliance.notify import beater


def main(what: str) -> None:
    beat = beater()
    if what == "crash":
        sys.exit(3)
    if what == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if what == "family":
        subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    if what == "hang":
        beat()
        signal.pause()
    if what == "nice":
        sys.exit(os.nice(0))
    if what == "environment":
        sys.exit(7 if "NOTIFY_SOCKET" in os.environ or os.environ["COLOUR"] != "green" else 8)
    beat()
    while not threading.Event().wait(0.02 if what == "beating" else None):
        beat()


if __name__ == "__main__":
    main(sys.argv[1])
