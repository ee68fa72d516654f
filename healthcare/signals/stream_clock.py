"""Where the samples of a wave lie in its stream, though the clocks of monitors jitter, drift and jump."""

from __future__ import annotations

#: A chunk that starts this near to where the last one ended goes on from it.
JITTER_S = 0.1
#: From this much on, the stream's time is moved along, so that a drifting clock never adds up to a gap.
DRIFT_S = 0.02
#: A hole up to this long is filled and the stream goes on; after a longer one, and a step back, it begins anew.
BRIDGED_S = 5.0


class StreamClock:
    """Counts samples from `origin_s` on, which is `first_sample`; a moment without samples counts too."""

    def __init__(self, rate_hz: float, origin_s: float, first_sample: int = 0) -> None:
        self.rate_hz = rate_hz
        self.next_sample = first_sample
        self._offset_s = origin_s - first_sample / rate_hz  # stream time of sample 0

    def hole(self, start_s: float) -> int | None:
        """How many samples are missing before a chunk that starts then; None: it begins a new stream.

        To be called for every chunk, once what it returns was counted by `count`. 0 for a first chunk at the origin.
        """
        early_s = start_s - self.at_s(self.next_sample)
        if abs(early_s) <= JITTER_S:
            if abs(early_s) > DRIFT_S:
                self._offset_s += early_s
            return 0
        if 0 < early_s <= BRIDGED_S:
            return round(early_s * self.rate_hz)
        return None

    def begin(self, start_s: float) -> None:
        """Anew at `start_s`; counting goes on by the clock, never back."""
        later = round((start_s - self.at_s(self.next_sample)) * self.rate_hz)
        self.next_sample += max(later, 0)
        self._offset_s = start_s - self.next_sample / self.rate_hz

    def count(self, samples: int) -> None:
        self.next_sample += samples

    def at_s(self, sample: int) -> float:
        """Stream time of a sample."""
        return self._offset_s + sample / self.rate_hz
