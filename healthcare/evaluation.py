"""How good beats, their classes and atrial fibrillation are on annotated records, in the form of ANSI/AAMI EC57.

A detected beat within 150 ms of a reference beat is that beat; the first five minutes of a record teach and are not
scored (all of a record shorter than ten minutes is); ventricular flutter, between `[` and `]`, is left out.
Sensitivity and positive predictivity over all beats together (gross) and as the mean of the records (average).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InputError
from healthcare import beat_labels
from healthcare.matching import Counts, Span, match
from healthcare.records.wfdb import Annotations, Record, read_annotations, read_record
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.leads import EcgLeads, LeadsState

LEARNING_S = 300.0
#: Nothing is left out of a record shorter than this.
SHORT_S = 600.0
MATCH_S = 0.15
#: EC57, table of beat classes; F (fusion) and Q (paced, unknown) count as beats, but for no class.
CLASSES: Mapping[str, str] = MappingProxyType(
    {**dict.fromkeys("NLRejB", "N"), **dict.fromkeys("AaJSn", "S"), **dict.fromkeys("VEr", "V"), "F": "F"}
    | dict.fromkeys("/fQ?", "Q")
)
_FLUTTER_BEGINS, _FLUTTER_ENDS = "[", "]"
_PIECE_S = 5.0
_LEADS = 2
#: A detected class is wrong for the score of a class only if the reference beat is one of these, or there is none.
_AGAINST = {"V": ("N", "S"), "S": ("N", "V", "F")}

Tell = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One record, found and referenced."""

    name: str
    leads: tuple[Chunk, ...]
    beats: tuple[Beat, ...]
    state: LeadsState
    reference_s: tuple[float, ...]
    classes: tuple[str, ...]
    flutter: tuple[Span, ...]
    fibrillation: tuple[Span, ...] | None
    length_s: float
    learning_s: float


@dataclass(slots=True)
class Scores:
    """Of one record or of all together; None: not judged."""

    qrs: Counts = field(default_factory=Counts)
    veb: Counts | None = None
    sveb: Counts | None = None
    af: Counts | None = None


def evaluate(
    folder: Path, *, cross_validate: bool = False, rhythm: bool = False, seed: int = 0, tell: Tell | None = None
) -> dict[str, Any]:
    """The document of `edgewise healthcare evaluate`. `InputError` where there are no records to judge by."""
    headers = sorted(path for path in folder.glob("*.hea") if path.with_suffix(".atr").is_file())
    if not headers:
        raise InputError(f"{folder}: there is no record with annotations (.hea and .atr) in it.")
    say = tell or (lambda share, text: None)
    cases = []
    for number, path in enumerate(headers):
        say(number / len(headers), path.stem)
        cases.append(find(path.stem, read_record(path), read_annotations(path.with_suffix(".atr"))))
    classify = beat_labels.taught_by_the_others(folder, seed, say) if cross_validate else beat_labels.shipped()
    scores = {case.name: score(case, classify, rhythm=rhythm) for case in cases}
    return _document(cases, scores)


def find(name: str, record: Record, annotations: Annotations) -> Case:
    """The beats of a record, found as they would have been live, and what its annotations say."""
    leads = ecg_leads(record)
    ecg = EcgLeads(leads[0].rate_hz)
    beats: list[Beat] = []
    for piece in pieces(leads):
        beats += ecg.feed(piece)
    beats += ecg.finish()
    rate_hz = annotations.rate_hz or record.rate_hz
    at_s = (annotations.samples / rate_hz).tolist()
    length_s = leads[0].end_s
    marked = [(when, symbol) for when, symbol in zip(at_s, annotations.symbols, strict=True) if symbol in CLASSES]
    return Case(
        name,
        leads,
        tuple(beats),
        ecg.state(),
        tuple(when for when, _ in marked),
        tuple(CLASSES[symbol] for _, symbol in marked),
        _spans(zip(at_s, annotations.symbols, strict=True), _FLUTTER_BEGINS, _FLUTTER_ENDS, length_s),
        _fibrillation(at_s, annotations, length_s),
        length_s,
        LEARNING_S if length_s >= SHORT_S else 0.0,
    )


def ecg_leads(record: Record) -> tuple[Chunk, ...]:
    """The first two signals in mV that have one rate, whole."""
    found = [
        signal for signal in record.signals if signal.unit == "mV" and signal.name.upper() not in ("RESP", "PLETH")
    ]
    if not found:
        raise InputError(f"{record.name}: none of its signals is an ECG in mV.")
    alike = [signal for signal in found if signal.rate_hz == found[0].rate_hz][:_LEADS]
    return tuple(
        Chunk(f"{number}-{signal.name}", signal.rate_hz, signal.samples.astype(np.float32), 0.0)
        for number, signal in enumerate(alike)
    )


def pieces(leads: Sequence[Chunk]) -> list[list[Chunk]]:
    """All leads, cut every five seconds."""
    size = round(_PIECE_S * leads[0].rate_hz)
    return [
        [
            Chunk(lead.channel, lead.rate_hz, lead.samples[first : first + size], lead.start_s + first / lead.rate_hz)
            for lead in leads
        ]
        for first in range(0, leads[0].samples.size, size)
    ]


