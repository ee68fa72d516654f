"""Learns from good pictures where parts lie: the median good part to put others in place by, and its region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.inference.session import Session
from core.learning.pictures import Image
from core.learning.registration import Registration, registration_graph, small_sizes
from core.learning.view import IMAGE, WHOLE, Box
from core.models.card import Card, TensorSpec

#: The reference is the median of the pictures, then of the pictures in the place that it gave them.
_ROUNDS = 3
_MARGIN = 0.05
#: A picture that agrees less with the reference than this share of what good parts do shows something else.
_LEAST_SHARE = 0.6


def learn_registration(images: Sequence[Image]) -> Registration:
    """The median good part of `images`, all of one shape."""
    height, width = images[0].shape[:2]
    registration = Registration((), (height, width))
    agreed: list[float] = []
    for _ in range(_ROUNDS):
        registration, agreed = _again(registration, images)
    return replace(registration, least=_LEAST_SHARE * float(np.median(agreed)))


def region_of(registration: Registration) -> Box:
    """Where the part is in the reference, with a margin.

    Slopes no steeper than those of the ground do not count, and one in a hundred of the others may lie outside.
    """
    import cv2

    # Noise and the ground's grain would count as slopes, and the sharpest edges for all of the part.
    reference = cv2.GaussianBlur(registration.reference[-1].astype(np.float64), (5, 5), 0)
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


def _again(registration: Registration, images: Sequence[Image]) -> tuple[Registration, list[float]]:
    """With the median of the `images` in the place that `registration` gives them; how well each agreed with it."""
    sizes = small_sizes(registration.shape_px)
    outputs = (
        TensorSpec("place", "float32", (3, 3)),
        TensorSpec("agreement", "float32", (1, 1)),
        *(TensorSpec(f"seen{index}", "float32", size) for index, size in enumerate(sizes)),
    )
    session = _session(registration_graph(registration).SerializeToString(), outputs)
    found = [session.run({IMAGE.name: np.ascontiguousarray(image)}) for image in images]
    medians = (np.median([one[f"seen{index}"] for one in found], axis=0) for index in range(len(sizes)))
    reference = tuple(np.asarray(median, np.float32) for median in medians)
    return replace(registration, reference=reference), [float(one["agreement"][0, 0]) for one in found]


def _session(model: bytes, given: Sequence[TensorSpec]) -> Session:
    card = Card(
        name="placing", version="1", kind="placing", inputs=(IMAGE,), outputs=tuple(given),
        intended_use="Learning where parts lie", licence="Apache-2.0",
    )  # fmt: skip
    return Session(model, card)
