from __future__ import annotations

import pytest

from healthcare.alarms.priority import Priority


def test_priorities_have_an_order_words_stars_and_shapes() -> None:
    assert Priority.LOW < Priority.MEDIUM < Priority.HIGH
    assert [level.word for level in Priority] == ["low", "medium", "high"]
    assert [level.stars for level in Priority] == ["*", "**", "***"]
    assert [level.shape for level in Priority] == ["disc", "diamond", "triangle"]


def test_a_priority_is_read_from_its_word_alone() -> None:
    assert all(Priority.of(level.word) is level for level in Priority)
    with pytest.raises(KeyError):
        Priority.of("urgent")
