"""How well the slots of a bay are judged on a recording, held against what a person saw in its frames."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.clock import Instant
from core.errors import InputError
from retail.evaluation import Tell, nothing_told
from retail.shelf.plan import Plan, read_plan
from retail.shelf.slot_state import SlotStanding, SlotState
from retail.shelf.slot_truth import Window, read_truth
from retail.shelf.watch import BayWatch

_GOODS = {SlotState.FULL: True, SlotState.LOW: True, SlotState.EMPTY: False}
_USUAL_FPS = 25.0

Picture = NDArray[np.uint8]


def evaluate_video(video: Path, planogram: Path, truth: Path, tell: Tell = nothing_told) -> dict[str, Any]:
    """The figures by the keys of `edgewise retail evaluate --video --planogram --truth --json`; shares are 0..1.

    The first frame is the reference still: it must show the bay with nobody before it, stocked as the plan says.
    A slot counts as right in a frame when what is said of it (held, while its view is blocked) has goods where the
    truth has. Raises InputError for a file that cannot be used.
    """
    plan, windows = read_plan(planogram), read_truth(truth)
    missing = sorted(set(windows[0].goods) - {slot.name for slot in plan.slots})
    if missing:
        raise InputError(f"{planogram}: there is no slot '{missing[0]}', which {truth} tells of")
    score = _Score(plan, windows)
    watch: BayWatch | None = None
    spent_s = 0.0
    for number, at, total, frame in _frames(video):
        started_s = time.process_time()
        watch = watch or BayWatch(plan, frame)
        watch.conclude(watch.look(frame, at), {})
        spent_s += time.process_time() - started_s
        score.take(number, watch.standing.values())
        tell((number + 1) / max(total, number + 1), f"Frame {number}")
    return score.document(spent_s)


class _Score:
    def __init__(self, plan: Plan, windows: Sequence[Window]) -> None:
        self._windows = windows
        self._right = dict.fromkeys(windows[0].goods, 0)
        self._frames = self._whole = self._read = 0
        self._blocked = {slot.name: 0 for slot in plan.slots}
        self._said: dict[str, str] = {}
        self._changes: list[dict[str, Any]] = []

    def take(self, number: int, standing: Sequence[SlotStanding] | Any) -> None:
        """What is said after frame `number`."""
        self._read += 1
        said = {one.slot.name: one for one in standing}
        for name, one in said.items():
            self._blocked[name] += one.blocked_since is not None
            if self._said.get(name) != one.state:
                self._changes.append({"frame": number, "slot": name, "state": str(one.state)})
                self._said[name] = one.state
        window = next((window for window in self._windows if window.first <= number <= window.last), None)
        if window is None:
            return
        right = {name: _GOODS.get(said[name].state) is goods for name, goods in window.goods.items()}
        self._frames += 1
        self._whole += all(right.values())
        for name, one_right in right.items():
            self._right[name] += one_right

    def document(self, spent_s: float) -> dict[str, Any]:
        if not self._frames:
            raise InputError("the recording holds none of the frames that the truth tells of", hint="Are they a pair?")
        total = self._frames * len(self._right)
        return {
            "slot_accuracy": sum(self._right.values()) / total,
            "frames": self._frames,
            "frames_right": self._whole,
            "slots": {name: right / self._frames for name, right in self._right.items()},
            "frames_read": self._read,
            "blocked_share": {name: round(count / self._read, 4) for name, count in self._blocked.items()},
            "changes": self._changes,
            "ms_per_frame": round(1000 * spent_s / self._read, 2),
        }


def _frames(path: Path) -> Iterator[tuple[int, Instant, int, Picture]]:
    """Number, moment in the recording, how many there are by its own word, and the frame as RGB."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such recording")
    capture = cv2.VideoCapture(str(path))
    try:
        fps, total = capture.get(cv2.CAP_PROP_FPS), int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fps = fps if 1.0 <= fps <= 1000.0 else _USUAL_FPS
        number = 0
        while True:
            read, frame = capture.read()
            if not read:
                break
            at_s = number / fps
            yield number, Instant(at_s, at_s), total, np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)
            number += 1
    finally:
        capture.release()
    if number == 0:
        raise InputError(f"{path}: no frame can be read from it", hint="A recording that OpenCV plays, such as MP4.")
