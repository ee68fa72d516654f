"""Jobs that do one telling thing each; run in a job's own process by the tests of the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from core.errors import InputError
from verticals.contract import Json
from verticals.jobs.context import JobContext


def echo(ctx: JobContext, inputs: Json) -> Json:
    return {"inputs": dict(inputs), "app": ctx.app, "job": ctx.job, "who": ctx.who, "data": str(ctx.places.data)}


def count(ctx: JobContext, inputs: Json) -> Json:
    for number in range(5000):
        ctx.progress(number / 5000, f"{number} of 5000")
    return {}


def policy(ctx: JobContext, inputs: Json) -> Json:
    return {"patient": os.sched_getscheduler(0) == os.SCHED_IDLE}


def refuse(ctx: JobContext, inputs: Json) -> Json:
    raise InputError("the folder holds no picture", hint="Give at least 20.")


def stumble(ctx: JobContext, inputs: Json) -> Json:
    return {"share": 1 / 0}


def babble(ctx: JobContext, inputs: Json) -> Json:
    return {"text": "x" * (2 << 20)}


def misreport(ctx: JobContext, inputs: Json) -> Json:
    return {"file": Path("/")}


def crash(ctx: JobContext, inputs: Json) -> Json:
    """Dies by a signal; says in the folder how often."""
    with (ctx.places.data / "crashes").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def leave(ctx: JobContext, inputs: Json) -> Json:
    os._exit(3)


def obey(ctx: JobContext, inputs: Json) -> Json:
    """Says that it works, then works until it is told to stop."""
    ctx.progress(0.1, f"pid {os.getpid()}")
    told = threading.Event()
    while not ctx.cancelled():
        told.wait(0.005)
    return {"half": "done"}


def ignore(ctx: JobContext, inputs: Json) -> Json:
    """Never looks whether it should stop, and has a process of its own that does not either."""
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ctx.progress(0.1, f"pid {os.getpid()} {helper.pid}")
    helper.wait()
    return {}
