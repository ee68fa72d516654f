"""How the beat classifier is taught: one recipe, for the shipped model and for cross-validation. Plain numpy.

Classes are drawn at fixed shares and, within a class, patients by the square root of how many beats of it they have,
100 at most: no patient with many extrasystoles decides what one looks like. Every draw is changed: gain, polarity,
wander of the baseline, noise, a step in time, a lead left out, two beats mixed (Zhang et al., mixup, 2018).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beat_features import BeatFeatures
from healthcare.signals.beat_network import Adam, Batch, Pass, Weights, beginning, mean_probabilities
from healthcare.signals.beat_shape import shape_numbers
from healthcare.signals.beats import CLASSES, BeatClass, BeatStream
from healthcare.signals.templates import LAG, WIDTH, Floats

#: A beat of no class that is taught: fusion where it is only scored, unclassifiable, a false detection.
NO_CLASS = -1
FOLDS = 6
_PIECE_S = 5.0
_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class BeatSet:
    """The beats of one record that can be judged, in order. `classes`: places in `CLASSES`, or NO_CLASS.

    `windows`: n x leads x (WIDTH + 2 LAG), `templates`: n x leads x WIDTH, `rhythm`: n x RHYTHM, `present`: n x leads.
    """

    record: str
    beats: Sequence[Beat]
    windows: Floats
    templates: Floats
    rhythm: Floats
    present: Floats
    lags: NDArray[np.intp]
    classes: NDArray[np.intp]

    def waves(self, chosen: NDArray[np.intp], steps: NDArray[np.intp] | int = 0) -> Floats:
        """`steps`: points by which each is moved against its template, as far as its window allows."""
        lags = np.clip(self.lags[chosen] + steps, -LAG, LAG)
        places = (LAG + lags)[:, None, None] + np.arange(WIDTH)
        return np.take_along_axis(self.windows[chosen], places, axis=2)

    def batch(self, chosen: NDArray[np.intp]) -> Batch:
        wave, template = self.waves(chosen), self.templates[chosen]
        return Batch(wave, template, shape_numbers(wave, template), self.rhythm[chosen], self.present[chosen])


@dataclass(frozen=True, slots=True)
class Recipe:
    """`networks` are averaged. `odds`: natural logarithms by which the odds of each class are lowered in the end, to
    make up for classes being drawn more often than they come."""

    steps: int = 500
    batch: int = 256
    rate: float = 2e-3
    decay: float = 0.02
    keep: float = 0.7
    networks: int = 2
    shares: tuple[float, float, float] = (0.55, 0.1, 0.35)
    odds: tuple[float, float, float] = (0.0, 0.5, 0.5)


RECIPE = Recipe()


def beat_set(
    record: str, leads: Sequence[Chunk], beats: Sequence[Beat], classes: Mapping[int, int] | None = None
) -> BeatSet:
    """`leads`: each whole; `classes`: by `Beat.sample`, what is not there has none."""
    stream = BeatStream()
    found: list[tuple[Beat, BeatFeatures | None]] = []
    waiting = list(reversed(beats))
    start_s, end_s = min(lead.start_s for lead in leads), max(lead.end_s for lead in leads)
    while start_s < end_s:
        stop_s = start_s + _PIECE_S
        pieces = [_piece(lead, start_s, stop_s) for lead in leads]
        told: list[Beat] = []
        while waiting and waiting[-1].at_s < stop_s - 1.0:
            told.append(waiting.pop())
        found += stream.take(pieces, told)
        start_s = stop_s
    judged = [(beat, features) for beat, features in found if features is not None]
    known = classes or {}
    return BeatSet(
        record,
        [beat for beat, _ in judged],
        np.stack([one.window for _, one in judged]),
        np.stack([one.template for _, one in judged]),
        np.stack([one.rhythm for _, one in judged]),
        np.stack([one.present for _, one in judged]).astype(np.float32),
        np.array([one.lag for _, one in judged], np.intp),
        np.array([known.get(beat.sample, NO_CLASS) for beat, _ in judged], np.intp),
    )


def teach(
    sets: Sequence[BeatSet], seed: int, recipe: Recipe = RECIPE, progress: Callable[[float], None] | None = None
) -> list[Weights]:
    """Networks whose mean probabilities are the answer. The same sets and seed give the same networks."""
    together, patients = _joined(sets)
    networks = []
    for index in range(recipe.networks):
        rng = np.random.default_rng([seed, index])
        draw = _Draw(together, patients, recipe, rng)
        networks.append(_taught(together, draw, recipe, rng, progress and _part(progress, index, recipe.networks)))
    return networks


def probabilities(networks: Sequence[Weights], beats: BeatSet) -> Floats:
    """n x classes."""
    count = len(beats.classes)
    parts = [
        mean_probabilities(networks, beats.batch(np.arange(first, min(first + _AT_ONCE, count))))
        for first in range(0, count, _AT_ONCE)
    ]
    return np.concatenate(parts)


def cross_validated(
    sets: Sequence[BeatSet],
    seed: int,
    recipe: Recipe = RECIPE,
    folds: int = FOLDS,
    progress: Callable[[float], None] | None = None,
) -> dict[str, Floats]:
    """Probabilities for the beats of each record, by networks that were taught by the records of the other folds.

    Records are dealt out to the folds in the order of their names.
    """
    ordered = sorted(sets, key=lambda one: one.record)
    found: dict[str, Floats] = {}
    for fold in range(folds):
        left_out = ordered[fold::folds]
        names = {one.record for one in left_out}
        taught_by = [one for one in ordered if one.record not in names]
        networks = teach(taught_by, seed * folds + fold, recipe, progress and _part(progress, fold, folds))
        found.update({one.record: probabilities(networks, one) for one in left_out})
    return {one.record: found[one.record] for one in ordered}


def told_classes(one: BeatSet, found: Floats) -> dict[int, BeatClass]:
    """By `Beat.sample`, what `probabilities` or `cross_validated` say; beats that are not there are unknown."""
    best = found.argmax(axis=1).tolist()
    return {beat.sample: CLASSES[number] for beat, number in zip(one.beats, best, strict=True)}


def _part(progress: Callable[[float], None], index: int, of: int) -> Callable[[float], None]:
    return lambda share: progress((index + share) / of)


def _piece(lead: Chunk, start_s: float, stop_s: float) -> Chunk:
    first, last = (max(0, round((at_s - lead.start_s) * lead.rate_hz)) for at_s in (start_s, stop_s))
    return replace(lead, samples=lead.samples[first:last], start_s=lead.start_s + first / lead.rate_hz)


def _joined(sets: Sequence[BeatSet]) -> tuple[BeatSet, NDArray[np.intp]]:
    """All beats as one set, and of each the number of its record."""
    names = {one.record: number for number, one in enumerate(sets)}
    patients = np.concatenate([np.full(len(one.classes), names[one.record], np.intp) for one in sets])
    arrays = {
        name: np.concatenate([getattr(one, name) for one in sets])
        for name in ("windows", "templates", "rhythm", "present", "lags", "classes")
    }
    return BeatSet("", [beat for one in sets for beat in one.beats], **arrays), patients


class _Draw:
    """Draws the beats of a step."""

    def __init__(self, beats: BeatSet, patients: NDArray[np.intp], recipe: Recipe, rng: np.random.Generator) -> None:
        self._rng = rng
        self._pools: list[tuple[int, list[NDArray[np.intp]], NDArray[np.float64]]] = []
        for number, share in enumerate(recipe.shares):
            of_class = np.flatnonzero(beats.classes == number)
            pools = [of_class[patients[of_class] == patient] for patient in np.unique(patients[of_class])]
            weights = np.array([1.0 if number == 0 else min(len(pool), 100) ** 0.5 for pool in pools])
            if pools:
                self._pools.append((round(share * recipe.batch), pools, weights / weights.sum()))

    def beats(self) -> NDArray[np.intp]:
        chosen = []
        for count, pools, weights in self._pools:
            for pool in self._rng.choice(len(pools), count, p=weights).tolist():
                chosen.append(pools[pool][self._rng.integers(len(pools[pool]))])
        return np.array(chosen, np.intp)


def _taught(
    beats: BeatSet, draw: _Draw, recipe: Recipe, rng: np.random.Generator, progress: Callable[[float], None] | None
) -> Weights:
    weights = beginning(rng)
    _normalise(weights, beats)
    adam = Adam(weights, recipe.decay)
    slow: Weights = {}
    for step in range(recipe.steps):
        batch, targets = _varied(beats, draw.beats(), rng)
        run = Pass(weights, batch, keep=recipe.keep, rng=rng)
        slope = (run.probabilities() - targets) / np.float32(len(targets))
        rate = recipe.rate * 0.5 * (1 + np.cos(np.pi * step / recipe.steps)) * min(1.0, 10 * (step + 1) / recipe.steps)
        adam.step(run.gradients(slope), float(rate))
        if 2 * step >= recipe.steps:  # the mean of the last steps generalises better than the last one
            for name, value in weights.items():
                slow[name] = slow[name] + np.float32(0.02) * (value - slow[name]) if name in slow else value.copy()
        if progress is not None and step % 20 == 0:
            progress(step / recipe.steps)
    slow["score.b"] = slow["score.b"] - np.array(recipe.odds, np.float32)
    return slow


def _normalise(weights: Weights, beats: BeatSet) -> None:
    known = np.flatnonzero(beats.classes != NO_CLASS)
    batch = beats.batch(known[:: max(1, len(known) // 8192)])
    shape = batch.shape[batch.present > 0]
    for name, numbers in (("shape", shape), ("rhythm", batch.rhythm)):
        weights[f"shift.{name}"] = numbers.mean(axis=0)
        weights[f"scale.{name}"] = 1.0 / (numbers.std(axis=0) + np.float32(1e-3))


def _varied(beats: BeatSet, chosen: NDArray[np.intp], rng: np.random.Generator) -> tuple[Batch, Floats]:
    """A batch and its targets, n x classes."""
    n = len(chosen)
    wave, template = beats.waves(chosen, rng.integers(-1, 2, n)), beats.templates[chosen]
    present = beats.present[chosen]
    leads = present.shape[1]

    def normal(spread: float) -> Floats:
        return np.float32(spread) * rng.standard_normal((n, leads, 1), np.float32)

    polarity = np.where(rng.random((n, leads, 1)) < 0.25, np.float32(-1), np.float32(1))
    wave *= polarity * np.exp(normal(0.08))
    template *= polarity
    slow = (2 * np.pi / 125 * rng.uniform(0.2, 1.2, (n, 1, 1))).astype(np.float32)
    phase = (2 * np.pi * rng.random((n, leads, 1))).astype(np.float32)
    wave += normal(0.1) * np.sin(slow * np.arange(WIDTH, dtype=np.float32) + phase)
    wave += np.abs(normal(0.05)) * rng.standard_normal(wave.shape, np.float32)
    shape = shape_numbers(wave, template)
    dropped = np.flatnonzero((rng.random(n) < 0.25) & (present.sum(axis=1) > 1))
    present[dropped, rng.integers(0, leads, len(dropped))] = 0.0
    rhythm = beats.rhythm[chosen] + np.float32(0.02) * rng.standard_normal((n, beats.rhythm.shape[1]), np.float32)
    targets = np.eye(len(CLASSES), dtype=np.float32)[beats.classes[chosen]]
    other = rng.permutation(n)
    drawn = rng.beta(0.3, 0.3, n)
    alike = (present == present[other]).all(axis=1)
    share: Floats = np.where(alike, np.maximum(drawn, 1 - drawn), 1.0).astype(np.float32)

    def mixed(values: Floats) -> Floats:
        part = share.reshape((n,) + (1,) * (values.ndim - 1))
        result: Floats = part * values + (1 - part) * values[other]
        return result

    batch = Batch(mixed(wave), mixed(template), mixed(shape), mixed(rhythm), present)
    return batch, mixed(targets)
