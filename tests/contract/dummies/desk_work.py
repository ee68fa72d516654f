"""What the three dummies share: they have no devices of their own and one page nobody needs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from verticals.contract import (
    NOTHING,
    Acted,
    Decision,
    DeviceNews,
    Event,
    Health,
    Level,
    Reply,
    Role,
)
from verticals.web import Asked, Data, Desk, Page, Panel

ROLES = (Role("viewer", "Viewer"), Role("keeper", "Keeper", includes=("viewer",)))


class Quiet:
    """A station's answers where nothing is to be said."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    def acted(self, acted: Acted) -> Decision:
        return NOTHING

    def device_changed(self, news: DeviceNews) -> Decision:
        if news.ok:
            self.faults.pop(news.device, None)
        else:
            self.faults[news.device] = f"{news.device} is away. {news.detail}".strip()
        return NOTHING

    def health(self) -> Health:
        return Health(Level.FAULT if self.faults else Level.GOOD, "running", dict(self.faults))


def refuse(reason: str) -> Decision:
    return Decision(reply=Reply(False, reason))


def text(values: Any, name: str) -> str:
    """The text under `name`, empty where there is none or something else."""
    value = values.get(name, "")
    return value if isinstance(value, str) else ""


def of_kind(events: Iterable[Event], *kinds: str) -> Iterable[Event]:
    return (event for event in events if event.kind in kinds)


def one_page(theme: str) -> Panel:
    def about(desk: Desk, asked: Asked) -> Data:
        return Data({"app": desk.app})

    here = Path(__file__).parent
    return Panel((Page("/about", about, "viewer"),), here, here, theme, 5.0, "viewer")
