from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.inference.request import Answer, Ask, Outcome
from healthcare.signals.beat import Beat, Chunk
from healthcare.signals.beat_features import BeatFeatures
from healthcare.signals.beats import CLASSES, BeatClass, BeatClassifier, BeatLabel, BeatStream
from tests.healthcare.signals.beat_cases import RATE_HZ, Patient, cut, patient

#: A beat is told so long after its R peak by the detector.
_TOLD_AFTER_S = 0.6
_PATIENT = patient(40.0)

Found = list[tuple[Beat, BeatFeatures | None]]


def _pieces(one: Patient, sizes: Sequence[int]) -> list[tuple[list[Chunk], list[Beat]]]:
    """The patient as it streams in: chunks of both leads, and the beats that the detector tells by then."""
    first = turn = 0
    waiting = list(one.beats)
    pieces = []
    while first < one.leads[0].samples.size:
        last = first + sizes[turn % len(sizes)]
        told = [beat for beat in waiting if beat.at_s + _TOLD_AFTER_S < last / RATE_HZ]
        waiting = waiting[len(told) :]
        pieces.append(([cut(lead, first, last) for lead in one.leads], told))
        first, turn = last, turn + 1
    return pieces


def _streamed(one: Patient, sizes: Sequence[int], leads: slice = slice(0, 2)) -> Found:
    stream = BeatStream()
    return [found for chunks, beats in _pieces(one, sizes) for found in stream.take(chunks[leads], beats)]


def _by_width(ask: Ask) -> Answer:
    """A model that calls a beat ventricular where it lies far from the template."""
    apart = np.abs(ask.inputs["wave"] - ask.inputs["template"]).max(axis=2) * ask.inputs["present"]
    ventricular = apart.max(axis=1) > 0.6
    rows = np.where(ventricular[:, None], (0.05, 0.05, 0.9), (0.9, 0.05, 0.05)).astype(np.float32)
    return Answer(None, Outcome.ANSWERED, {"probabilities": rows})


def _labelled(one: Patient, sizes: Sequence[int], leads: slice = slice(0, 2)) -> list[BeatLabel]:
    classifier = BeatClassifier()
    labels = []
    for chunks, beats in _pieces(one, sizes):
        ask = classifier.take(chunks[leads], beats)
        if ask is not None:
            labels += classifier.labels([_by_width(ask)])
    return labels


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(20, 900), min_size=1, max_size=4))
def test_the_features_are_the_same_for_any_size_of_the_chunks(sizes: list[int]) -> None:
    found, expected = _streamed(_PATIENT, sizes), _streamed(_PATIENT, (2500,))
    assert len(found) > 40
    for (beat, one), (other_beat, other) in zip(found, expected, strict=False):
        assert beat == other_beat
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            np.testing.assert_array_equal(one.window, other.window)
            np.testing.assert_array_equal(one.template, other.template)
            np.testing.assert_array_equal(one.rhythm, other.rhythm)


@pytest.mark.parametrize("leads", [slice(0, 2), slice(0, 1), slice(1, 2)], ids=["both", "first", "second"])
def test_wide_early_beats_lie_far_from_the_template_with_any_leads(leads: slice) -> None:
    labels = _labelled(_PATIENT, (125,), leads)
    truth = dict(zip(_PATIENT.beats, _PATIENT.wide, strict=True))
    known = [label for label in labels if label.label is not BeatClass.UNKNOWN]
    assert len(known) >= len(_PATIENT.beats) - 12
    assert all((label.label is BeatClass.VENTRICULAR) == truth[label.beat] for label in known)


def test_labels_come_in_order_and_each_beat_once() -> None:
    labels = _labelled(_PATIENT, (77, 300))
    assert [label.beat for label in labels] == list(_PATIENT.beats[: len(labels)])


def test_the_first_beats_are_unknown_until_the_normal_beat_is_known() -> None:
    labels = _labelled(_PATIENT, (125,))
    unknown = [label.label is BeatClass.UNKNOWN for label in labels]
    assert unknown[:8] == [True] * 8
    assert not any(unknown[9:])


def test_a_beat_is_labelled_soon_after_the_next_one_was_told() -> None:
    stream = BeatStream()
    late_s = []
    for chunks, beats in _pieces(_PATIENT, (25,)):
        late_s += [chunks[0].end_s - beat.at_s for beat, _ in stream.take(chunks, beats)]
    assert max(late_s) < 0.8 * 1.4 + _TOLD_AFTER_S + 0.6  # the pause, the detector, a block of the trace


def test_all_beats_of_a_chunk_go_in_one_question() -> None:
    classifier = BeatClassifier()
    asks = [classifier.take(chunks, beats) for chunks, beats in _pieces(_PATIENT, (2500,))]
    counts = [len(ask.inputs["rhythm"]) for ask in asks if ask is not None]
    assert len(counts) <= 4
    assert max(counts) > 10


@pytest.mark.parametrize("answers", [[], [Answer(None, Outcome.LATE, reason="late")]], ids=["none", "late"])
def test_without_an_answer_the_beats_are_unknown_and_the_next_ones_are_not(answers: list[Answer]) -> None:
    classifier = BeatClassifier()
    labels: list[BeatLabel] = []
    asked = 0
    for chunks, beats in _pieces(_PATIENT, (500,)):
        ask = classifier.take(chunks, beats)
        if ask is not None:
            asked += 1
            labels = classifier.labels(answers if asked == 3 else [_by_width(ask)])
            assert labels
            if asked != 1:
                assert all((label.label is BeatClass.UNKNOWN) == (asked == 3) for label in labels)
    assert asked > 5


def test_a_last_beat_is_labelled_though_none_follows() -> None:
    one = patient(20.0)
    quiet = Patient(one.leads, one.beats[:-6], one.wide[:-6])
    assert _streamed(quiet, (125,))[-1][0] == quiet.beats[-1]


def test_a_lead_that_stops_is_left_out() -> None:
    stream = BeatStream()
    found: Found = []
    for number, (chunks, beats) in enumerate(_pieces(_PATIENT, (125,))):
        found += stream.take(chunks if number < 40 else chunks[:1], beats)
    last = found[-1][1]
    assert len(found) > 40
    assert last is not None
    assert last.present.tolist() == [True, False]


def test_a_beat_in_a_gap_of_both_leads_is_unknown_and_those_after_it_are_not() -> None:
    leads = []
    for lead in _PATIENT.leads:
        samples = lead.samples.copy()
        samples[5000:5200] = np.nan
        leads.append(Chunk(lead.channel, lead.rate_hz, samples, 0.0))
    found = _streamed(Patient((leads[0], leads[1]), _PATIENT.beats, _PATIENT.wide), (125,))
    lost = [beat.at_s for beat, features in found if features is None and beat.at_s > 10]
    assert lost
    assert all(19.4 < at_s < 21.4 for at_s in lost)


def test_classes_are_in_the_order_of_the_card() -> None:
    assert [str(one) for one in CLASSES] == ["N", "S", "V"]
