from typing import Any

import pytest

from core.errors import InputError
from core.learning.labels import UNNAMED, Label, training_set


def _label(picture: int, label: str, at: float = 0.0, **more: Any) -> Label:
    return Label(f"{picture:064x}", label, at, **more)


def test_each_label_says_good_or_defect() -> None:
    found = training_set([
        _label(1, "false-reject", rejected=True),
        _label(2, "missed-defect", rejected=False, defect="crack"),
        _label(3, "other-defect", rejected=True, defect="dent"),
        _label(4, "right", rejected=True),
        _label(5, "right", rejected=False),
    ])  # fmt: skip
    assert [int(one.picture, 16) for one in found.good] == [1, 5]
    assert [(int(one.picture, 16), one.kind) for one in found.defects] == [(2, "crack"), (3, "dent"), (4, UNNAMED)]


def test_right_about_a_part_that_was_not_judged_says_nothing() -> None:
    found = training_set([_label(1, "right")])
    assert (found.good, found.defects, found.unclear) == ((), (), 1)


def test_the_newest_label_of_a_picture_counts_and_the_change_of_mind_is_told() -> None:
    found = training_set([_label(1, "false-reject", at=9.0), _label(1, "missed-defect", at=3.0, defect="crack")])
    assert [one.picture[-1] for one in found.good] == ["1"]
    assert (found.defects, found.changed) == ((), 1)


def test_of_two_labels_of_the_same_time_the_later_one_counts() -> None:
    found = training_set([_label(1, "false-reject"), _label(1, "missed-defect")])
    assert len(found.defects) == 1


def test_the_same_label_twice_is_one_picture() -> None:
    found = training_set([_label(1, "missed-defect"), _label(1, "missed-defect", at=1.0)])
    assert (len(found.defects), found.changed) == (1, 0)


def test_a_type_that_was_named_once_stays_until_another_is_named() -> None:
    labels = [_label(1, "missed-defect", at=1.0, defect="crack"), _label(1, "missed-defect", at=2.0)]
    assert training_set(labels).kinds() == {"crack": 1}
    assert training_set([*labels, _label(1, "other-defect", at=3.0, defect="dent")]).kinds() == {"dent": 1}


def test_a_type_named_before_the_part_was_called_good_is_forgotten() -> None:
    labels = [
        _label(1, "missed-defect", at=1.0, defect="crack"),
        _label(1, "false-reject", at=2.0),
        _label(1, "missed-defect", at=3.0),
    ]
    assert training_set(labels).kinds() == {UNNAMED: 1}


def test_a_label_that_was_taken_back_is_forgotten() -> None:
    labels = [_label(1, "missed-defect", at=1.0, defect="crack"), _label(1, "none", at=2.0)]
    found = training_set(labels)
    assert (found.good, found.defects, found.changed, found.unclear) == ((), (), 0, 0)
    again = training_set([*labels, _label(1, "false-reject", at=3.0)])
    assert (len(again.good), again.changed) == (1, 0)


def test_types_are_counted_the_most_frequent_first() -> None:
    labels = [_label(index, "missed-defect", defect="dent" if index % 3 else "crack") for index in range(7)]
    assert list(training_set(labels).kinds().items()) == [("dent", 4), ("crack", 3)]


def test_who_labelled_is_not_read() -> None:
    entry = {
        "picture": "AB" * 32,
        "label": "right",
        "at_utc_s": 5,
        "rejected": True,
        "part": "17",
        "who": "Operator 14",
    }
    label = Label.of(entry)
    assert label == Label("ab" * 32, "right", 5.0, rejected=True, part="17")
    assert "Operator" not in repr(label)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"label": "right", "at_utc_s": 1}, "names its picture by SHA-256, not None"),
        ({"picture": "xyz", "label": "right", "at_utc_s": 1}, "by SHA-256, not 'xyz'"),
        ({"picture": "0" * 64, "label": "bad", "at_utc_s": 1}, "is one of right, false-reject, .* not 'bad'"),
        ({"picture": "0" * 64, "label": "right"}, "has no time"),
        ({"picture": "0" * 64, "label": "right", "at_utc_s": True}, "has no time"),
        (
            {"picture": "0" * 64, "label": "right", "at_utc_s": 1, "rejected": "yes"},
            "'rejected' of picture 000000000000",
        ),
    ],
)
def test_a_label_that_makes_no_sense_is_refused_in_words(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Label.of(entry)
