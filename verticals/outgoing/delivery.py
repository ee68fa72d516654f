"""Delivers one stream of the outbox, the oldest message first: at least once, in order, with back-off.

What cannot be reached is tried until it can. What was received and refused again and again is set aside, on disk and
counted, so that those behind it arrive; it is never dropped in silence.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Protocol

from core.errors import DeviceError
from core.logs import OutageLog
from verticals.store.outbox import Depth, Outbox, Parcel

log = logging.getLogger(__name__)

#: Behind the name of a stream: what its receiver refused again and again.
SET_ASIDE = "/set-aside"
_AT_ONCE = 20
_MOST_WORDS = 300


class RefusedByReceiverError(DeviceError):
    """It arrived, and the receiver will not have it: sending it again unchanged will hardly help."""


class Target(Protocol):
    """One receiver. Used by one thread at a time."""

    name: str

    def send(self, parcel: Parcel) -> None:
        """Returns when the receiver has said that it has it. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Hangs up; the next `send` connects again. Any thread may call it."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How a receiver's stream stands: what waits, how old its oldest is, what was set aside, the last problem."""

    name: str
    waiting: int
    oldest_age_s: float
    lost: int
    set_aside: int
    problem: str

    @property
    def ok(self) -> bool:
        return not self.problem and not self.lost and not self.set_aside

    @property
    def text(self) -> str:
        """`FHIR: 12 wait, the oldest for 40 s; 1 set aside: HTTP 422`; empty while all is well."""
        if self.ok:
            return ""
        said = f"{self.name}: {self.waiting} wait" + (
            f", the oldest for {self.oldest_age_s:.0f} s" * bool(self.waiting)
        )
        said += f"; {self.set_aside} set aside" * bool(self.set_aside)
        said += f"; {self.lost} gave way to newer ones" * bool(self.lost)
        return f"{said}: {self.problem}" if self.problem else said


def set_aside_stream(stream: str) -> str:
    return f"{stream}{SET_ASIDE}"


class Delivery:
    """Of one stream; one at a time works it. Every call may block for as long as the receiver takes."""

    def __init__(self, stream: str, outbox: Outbox, target: Target, set_aside_after: int) -> None:
        self.stream = stream
        self.target = target
        self._outbox = outbox
        self._set_aside_after = set_aside_after
        self._outage = OutageLog(log, target.name)

    def work(self) -> float | None:
        """Sends what can be sent now; seconds until there is more to do, None: nothing waits.

        Raises StoreError when the box's database cannot be read or written; then nothing was lost.
        """
        for parcel in self._outbox.next(self.stream, _AT_ONCE):
            if not self._send(parcel):
                break
        return self._outbox.due_in_s(self.stream)

    def standing(self) -> Standing:
        depth: Depth = self._outbox.depth(self.stream)
        aside = self._outbox.depth(set_aside_stream(self.stream))
        lost = depth.lost + aside.lost
        return Standing(self.target.name, depth.waiting, depth.oldest_age_s, lost, aside.waiting, depth.problem)

    def _send(self, parcel: Parcel) -> bool:
        try:
            self.target.send(parcel)
        except RefusedByReceiverError as error:
            return self._refused(parcel, error)
        except DeviceError as error:
            self._outage.gone(error)
            self._outbox.failed(parcel.id, error.message[:_MOST_WORDS])
            return False
        self._outage.back()
        self._outbox.sent([parcel.id])
        return True

    def _refused(self, parcel: Parcel, error: RefusedByReceiverError) -> bool:
        """Whether the next one may go: after so many refusals this one stands aside."""
        problem = error.message[:_MOST_WORDS]
        if parcel.attempts + 1 < self._set_aside_after:
            self._outbox.failed(parcel.id, problem)
            return False
        log.warning("%s: message %s is set aside after %d refusals", self.target.name, parcel.key, parcel.attempts + 1)
        content = {"payload": parcel.payload, "problem": problem, "created_utc_s": parcel.created_utc_s}
        self._outbox.put(set_aside_stream(self.stream), parcel.kind, content, key=parcel.key)
        self._outbox.sent([parcel.id])
        return True