def score(case: Case, classify: beat_labels.Labels | None, *, rhythm: bool) -> Scores:
    found_s = [beat.at_s for beat in case.beats]
    pairs = match(case.reference_s, found_s, MATCH_S)

    def counts(at_s: float) -> bool:
        away = all(not begin - MATCH_S <= at_s <= end + MATCH_S for begin, end in case.flutter)
        return at_s >= case.learning_s and away

    scores = Scores()
    for reference, found in pairs:
        at_s = case.reference_s[reference] if reference is not None else found_s[found or 0]
        if counts(at_s):
            scores.qrs.add(reference is not None, found is not None)
    labels = classify(case.name, case.leads, case.beats) if classify is not None else None
    if labels is not None:
        scores.veb, scores.sveb = Counts(), Counts()
        for reference, found in pairs:
            at_s = case.reference_s[reference] if reference is not None else found_s[found or 0]
            if counts(at_s):
                true = case.classes[reference] if reference is not None else ""
                told = labels[found] if found is not None else ""
                _add_class(scores.veb, "V", true, told)
                _add_class(scores.sveb, "S", true, told)
    if rhythm and case.fibrillation is not None:
        scores.af = _rhythm(case, labels)
    return scores


def _add_class(counts: Counts, name: str, true: str, told: str) -> None:
    if true == name:
        counts.add(True, told == name)
    elif told == name and (not true or true in _AGAINST[name]):
        counts.add(False, True)


def _rhythm(case: Case, labels: Sequence[str] | None) -> Counts:
    """By duration, in seconds: EC57 wants atrial fibrillation scored so, and by episode where there are enough."""
    follower: Any = import_module("healthcare.signals.af").AtrialFibrillation()
    found = list[Span]()
    began_s: float | None = None
    for number, beat in enumerate(case.beats):
        follower.add(beat.at_s, beat.rr_s, ventricular=labels is not None and labels[number] == "V")
        changed_s = follower.since_s if follower.since_s is not None else beat.at_s
        if follower.present and began_s is None:
            began_s = changed_s
        elif not follower.present and began_s is not None:
            found.append((began_s, max(changed_s, began_s)))
            began_s = None
    if began_s is not None:
        found.append((began_s, case.length_s))
    true = [_after(span, case.learning_s) for span in case.fibrillation or ()]
    told = [_after(span, case.learning_s) for span in found]
    both = sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in true for b in told)
    return Counts(both, sum(b - a for a, b in true) - both, sum(b - a for a, b in told) - both)


def _after(span: Span, begin_s: float) -> Span:
    return max(span[0], begin_s), max(span[1], begin_s)


def _spans(marks: Any, begins: str, ends: str, length_s: float) -> tuple[Span, ...]:
    spans: list[Span] = []
    began_s: float | None = None
    for at_s, mark in marks:
        if mark == begins and began_s is None:
            began_s = at_s
        elif mark == ends and began_s is not None:
            spans.append((began_s, at_s))
            began_s = None
    return (*spans, (began_s, length_s)) if began_s is not None else tuple(spans)


def _fibrillation(at_s: Sequence[float], annotations: Annotations, length_s: float) -> tuple[Span, ...] | None:
    """None where the annotations say nothing of rhythms."""
    rhythms = [
        (when, "AF" if text.startswith("(AFIB") else "other")
        for when, symbol, text in zip(at_s, annotations.symbols, annotations.aux, strict=True)
        if symbol == "+" and text.startswith("(")
    ]
    return _spans(rhythms, "AF", "other", length_s) if rhythms else None


def _document(cases: Sequence[Case], scores: Mapping[str, Scores]) -> dict[str, Any]:
    kinds = ("qrs", "veb", "sveb", "af")
    gross: dict[str, Any] = {}
    average: dict[str, Any] = {}
    for kind in kinds:
        counted = [counts for one in scores.values() if (counts := getattr(one, kind)) is not None]
        gross[kind] = sum(counted, Counts()).shares() if counted else None
        average[kind] = _mean([counts.shares() for counts in counted]) if counted else None
    watched_s = sum(case.state.watched_s for case in cases)
    return {
        "gross": gross,
        "average": average,
        "records": {case.name: _one(case, scores[case.name], kinds) for case in cases},
        "learning_period_s": LEARNING_S,
        "muted_share": sum(case.state.muted_total_s for case in cases) / watched_s if watched_s else 0.0,
    }


def _one(case: Case, scores: Scores, kinds: Sequence[str]) -> dict[str, Any]:
    counted = {kind: getattr(scores, kind) for kind in kinds}
    return {
        **{kind: counts.document() if counts is not None else None for kind, counts in counted.items()},
        "leads": [lead.channel.partition("-")[2] for lead in case.leads],
        "learning_period_s": case.learning_s,
        "muted_share": case.state.muted_total_s / case.state.watched_s if case.state.watched_s else 0.0,
    }


def _mean(shares: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for key in ("sensitivity", "positive_predictivity"):
        known = [value for one in shares if (value := one[key]) is not None]
        means[key] = sum(known) / len(known) if known else None
    return means
