"""Records with reference annotations, as the beat classifier learns from them: beats where the product's own detector
finds them, each with the class of the reference beat it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from healthcare.records.wfdb import Annotations, Record
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beat_training import BeatSet, beat_set
from healthcare.signals.beats import CLASSES, LEADS, BeatClass
from healthcare.signals.leads import EcgLeads

#: ANSI/AAMI EC57, table of beat classes. Fusion beats are learnt as ventricular and left out of the figures.
EC57_CLASS: Mapping[str, str] = MappingProxyType(
    {**dict.fromkeys("NLRejB", "N"), **dict.fromkeys("AaJSn", "S"), **dict.fromkeys("VEr", "V"), "F": "F"}
    | dict.fromkeys("/fQ?", "Q")
)
#: EC57: a detected beat this near to a reference one is that beat.
MATCH_S = 0.15
_PIECE_S = 5.0
_TAUGHT_AS = {
    "N": BeatClass.NORMAL,
    "S": BeatClass.SUPRAVENTRICULAR,
    "V": BeatClass.VENTRICULAR,
    "F": BeatClass.VENTRICULAR,
}


def record_leads(record: Record) -> list[Chunk]:
    """The first leads of a record, whole."""
    return [
        Chunk(f"{number}-{signal.name}", signal.rate_hz, signal.samples.astype(np.float32), 0.0)
        for number, signal in enumerate(record.signals[:LEADS])
    ]


def detected_beats(leads: Sequence[Chunk]) -> list[Beat]:
    """By the product's own detector, as it would have found them live."""
    detector = EcgLeads(leads[0].rate_hz)
    size = round(_PIECE_S * leads[0].rate_hz)
    beats: list[Beat] = []
    for first in range(0, leads[0].samples.size, size):
        beats += detector.feed(_part(lead, first, first + size) for lead in leads)
    return beats + detector.finish()


def _part(lead: Chunk, first: int, last: int) -> Chunk:
    return replace(lead, samples=lead.samples[first:last], start_s=lead.start_s + first / lead.rate_hz)


def reference_beats(annotations: Annotations, rate_hz: float, lead: str) -> tuple[list[Beat], list[str]]:
    """Every annotated beat, and the EC57 class of each."""
    places = [(at, EC57_CLASS[s]) for at, s in zip(annotations.samples.tolist(), annotations.symbols, strict=True)
              if s in EC57_CLASS]  # fmt: skip
    samples = [at for at, _ in places]
    before = [None, *samples[:-1]]
    beats = [
        Beat(at / rate_hz, at, lead, None if last is None else (at - last) / rate_hz, 1.0)
        for at, last in zip(samples, before, strict=True)
    ]
    return beats, [name for _, name in places]


def matched(reference: Sequence[Beat], found: Sequence[Beat]) -> dict[int, int]:
    """Of each found beat that is a reference one: its place in `found`, and that in `reference`. One to one."""
    at_s = np.array([beat.at_s for beat in found])
    pairs: dict[int, int] = {}
    for place, beat in enumerate(reference):
        first, last = np.searchsorted(at_s, (beat.at_s - MATCH_S, beat.at_s + MATCH_S))
        free = [index for index in range(first, last) if index not in pairs]
        if free:
            pairs[min(free, key=lambda index: abs(at_s[index] - beat.at_s))] = place
    return pairs


def example_set(name: str, record: Record, annotations: Annotations) -> BeatSet:
    """The beats that the detector finds in one record. One that is none in the reference has no class."""
    leads = record_leads(record)
    reference, classes = reference_beats(annotations, annotations.rate_hz or record.rate_hz, leads[0].channel)
    found = detected_beats(leads)
    taught = {
        found[index].sample: CLASSES.index(_TAUGHT_AS[classes[place]])
        for index, place in matched(reference, found).items()
        if classes[place] in _TAUGHT_AS
    }
    return beat_set(name, leads, found, taught)
