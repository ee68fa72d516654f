"""Whether who sends over a link is held up until it is answered, from nothing but when it sends.

A sender that waits for its answers has as many messages unanswered as it ever had, and goes on as soon as it is
answered; what it holds back meanwhile nobody sees. Its record is urgent. One that keeps its own pace, a monitor that
sends once a second or a gateway that sends ahead, is answered a little later, with one commit for all: the SSD is
spared a page or two for each message. Who sends ahead of the answers shows it while the first message of a connection,
or one that comes after a pause, waits for that commit.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Who sends so soon after an answer had been waiting for it; a monitor's next reading comes later.
PROMPT_S = 0.1
#: How long a sender that was seen to wait is taken to go on so, also between its bursts.
REMEMBERED_S = 3.0
#: A sender that was silent for so long before the answer had stopped.
_STOPPED_S = 0.1


@dataclass(slots=True)
class Pace:
    """Of one connection; `window` is the most that this side lets a sender have unanswered. Times are monotonic s."""

    window: int
    unanswered: int = 0
    _ahead: int = 1  # the most it is known to have unanswered
    _most: int = 0  # the same since all was answered last
    _stopped: bool = False  # it was silent before it got the last answer that it was owed
    _came_mono_s: float = float("-inf")
    _answered_mono_s: float = float("-inf")
    _waits_until_mono_s: float = float("-inf")

    def came(self, now_mono_s: float, *, more: int = 0) -> bool:
        """A message came; whether its record is urgent. `more`: how many came together with it and follow it."""
        prompt = now_mono_s - self._answered_mono_s <= PROMPT_S
        many = 2 * self.unanswered >= self.window
        if self.unanswered == 0:
            if prompt and self._stopped:
                self._ahead = max(1, self._most)
            self._most = 0
        self.unanswered += 1
        self._most = max(self._most, self.unanswered)
        full = self.unanswered + more >= self._ahead
        self._ahead = max(self._ahead, self.unanswered + more)
        if full and prompt:
            self._waits_until_mono_s = now_mono_s + REMEMBERED_S
        self._came_mono_s = now_mono_s
        return many or (full and not more and now_mono_s <= self._waits_until_mono_s)

    def answered(self, now_mono_s: float) -> None:
        """One message, the oldest, was answered."""
        self.unanswered -= 1
        self._answered_mono_s = now_mono_s
        if self.unanswered == 0:
            self._stopped = now_mono_s - self._came_mono_s >= _STOPPED_S
