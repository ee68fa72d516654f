"""A whole box that watches a simulated ward: `edgewise demo healthcare` on free ports, and what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.support.cells import Cell, free_ports, until

LINE, WEB = "healthcare:line", "healthcare:web"


class WardBox(Cell):
    """`with WardBox(folder) as box`: the demo's beds, with its own script of what happens to them.

    `gateway`: further words of `edgewise demo` on how the monitors send.
    """

    app = "healthcare"
    apps = (app,)

    def __init__(self, folder: Path, *, seed: int = 0, beds: int = 16, gateway: Sequence[str] = ()) -> None:
        super().__init__(folder)
        screen, hl7, waves = free_ports(3)
        self.url = f"http://127.0.0.1:{screen}"
        self.ports = ["--ward-port", str(screen), "--hl7-port", str(hl7), "--waves-port", str(waves)]
        self._words = ["--data", str(self.places.data), "--seed", str(seed), "--beds", str(beds), *self.ports, *gateway]

    def wait_for_beds(self, count: int, within_s: float) -> None:
        """Until so many beds have raised, admitted or told something that is on record."""
        until(lambda: self.runs() and len(self.admitted()) >= count, within_s, f"{count} patients are admitted", 0.2)

    def answers(self) -> bool:
        """Whether its screen is served."""
        try:
            return httpx.get(self.url, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def admitted(self) -> set[str]:
        return {event.subject for event in self.events("stay")}

    def alarms(self) -> dict[str, dict[str, Any]]:
        """The newest of each alarm on record, by id; those that are over are left out."""
        newest: dict[str, dict[str, Any]] = {}
        for event in self.events("alarm"):
            alarm = event.data.get("alarm")
            if alarm is None:
                continue
            newest.pop(alarm["id"], None)
            if event.data["act"] not in ("ended", "reset", "cancelled"):
                newest[alarm["id"]] = dict(alarm)
        return newest

    def page(self, path: str = "/") -> str:
        """A page as the kiosk gets it."""
        answer = httpx.get(self.url + path, timeout=10, follow_redirects=True)
        answer.raise_for_status()
        return answer.text
