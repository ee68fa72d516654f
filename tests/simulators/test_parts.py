from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from simulators.flaws import FLAWS
from simulators.parts import GOOD, render, render_good_set, render_test_set, stream


def test_the_same_seed_gives_the_same_pixels() -> None:
    assert np.array_equal(render(3).image, render(3).image)
    assert not np.array_equal(render(3).image, render(4).image)


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_shows_in_the_picture_where_the_good_part_has_none(flaw: str) -> None:
    good, flawed = render(5).image.astype(int), render(5, flaw).image.astype(int)
    assert good.shape == flawed.shape == (600, 800, 3)
    changed = np.abs(good - flawed).max(axis=2) > 25
    assert 60 < changed.sum() < 20_000, f"{flaw}: {changed.sum()} pixels differ"


def test_a_flaw_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="no flaw called 'moth'"):
        render(1, "moth")


def test_the_stream_has_flawed_parts_in_the_share_asked_for() -> None:
    truths = [part.truth for part in islice(stream(1, 0.5), 12)]
    assert GOOD in truths
    assert set(truths) - {GOOD} <= set(FLAWS)


def test_sets_to_teach_and_to_test_are_written_as_evaluate_reads_them(tmp_path: Path) -> None:
    taught = render_good_set(tmp_path / "train" / "good", 2)
    tested = render_test_set(tmp_path, good=1, flawed_each=1)
    assert all(path.is_file() for path in taught + tested)
    assert sorted(folder.name for folder in (tmp_path / "test").iterdir()) == sorted([GOOD, *FLAWS])
