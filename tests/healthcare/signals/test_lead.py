from __future__ import annotations

import numpy as np

from healthcare.signals.beat import Chunk
from healthcare.signals.lead import Lead, envelopes


def _chunk(samples: int, start_s: float) -> Chunk:
    return Chunk("ii", 250.0, np.ones(samples, np.float32), start_s)


def test_a_chunk_that_comes_late_adds_only_what_is_new() -> None:
    lead = Lead("ii", 250.0, 0.0, 0)
    assert lead.take(_chunk(250, 0.0))
    lead.fill_to(500)
    assert lead.take(_chunk(500, 1.0))
    assert lead.clock.next_sample == 750


def test_a_short_hole_is_filled_and_a_long_one_is_another_stream() -> None:
    lead = Lead("ii", 250.0, 0.0, 0)
    assert lead.take(_chunk(250, 0.0))
    assert lead.take(_chunk(250, 3.0))
    assert lead.clock.next_sample == 1000
    assert lead.holes.between(249, 751)
    assert not lead.take(_chunk(250, 60.0))


def test_pieces_and_blocks_give_up_what_they_took() -> None:
    lead = Lead("ii", 250.0, 0.0, 1000)
    lead.take(_chunk(250, 0.0))
    envelopes([lead])
    heights, slopes = lead.piece(1060)
    assert heights.size == slopes.size == 60
    assert lead.piece(1125)[0].size == 65
    lead.close_block(1125, hold=False)
    assert lead.piece(1250)[0].size == 125


def test_envelopes_are_the_same_for_leads_together_and_by_themselves() -> None:
    rng = np.random.default_rng(3)
    together = [Lead(name, 250.0, 0.0, 0) for name in ("ii", "v")]
    alone = [Lead(name, 250.0, 0.0, 0) for name in ("ii", "v")]
    for number in range(4):
        for one, other in zip(together, alone, strict=True):
            chunk = Chunk(one.name, 250.0, rng.normal(size=125).astype(np.float32), number * 0.5)
            one.take(chunk)
            other.take(chunk)
        told = envelopes(together)
        for (_, heights, slopes), other in zip(told, alone, strict=True):
            ((_, own_heights, own_slopes),) = envelopes([other])
            assert np.array_equal(heights, own_heights)
            assert np.array_equal(slopes, own_slopes)
