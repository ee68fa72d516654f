"""What signing in costs and how long it lasts: `[access]` of the site file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.settings import STRICT_KEYS, Lasting
from verticals.store.pins import LEAST_DIGITS, LONGEST_DIGITS


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """`wrong_before_lock` wrong PINs in a row lock account and terminal, first for `first_lock`, then twice as long."""

    __pydantic_config__ = STRICT_KEYS

    idle_limit: Lasting = 600.0
    kiosk_idle_limit: Lasting = 60.0
    wrong_before_lock: Annotated[int, Field(ge=1, le=20)] = 5
    first_lock: Lasting = 60.0
    longest_lock: Lasting = 900.0
    least_digits: Annotated[int, Field(ge=LEAST_DIGITS, le=LONGEST_DIGITS)] = LEAST_DIGITS
