"""Teaches in the foreground, where no jobs process runs: for the demo and for `edgewise manufacturing teach`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from core.clock import SystemClock
from core.errors import EdgewiseError, EngineError
from core.inference import governor
from core.settings import environment_for_child
from verticals.contract import Json
from verticals.jobs.context import JobContext
from verticals.places import Places

Tell = Callable[[float, str], None]

APP = "manufacturing"
_STOP_WITHIN_S = 5.0


def teach_now(places: Places, inputs: Json, tell: Tell, *, slot: str = "") -> dict[str, Any]:
    """The teach job's result; its package lies on the shelf now, and answers for `slot` where one is named.

    `tell` hears how far it is, 0..1, and what it is at. Raises EdgewiseError; the shelf is then as it was.
    """
    context = JobContext(APP, 0, "", places, SystemClock(), lambda message: tell(message["share"], message["text"]))
    return teach_for(context, inputs, slot)


def work_apart(places: Places, target: str, inputs: Json, tell: Tell) -> dict[str, Any]:
    """The result of a job function in a process of its own: what it needs of memory goes with it. Main thread only.

    For a process that runs on for months. Raises what the function raises, and EngineError where its process was
    ended from outside.
    """
    with working_apart(places, target, inputs, tell) as result:
        return result()


@contextmanager
def working_apart(places: Places, target: str, inputs: Json, tell: Tell) -> Iterator[Callable[[], dict[str, Any]]]:
    """Begins what `work_apart` waits for; what this gives, called once, waits for it and tells how far it is.
    Main thread only.

    The process is ended when the context is left before that.
    """
    order = {"app": APP, "job": 0, "who": "", "inputs": dict(inputs), "target": target,
             "places": places.as_json(), "log_level": "warning", "patient": False}  # fmt: skip
    with _child(order) as (child, words):
        yield lambda: _result(child, words, tell)


def _result(child: subprocess.Popen[bytes], words: Iterable[bytes], tell: Tell) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for line in words:
        word = json.loads(line) if line.endswith(b"\n") else {}
        if "share" in word:
            tell(word["share"], word["text"])
        else:
            last = word
    code = child.wait()
    if "result" in last:
        result: dict[str, Any] = last["result"]
        return result
    raise _fault(last, code)


def teach_for(context: JobContext, inputs: Json, slot: str) -> dict[str, Any]:
    """What `teach_now` gives, within a job."""
    from manufacturing import teaching
    from verticals.runtime.models import shelf_of

    context.places.make(APP)
    taught = dict(teaching.run(context, inputs))
    if slot:
        shelf_of(context.places).activate(slot, taught["name"], taught["version"])
    return taught


@contextmanager
def _child(order: Json) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """The process of that order and what it tells, line by line; gone when it is left, whatever the way."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as words:
        try:
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", "verticals.jobs.child", str(writing), str(os.getpid())],
                stdin=subprocess.PIPE, pass_fds=(writing,), env=environment_for_child(governor.WORKS.environment),
            )  # fmt: skip
        finally:
            os.close(writing)
        try:
            assert child.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # how it ended says more
                child.stdin.write(json.dumps(order).encode())
                child.stdin.close()
            yield child, words
        finally:
            _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _fault(word: Json, code: int) -> EdgewiseError:
    """The error that ended the process, as it was raised there."""
    kinds = {kind.code: kind for kind in _every_kind(EdgewiseError)}
    if word.get("code") in kinds:
        return kinds[word["code"]](word["message"], hint=word["hint"])
    ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    why = word.get("problem") or f"its process ended with {ended}"
    return EngineError(f"the inspection could not be taught: {why}", hint="Is there memory enough? Start it again.")


def _every_kind(kind: type[EdgewiseError]) -> Iterator[type[EdgewiseError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _every_kind(narrower)
