"""How the models of a line fare: reviewed at its beat, told on the beat, and kept in a file for `edgewise doctor`.

A device of the whole app, `inference`, that has no output. Where the plan wants other runners or threads, the
engine is arranged anew, beside what runs.
"""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from core.errors import DeviceError, EdgewiseError
from core.inference.engine import LocalEngine
from core.inference.review import Review, Reviewer
from core.models.files import write_file
from verticals.contract import Action, DeviceNews, Json
from verticals.devices.base import Port
from verticals.runtime.bridge import Bridge

log = logging.getLogger(__name__)

_ARRANGING = "inference"
#: What stations are told of: what is asked does not fit; a model answers from elsewhere than asked.
SLOW, FALLEN = "model-slow", "model-fallen"
#: A library's own reason may be a page long; `edgewise doctor` has it whole.
_LONGEST_DETAIL = 120
#: The file is written anew after so many beats, news or not: some 20 s.
_WRITE_EVERY_BEATS = 40


class InferenceWatch:
    """Belongs to the line's event loop; `file` is where `edgewise doctor` looks."""

    name = "inference"

    def __init__(self, reviewer: Reviewer, engine: LocalEngine, bridge: Bridge, file: Path) -> None:
        self._reviewer = reviewer
        self._engine = engine
        self._bridge = bridge
        self._file = file
        self._port: Port | None = None
        self._news: dict[str, str] = {}

    async def run(self, port: Port) -> None:
        self._port = port
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        raise DeviceError(f"{self.name} has no output '{action.target}'")

    async def steer(self, *, ready: bool, beat: int) -> None:
        """Raises EdgewiseError when a model cannot be loaded as planned; it answers on as it is."""
        if self._port is None:
            return
        news = self._reviewer.look(self._port.clock.now())
        if news is not None:
            self._tell(self._port, news)
            await self._bridge.call(_ARRANGING, self._engine.arrange, news.plan.runners, news.plan.threads)
        if news is not None or beat % _WRITE_EVERY_BEATS == 0:
            await self._bridge.call(_ARRANGING, self._write)

    def told(self) -> Json:
        """What the beat says of it; empty before the first look."""
        review = self._reviewer.last
        return {} if review is None else _told(review)

    def _tell(self, port: Port, review: Review) -> None:
        """Stations hear when something is to be seen to, when it is another thing, and when it is over."""
        excess = f"{review.excess} does not fit, see doctor." if review.excess else ""
        for code, detail in ((SLOW, excess), (FALLEN, _fallen(review))):
            if (before := self._news.get(code, "")) == detail or (code == SLOW and before and detail):
                continue  # the figures of what does not fit change all the time
            self._news[code] = detail
            port.news(DeviceNews(self.name, not detail, port.clock.now(), code, detail))

    def _write(self) -> None:
        try:
            write_file(self._file, json.dumps(self.told(), ensure_ascii=False).encode())
        except EdgewiseError as error:
            log.warning("how the models fare cannot be kept: %s", error.message)


def _fallen(review: Review) -> str:
    """`flange: asked openvino, runs on cpu since 2026-11-24 10:04 UTC: ...`, of the first one; empty: none has."""
    fallen = [f"{slot}: {one.fallen}" for slot, one in review.standings.items() if one.fallen]
    more = f" And {len(fallen) - 1} more." if len(fallen) > 1 else ""
    return f"{fallen[0][:_LONGEST_DETAIL]}{more}" if fallen else ""


def _told(review: Review) -> dict[str, Any]:
    return {
        "fits": review.plan.fits,
        "share": round(review.plan.share, 3),
        "runners": review.plan.runners,
        "words": list(review.plan.words),
        "models": {
            slot: {
                "model": f"{one.model.name} {one.model.version}",
                "provider": one.provider,
                "usual_ms": round(one.usual_s * 1000, 2),
                "threads": one.threads,
                "fallen": one.fallen,
            }
            for slot, one in review.standings.items()
        },
    }
