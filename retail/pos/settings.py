"""How tills reach the store. Read from `[retail.pos]` of edgewise.toml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.settings import STRICT_KEYS, Lasting


@dataclass(frozen=True)
class DropSettings:
    """A folder that tills, or what collects from them, put whole files into: `.csv`, `.json`, `.xml`."""

    __pydantic_config__ = STRICT_KEYS
    folder: Path
    every: Lasting = 5.0


@dataclass(frozen=True)
class PosSettings:
    """`secret_file` holds the secret that the webhook's messages are signed with; empty: there is no webhook."""

    __pydantic_config__ = STRICT_KEYS
    secret_file: str = ""
    within: Lasting = 300.0
    drop: DropSettings | None = field(default=None)
