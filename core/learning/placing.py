"""Learns from good pictures where parts lie: the median good part to put others in place by, and its region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.pictures import Image
from core.learning.registration import Registration, registration_graph, small_sizes
from core.learning.view import IMAGE, PLANES, WHOLE, Box, View, view_graph
from core.models.card import Card, TensorSpec

#: The reference is the median of the pictures, then of the pictures in the place that it gave them.
_ROUNDS = 3
_LEARNING_LONGEST_PX = 256
_MARGIN = 0.05
#: The frame is brought to this many times the pixels that are looked at, so that putting in place blurs little.
_FINER = 1.15


def learn_registration(images: Sequence[Image]) -> Registration:
    """The median good part of `images`, all of one shape; sizes of the frame are for learning, see `framed`."""
    height, width = images[0].shape[:2]
    factor = min(1.0, _LEARNING_LONGEST_PX / max(height, width))
    size = max(32, round(height * factor)), max(32, round(width * factor))
    small = _session(view_graph(View(*size)).SerializeToString(), IMAGE, (PLANES,))
    frames = [small.run({IMAGE.name: image})[PLANES.name] for image in images]
    registration = Registration((), size)
    for _ in range(_ROUNDS):
        registration = _again(registration, frames)
    return registration


def framed(registration: Registration, image: Image, region: Box, pixels: int) -> Registration:
    """The registration with a frame in which `region` has a little more than `pixels`, if `image` has them."""
    height, width = image.shape[:2]
    factor = min(1.0, _FINER * (pixels / (region[2] * region[3] * height * width)) ** 0.5)
    return replace(registration, frame_px=(max(8, round(height * factor)), max(8, round(width * factor))))


def region_of(registration: Registration) -> Box:
    """Where the part is in the reference, with a margin.

    Slopes no steeper than those of the ground do not count, and one in a hundred of the others may lie outside.
    """
    reference = registration.reference[-1].astype(np.float64)
    down, across = np.gradient(reference)
    slope = np.hypot(down, across)
    slope = np.maximum(slope - 2 * np.median(slope), 0)
    if not slope.any():
        return WHOLE
    spans = []
    for axis, side in ((0, reference.shape[1]), (1, reference.shape[0])):
        energy = np.cumsum(slope.sum(axis))
        first, last = np.searchsorted(energy, np.array([0.01, 0.99]) * energy[-1])
        spans.append((max(first / side - _MARGIN, 0.0), min((last + 1) / side + _MARGIN, 1.0)))
    (left, right), (top, bottom) = spans
    return round(left, 4), round(top, 4), round(right - left, 4), round(bottom - top, 4)


def _again(registration: Registration, frames: Sequence[NDArray[np.float32]]) -> Registration:
    sizes = small_sizes(registration.frame_px)
    outputs = (
        TensorSpec("place", "float32", (3, 3)),
        *(TensorSpec(f"seen{index}", "float32", (1, 1, *size)) for index, size in enumerate(sizes)),
    )
    taken = TensorSpec("frame", "float32", (1, 3, *registration.frame_px))
    session = _session(registration_graph(registration).SerializeToString(), taken, outputs)
    found = [session.run({"frame": frame}) for frame in frames]
    medians = (np.median([one[f"seen{index}"][0, 0] for one in found], axis=0) for index in range(len(sizes)))
    return replace(registration, reference=tuple(np.asarray(median, np.float32) for median in medians))


def _session(model: bytes, taken: TensorSpec, given: Sequence[TensorSpec]) -> Session:
    card = Card(
        name="placing", version="1", kind="placing", inputs=(taken,), outputs=tuple(given),
        intended_use="Learning where parts lie", licence="Apache-2.0",
    )  # fmt: skip
    return Session(model, card)
