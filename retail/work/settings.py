"""What a site says about the work in its store. Read from `[retail.work]`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Annotated

from pydantic import Field

from core.settings import STRICT_KEYS

_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_Whole = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class MarkdownStep:
    """From so many days before the date on, so many percent off."""

    __pydantic_config__ = STRICT_KEYS
    days_left: Annotated[int, Field(ge=0, le=365)]
    percent: Annotated[int, Field(ge=1, le=99)]


@dataclass(frozen=True)
class CountLimits:
    """A variance of more than this is counted again by another; of more than that a lead approves it.

    Units are pieces or kilograms; beyond either limit is beyond.
    """

    __pydantic_config__ = STRICT_KEYS
    recount_units: _Whole = 2
    recount_value_cents: _Whole = 1000
    approve_units: _Whole = 20
    approve_value_cents: _Whole = 5000


@dataclass(frozen=True)
class WorkSettings:
    """`opens`, `closes`: the store's own time; equal: always. `service`: share of order cycles without a stock-out."""

    __pydantic_config__ = STRICT_KEYS
    opens: _Clock = "08:00"
    closes: _Clock = "20:00"
    markdown: Sequence[MarkdownStep] = (MarkdownStep(3, 30), MarkdownStep(1, 50))
    expiring_days: Annotated[int, Field(ge=0, le=90)] = 3
    counts: CountLimits = field(default_factory=CountLimits)
    counts_a_day: Annotated[int, Field(ge=1, le=500)] = 30
    service: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    review_days: Annotated[float, Field(ge=0, le=60)] = 1.0
    lead_days: Annotated[float, Field(ge=0, le=365)] = 2.0

    @property
    def opening(self) -> tuple[time, time]:
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)
