"""A store in a box, live: tills with signed webhooks and files, hand-helds, an RFID reader over LLRP, a shelf camera.

    python -m simulators.store --home DIR --data DIR [--url http://127.0.0.1:8103] [--llrp-port 5084]

Everything invented. The same seed gives the same store; what it is truly like is in its world (`store_world.World`).
The home is made by `edgewise demo retail`: a calendar, the secret of the tills.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
from collections.abc import Iterable

import cv2

from core import logs
from core.clock import Clock, SystemClock
from core.errors import EdgewiseError, InputError
from retail.settings import RetailSettings
from simulators.llrp_reader import ReaderSetup, SimulatedReader
from simulators.store_bay import Bay
from simulators.store_calendar import Calendar, read_calendar
from simulators.store_facts import Count, Document, Fact
from simulators.store_hands import HandHelds
from simulators.store_links import DropTill, Link, WebhookTill
from simulators.store_live_settings import ONLINE_TILLS, LiveSettings, parser, settings_of, world_settings
from simulators.store_older import OlderSales
from simulators.store_past import OLDER
from simulators.store_tags import Tags
from simulators.store_words import STORE, TILL, Words
from simulators.store_world import World
from verticals.places import Places
from verticals.signature import read_secret
from verticals.store.server import Server

log = logging.getLogger(__name__)

_STEP_S, _SAVED_EVERY_S, _DROPS_EVERY_S, _OLDER_EVERY_S = 1.0, 10.0, 30.0, 15.0
#: A till loses the network for about a minute and a half, some minutes later again.
_ONLINE_S, _OFFLINE_S = (240.0, 600.0), (60.0, 120.0)


class LiveStore:
    """Belongs to one event loop: `run` until it is cancelled."""

    def __init__(self, settings: LiveSettings, calendar: Calendar, clock: Clock) -> None:
        self._settings, self._calendar, self._clock = settings, calendar, clock
        calendar.resume(clock.now().utc_s)
        self.world = World(world_settings(calendar), calendar.seed)
        lived_s = calendar.lived[0]
        self._untold = [fact for fact in self.world.advance(lived_s) if fact.heard_utc_s > calendar.told_s]
        products = self.world.products
        self._words = Words(calendar, {product.gtin: product for product in products})
        url, secret = f"{settings.url}/hooks/pos", read_secret(settings.secret)
        self._tills = {name: WebhookTill(f"till {name}", url, secret, clock) for name in ONLINE_TILLS}
        self._drop = DropTill(settings.drop, _DROPS_EVERY_S)
        server = Server(settings.store_url) if settings.store_url else None
        places = Places(settings.data, server)
        self._hand_helds = HandHelds(settings.url, settings.staff)
        retail = RetailSettings(STORE, time_zone=calendar.zone_name)
        self._older = OlderSales(settings.past / OLDER, places, retail, clock, _OLDER_EVERY_S)
        self.tags = Tags([product for product in products if product.tagged])
        self.reader = SimulatedReader(
            self.tags, ReaderSetup(antennas=2, seed=calendar.seed), port=settings.llrp_port, clock=clock
        )
        self.bay = Bay(settings.bay, products, calendar.seed)
        self._rng = random.Random(f"links {calendar.seed}")

    @property
    def links(self) -> list[Link]:
        return [*self._tills.values(), self._drop, self._hand_helds]

    async def run(self) -> None:
        """Raises PortBusyError, and OSError where the bay cannot be written."""
        self.bay.set_up()
        self._follow(0.0)
        await self.reader.start()
        tasks = [asyncio.create_task(link.run()) for link in self.links]
        tasks.append(asyncio.create_task(self._older.run()))
        tasks.append(asyncio.create_task(self._cut_off(self._tills[ONLINE_TILLS[-1]])))
        try:
            self._tell(self._untold)
            await self._live()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.reader.stop()

    async def _live(self) -> None:
        begin = saved = self._clock.now()
        while True:
            now = self._clock.now()
            self._tell(self.world.advance(self._calendar.to_store(now.utc_s)))
            self._follow(now.since(begin))
            self._calendar.live(now.utc_s)
            if now.since(saved) >= _SAVED_EVERY_S:
                saved = now
                self._save()
            await asyncio.sleep(_STEP_S)

    def _tell(self, facts: Iterable[Fact]) -> None:
        """Cameras and tag readers of the world are silent: the rendered bay and the LLRP reader say it."""
        for fact in facts:
            if isinstance(fact, Document) and fact.source.startswith(TILL):
                till: Link = self._tills.get(fact.source.removeprefix(TILL), self._drop)
                till.kept.take(fact.heard_utc_s, self._words.transaction(fact))
            elif isinstance(fact, Document | Count):
                self._hand_helds.kept.take(fact.heard_utc_s, self._words.document(fact))

    def _follow(self, now_s: float) -> None:
        self.tags.follow(self.world)
        self.bay.follow(self.world)
        self.bay.look(now_s)

    def _save(self) -> None:
        """Where it is to go on after an end: what is kept by a link would be told again."""
        oldest = [link.kept.oldest_s for link in self.links]
        untold = [moment for moment in oldest if moment is not None]
        self._calendar.told_s = min([self.world.now_utc_s, *(moment - 1e-3 for moment in untold)])
        try:
            self._calendar.save(self._settings.calendar)
        except OSError as error:
            log.warning("%s: %s", self._settings.calendar, error)

    async def _cut_off(self, till: WebhookTill) -> None:
        while True:
            await asyncio.sleep(self._rng.uniform(*_ONLINE_S))
            till.set_online(online=False)
            await asyncio.sleep(self._rng.uniform(*_OFFLINE_S))
            till.set_online(online=True)


async def run_store(settings: LiveSettings) -> None:
    """The store until it is stopped. Says where its reader listens as one JSON line on standard output."""
    calendar = read_calendar(settings.calendar)
    if calendar is None:
        raise InputError(f"{settings.calendar}: the store has no past yet", hint="`edgewise demo retail` makes one.")
    store = LiveStore(settings, calendar, SystemClock())
    sys.stdout.write(json.dumps({"url": settings.url, "llrp": f"127.0.0.1:{settings.llrp_port}"}) + "\n")
    sys.stdout.flush()
    await store.run()


def main() -> int:
    logs.set_up("info")
    cv2.setNumThreads(1)
    try:
        asyncio.run(run_store(settings_of(parser(__doc__.partition("\n")[0]).parse_args())))
    except KeyboardInterrupt:
        return 0
    except EdgewiseError as error:
        log.error("%s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
