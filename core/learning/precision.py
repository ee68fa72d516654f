"""Whether an inspection runs in eight bits: measured on this box, and only where no verdict changes by it.

Both forms were taught from the same pictures, each with statistics and a limit of its own. Verdicts of the good parts
(held out) and of made-up defects must agree wherever the exact score lies clear of its limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.inspector import HEAT_MAP, IMAGE, SCORE
from core.learning.pictures import Image
from core.models.card import Card

#: Eight bits must save at least this share of the time.
_LEAST_SAVING = 0.1
_RUNS = 15
#: A score this near to its limit, as a share of the way from the usual good part to it, may fall on either side.
_NEAR = 0.1


class Form(Protocol):
    """One of the two forms, as `teach` gives it."""

    @property
    def model(self) -> bytes: ...
    @property
    def held_out(self) -> NDArray[np.float64]: ...
    @property
    def limit(self) -> float: ...


EXACT_ASKED = "Not in eight bits: the settings say so."


@dataclass(frozen=True, slots=True)
class Precision:
    """Which form was taken and why, for a person. Times are of one thread; `flipped` of `checked` verdicts differed."""

    eight_bits: bool
    why: str
    float_ms: float = 0.0
    eight_bits_ms: float = 0.0
    checked: int = 0
    flipped: int = 0


def compare(exact: Form, rough: Form, images: Sequence[Image], defects: Iterable[Image]) -> Precision:
    """`images` are good pictures to take the time of, `defects` such with made-up defects to compare verdicts on."""
    sessions = _session(exact.model), _session(rough.model)
    float_ms, eight_bits_ms = _times_ms(sessions, images[0])
    saved = 1 - eight_bits_ms / float_ms
    times = f"{float_ms:.1f} ms a picture, {eight_bits_ms:.1f} ms in eight bits"
    if saved < _LEAST_SAVING:
        return Precision(False, f"Eight bits are not worth it on this processor: {times}.", float_ms, eight_bits_ms)
    pairs = list(zip(exact.held_out, rough.held_out, strict=True))
    pairs += [(_score(sessions[0], image), _score(sessions[1], image)) for image in defects]
    clear = [pair for pair in pairs if abs(pair[0] - exact.limit) > _NEAR * _way(exact)]
    flipped = int(sum((one > exact.limit) != (other > rough.limit) for one, other in clear))
    verdicts = f"{flipped} of {len(clear)} verdicts differ"
    why = f"Not in eight bits: {verdicts}. {times}." if flipped else f"In eight bits: {times}, {verdicts}."
    return Precision(not flipped, why, float_ms, eight_bits_ms, len(clear), flipped)


def _way(form: Form) -> float:
    return abs(form.limit - float(np.median(form.held_out)))


def _session(model: bytes) -> Session:
    card = Card(
        name="inspection", version="1", kind="inspection", inputs=(IMAGE,), outputs=(SCORE, HEAT_MAP),
        intended_use="Comparing two forms of one inspection", licence="Apache-2.0",
    )  # fmt: skip
    return Session(model, card)


def _score(session: Session, image: Image) -> float:
    return float(session.run({IMAGE.name: np.ascontiguousarray(image)})[SCORE.name][0])


def _times_ms(sessions: tuple[Session, Session], image: Image) -> tuple[float, float]:
    """CPU time of one verdict of each, the shortest of some; by turns, so that what slows one slows both."""
    found: tuple[list[float], list[float]] = ([], [])
    for turn in range(_RUNS + 1):
        for session, times in zip(sessions, found, strict=True):
            started_s = time.thread_time()
            _score(session, image)
            if turn:  # the first also takes memory
                times.append((time.thread_time() - started_s) * 1000)
    return min(found[0]), min(found[1])
