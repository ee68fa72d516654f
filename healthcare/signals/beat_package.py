"""The beat classifier as a model package: what its card says, and the golden vectors that any box must reproduce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.models.card import Card, Scalar, TensorSpec, Tolerance, Verdict, write_card
from core.models.golden import Golden, GoldenCase, write_golden
from core.models.package import CARD, GOLDEN, MODEL
from healthcare.signals.beat_features import RHYTHM
from healthcare.signals.beat_graph import OUTPUT, beat_graph
from healthcare.signals.beat_network import Batch, mean_probabilities
from healthcare.signals.beat_shape import SHAPE, shape_numbers
from healthcare.signals.beats import CLASSES, LEADS
from healthcare.signals.beats import MODEL as SLOT
from healthcare.signals.templates import REACH, WIDTH, Floats

KIND = "beat-classes"
_GOLDEN_BEATS = 48
#: A golden beat nearer to another class than this could flip by rounding alone.
_CLEAR_BY = 0.05
_INTENDED_USE = (
    "Tells ventricular beats from others in one or two ECG leads of adults, as a notice on a secondary display. "
    "Supraventricular beats are told for information and must raise no alarm. Paced rhythms and fusion beats are not "
    "supported. Not a medical device."
)


def beat_card(version: str, provenance: Mapping[str, Scalar]) -> Card:
    free = -1
    wave = ((LEADS, WIDTH), "peak to peak of the template's QRS")
    shapes = (("wave", *wave), ("template", *wave), ("shape", (LEADS, SHAPE), ""), ("rhythm", (RHYTHM,), ""),
              ("present", (LEADS,), "1: lead present"))  # fmt: skip
    return Card(
        name=SLOT,
        version=version,
        kind=KIND,
        inputs=tuple(TensorSpec(name, "float32", (free, *shape), unit) for name, shape, unit in shapes),
        outputs=(TensorSpec(OUTPUT, "float32", (free, len(CLASSES)), "probability"),),
        intended_use=_INTENDED_USE,
        licence="Apache-2.0; weights learnt from the MIT-BIH Arrhythmia Database, ODC-By 1.0",
        labels=tuple(CLASSES),
        verdict=Verdict(OUTPUT, rule="argmax"),
        tolerance=Tolerance(absolute=1e-4, relative=1e-3),
        provenance=provenance,
    )


def beat_files(
    networks: Sequence[Mapping[str, Floats]], version: str, provenance: Mapping[str, Scalar]
) -> dict[str, bytes]:
    """The files of the package, not signed. Golden answers are numpy's: the graph is held to the network."""
    return {
        CARD: write_card(beat_card(version, provenance)).encode(),
        MODEL: beat_graph(networks, LEADS).SerializeToString(deterministic=True),
        GOLDEN: write_golden(_golden(networks)),
    }


def _golden(networks: Sequence[Mapping[str, Floats]]) -> Golden:
    batch = drawn_beats(_GOLDEN_BEATS, seed=1)
    expected = mean_probabilities(networks, batch)
    best = np.sort(expected, axis=1)
    clear = np.flatnonzero(best[:, -1] - best[:, -2] > _CLEAR_BY)
    cases = (("one beat", clear[:1]), ("beats of a chunk", clear))
    return Golden(tuple(GoldenCase(name, _inputs(batch, rows), {OUTPUT: expected[rows]}) for name, rows in cases))


def _inputs(batch: Batch, rows: NDArray[np.intp]) -> dict[str, Floats]:
    return {name: getattr(batch, name)[rows] for name in ("wave", "template", "shape", "rhythm", "present")}


def drawn_beats(count: int, seed: int) -> Batch:
    """Beats made by a formula, normal and wide ones, early and not, some with one lead only."""
    rng = np.random.default_rng(seed)
    at_s = np.arange(-REACH, REACH + 1) / 125

    def bump(
        centre_s: float, width_s: NDArray[np.float64] | float, height: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        found: NDArray[np.float64] = height * np.exp(-0.5 * ((at_s - centre_s) / width_s) ** 2)
        return found

    normal = bump(-0.16, 0.02, 0.1) + bump(0.0, 0.012, 1.0) - bump(0.03, 0.01, 0.2) + bump(0.26, 0.04, 0.25)
    wide = rng.integers(0, 2, (count, 1, 1))
    width_s, height = rng.uniform(0.03, 0.05, (count, LEADS, 1)), rng.uniform(-1.5, 1.5, (count, LEADS, 1))
    ventricular = bump(0.01, width_s, height) - bump(0.28, 0.06, 0.4 * height)
    wave = np.where(wide, ventricular, normal) + rng.normal(0.0, 0.02, (count, LEADS, WIDTH))
    template = np.broadcast_to(normal, (count, LEADS, WIDTH))
    present = np.ones((count, LEADS))
    present[::4, 1] = 0.0
    rhythm = rng.normal(0.0, 0.15, (count, RHYTHM)) * (1 + wide[:, 0])
    waves, templates = wave.astype(np.float32), template.astype(np.float32)
    shape = shape_numbers(waves, templates)
    return Batch(waves, templates, shape, rhythm.astype(np.float32), present.astype(np.float32))
