"""How the tills of a simulated store reach the box: by signed webhook or by files.

Each link keeps what it has to say until the box has it on its disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from core.clock import Clock
from core.logs import OutageLog
from verticals.places import Places
from verticals.signature import HEADER, sign

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 200
_TRIES_AGAIN_S = 2.0
_ANSWERED_WITHIN_S = 20.0
_APP = "retail"
_CSV_HEAD = (
    "store", "workstation", "sequence", "business_date", "time", "kind", "line", "item", "quantity", "amount", "type",
    "sellable", "voids_workstation", "voids_sequence", "voids_date",
)  # fmt: skip
_KEPT_FILES = 50


Said = Mapping[str, Any]


class Kept:
    """What is to be told, in order, each with the moment of the store's clock at which it became known."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, Said]] = []
        self.news = asyncio.Event()

    @property
    def oldest_s(self) -> float | None:
        """Of what the box has not got yet."""
        return self._queue[0][0] if self._queue else None

    def take(self, heard_s: float, said: Said) -> None:
        self._queue.append((heard_s, said))
        self.news.set()

    def first(self, most: int) -> list[Said]:
        return [said for _, said in self._queue[:most]]

    def done(self, count: int) -> None:
        del self._queue[:count]


class Link(Protocol):
    @property
    def kept(self) -> Kept: ...
    async def run(self) -> None: ...


class WebhookTill:
    """Sends what it has at once, as one signed message; the same message again until it is answered."""

    def __init__(self, name: str, url: str, secret: bytes, clock: Clock) -> None:
        self.online = True
        self.sent = 0
        self._url, self._secret, self._clock = url, secret, clock
        self.kept = Kept()
        self._outage = OutageLog(log, f"{name}: the box")

    def set_online(self, *, online: bool) -> None:
        """Offline it keeps its sales."""
        self.online = online
        self.kept.news.set()

    async def run(self) -> None:
        while True:
            await self.kept.news.wait()
            self.kept.news.clear()
            while self.online and (some := self.kept.first(_MOST_AT_ONCE)):
                if await asyncio.to_thread(self._told, some):
                    self.kept.done(len(some))
                    self.sent += len(some)
                else:
                    await asyncio.sleep(_TRIES_AGAIN_S)

    def _told(self, some: Sequence[Said]) -> bool:
        body = json.dumps({"transactions": list(some)}).encode()
        headers = {HEADER: sign(self._secret, self._clock.now().utc_s, body), "Content-Type": "application/json"}
        request = urllib.request.Request(self._url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWERED_WITHIN_S) as answer:
                said = json.load(answer)
        except (OSError, ValueError) as error:
            why = error.read(300).decode("utf-8", "replace") if isinstance(error, urllib.error.HTTPError) else ""
            self._outage.gone(f"{error} {why}".strip())
            return False
        self._outage.back()
        if said.get("refused"):
            log.warning("%s refused: %s", self._url, said.get("reasons"))
        return True


class DropTill:
    """Puts a file into the drop folder now and then; nobody reads half a file."""

    def __init__(self, folder: Path, every_s: float) -> None:
        self._folder, self._every_s = folder, every_s
        self.kept = Kept()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            some = self.kept.first(_MOST_AT_ONCE)
            if not some:
                continue
            dropped = await asyncio.to_thread(self._dropped, some)
            self.kept.done(len(some) if dropped else 0)

    def _dropped(self, some: Sequence[Said]) -> bool:
        name = f"till-{some[0]['workstation']}-{some[0]['business_date']}-{some[0]['sequence']}.csv"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{name}.part"
            part.write_text(as_csv(some), "utf-8")
            part.replace(self._folder / name)
            self._clear()
        except OSError as error:
            log.warning("%s: %s", self._folder, error)
            return False
        return True

    def _clear(self) -> None:
        """Files that were read long ago."""
        done = sorted((self._folder / "done").glob("till-*.csv"), key=lambda path: path.stat().st_mtime)
        for path in done[:-_KEPT_FILES]:
            path.unlink(missing_ok=True)


def as_csv(transactions: Sequence[Said]) -> str:
    """The rows of the drop folder (docs/retail/pos.md)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_HEAD, restval="", extrasaction="ignore")
    writer.writeheader()
    for each in transactions:
        voids = {f"voids_{name}": value for name, value in each.get("voids", {}).items()}
        head = {**each, "time": each["at"], "voids_date": voids.get("voids_business_date", ""), **voids}
        for line in each.get("lines", [{}]):
            writer.writerow({**head, **line, "sellable": "yes" if line.get("sellable") else ""})
    return text.getvalue()


def wake(places: Places) -> None:
    """Tells the line that its inbox holds something: it looks whenever somebody joins it."""
    with contextlib.suppress(OSError), contextlib.closing(socket.socket(socket.AF_UNIX)) as wire:
        wire.connect(str(places.live_socket(_APP)))
