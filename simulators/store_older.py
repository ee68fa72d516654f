"""The older sales of a simulated store, which its tills hand in day by day once the box runs: the newest day first.

A day is a file as `edgewise retail import --sales` takes it, and is gone when it is in the box's inbox.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from core.clock import Clock
from core.errors import EdgewiseError
from core.logs import OutageLog
from retail.catalogue.bring import SOURCE, File, Files, Known, read_import
from retail.settings import RetailSettings
from simulators.store_links import wake
from verticals.places import Places
from verticals.store.database import open_database
from verticals.store.inbox import Inbox

log = logging.getLogger(__name__)

_APP = "retail"


class OlderSales:
    """One file each `every_s`, so that what happens now does not wait behind the past."""

    def __init__(self, folder: Path, places: Places, settings: RetailSettings, clock: Clock, every_s: float) -> None:
        self._folder, self._places, self._settings = folder, places, settings
        self._clock, self._every_s = clock, every_s
        self._outage = OutageLog(log, "older sales: the box")

    async def run(self) -> None:
        """Until nothing is left."""
        while self._left():
            await asyncio.sleep(self._every_s)
            await asyncio.to_thread(self._bring, self._left()[-1])

    def _left(self) -> list[Path]:
        return sorted(self._folder.glob("*.csv"))

    def _bring(self, path: Path) -> None:
        try:
            files = Files(sales=File(path.name, path.read_bytes()))
            brought = read_import(files, Known(), self._settings, self._clock.now().utc_s)
            engine = open_database(self._places.app_store(_APP))
            try:
                Inbox(engine).bring_all(SOURCE, [(fact.key, fact.payload) for fact in brought.facts])
            finally:
                engine.dispose()
            path.unlink()
        except (EdgewiseError, OSError) as error:
            self._outage.gone(error)
            return
        self._outage.back()
        wake(self._places)
