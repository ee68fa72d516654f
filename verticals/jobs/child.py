"""The process of one job: reads what to do from stdin, works it, tells over a pipe what became of it.

A process of its own, so that a crash in native code or for want of memory ends the job and nothing else.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from core import logs
from core.clock import SystemClock
from core.errors import EdgewiseError, RefusedError
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.places import Places
from verticals.runtime.parent import die_with
from verticals.runtime.promptness import be_patient

log = logging.getLogger(__name__)

LONGEST_RESULT_BYTES = 1 << 20

JobFunction = Callable[[JobContext, Json], Json]


def main(argv: list[str]) -> int:
    """`argv`: the pipe's file number and the parent's process id."""
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = int(argv[0])
    die_with(int(argv[1]))
    order = json.load(sys.stdin)
    logs.set_up(order["log_level"])
    if order["patient"]:
        be_patient()

    def tell(message: Json) -> None:
        _write(pipe, json.dumps(dict(message), allow_nan=False).encode() + b"\n")

    context = JobContext(
        app=order["app"],
        job=order["job"],
        who=order["who"],
        places=Places.from_json(order["places"]),
        clock=SystemClock(),
        tell=tell,
        asked_to_stop=lambda: stopped,
    )
    tell(outcome(context, order["target"], order["inputs"]))
    return 0


def outcome(context: JobContext, target: str, inputs: Json) -> dict[str, Any]:
    """`{"result": ...}`, `{"cancelled": true}` or `{"problem": ...}`: what a job came to, in any case something.

    A problem that is an EdgewiseError has its `code`, `message` and `hint` beside it.
    """
    try:
        result = dict(load(target)(context, inputs))
        if len(json.dumps(result, allow_nan=False)) > LONGEST_RESULT_BYTES:
            raise RefusedError("the result of the job is too big for its row", hint="Write a file and name it.")
    except EdgewiseError as error:
        return {"problem": str(error), "code": error.code, "message": error.message, "hint": error.hint}
    except Exception as error:  # the job's own code: whatever it raises belongs to the row, not to this process
        log.error("job %d failed:\n%s", context.job, traceback.format_exc())
        return {"problem": f"{type(error).__name__}: {error}"}
    return {"cancelled": True} if context.saw_cancel else {"result": result}


def load(target: str) -> JobFunction:
    """The function named "module:callable". Raises RefusedError when there is none."""
    module, _, name = target.partition(":")
    try:
        function: JobFunction = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise RefusedError(f"there is no job function {target}: {error}") from error
    return function


def _write(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
