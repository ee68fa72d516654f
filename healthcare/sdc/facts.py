"""What a device's MDIB says (ISO/IEEE 11073-10207, BICEPS), free of the library that read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coded:
    """A coded value in MDC (11073-10101); `code` and `ref_id` are empty where the device has only a code of its own."""

    code: str = ""
    ref_id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Numeric:
    """A numeric metric and its state. `category`, `activation`, `validity`: the words of BICEPS."""

    handle: str
    type: Coded
    unit: Coded
    value: float | None
    category: str = "Msrmt"
    activation: str = "On"
    validity: str = "Vld"
    at_utc_s: float | None = None
    site: str = ""


@dataclass(frozen=True, slots=True)
class SampleArray:
    """A real-time sample array and its newest samples, `period_s` apart, the first at `start_utc_s`."""

    handle: str
    type: Coded
    unit: Coded
    period_s: float
    samples: Sequence[float]
    category: str = "Msrmt"
    activation: str = "On"
    validity: str = "Vld"
    start_utc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One way in which a condition is signalled: `manifestation` Aud, Vis; `presence` On, Off, Latch, Ack."""

    manifestation: str
    presence: str
    activation: str = "On"


@dataclass(frozen=True, slots=True)
class Condition:
    """An alert condition. `priority`: the actual one, else its descriptor's; `system`: the state of its alert system.

    `limits` (low, high) and `source` with its newest value where it has them.
    """

    handle: str
    type: Coded
    kind: str
    priority: str
    present: bool
    activation: str = "On"
    system: str = "On"
    signals: Sequence[Signal] = ()
    source: Numeric | None = None
    limits: tuple[float | None, float | None] = (None, None)
    at_utc_s: float | None = None
