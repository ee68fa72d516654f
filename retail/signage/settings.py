"""What a site says about the screens in its aisles: `[retail.signage]` of edgewise.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from core.settings import STRICT_KEYS, Lasting

#: A slot is short enough for many a day, and long enough that who sees it has bought before it is over.
Slot = Annotated[Lasting, Field(ge=300.0, le=7200.0)]


@dataclass(frozen=True)
class SignageSettings:
    """`hold_out` is the share of time slots, drawn by `seed`, in which nothing that sells is shown; a product is one
    that `sells well` by its last `selling_within`; a customer's code is forgotten after `forget_after`."""

    __pydantic_config__ = STRICT_KEYS
    slot: Slot = 900.0
    hold_out: Annotated[float, Field(ge=0.0, le=0.5)] = 0.2
    seed: Annotated[str, Field(min_length=1, max_length=60)] = "1"
    selling_within: Annotated[Lasting, Field(ge=600.0, le=86_400.0)] = 7200.0
    forget_after: Annotated[Lasting, Field(ge=10.0, le=600.0)] = 60.0
    baskets_of: Annotated[int, Field(ge=1, le=365)] = 90
    least_baskets: Annotated[int, Field(ge=5, le=1000)] = 20
