"""The back office over a real web process, with a stand-in for the line: what the store tells and answers."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any, Self

from sqlalchemy import inspect, text

from core.clock import Clock, Instant
from retail import tables
from retail.panel import panel
from retail.settings import STORE, RetailSettings
from retail.vertical import MANIFEST
from tests.support.screens import PIN, ScreenRig, Trial, Visitor, eventually
from verticals.contract import Command, Event, Json, Reply
from verticals.runtime.live import LiveMessage
from verticals.store.database import writing
from verticals.store.events import Entry

#: Mon 23 Nov 2026, 14:05:07 in Berlin.
NOW_UTC_S = 1_795_439_107.0
NOW_MS = int(NOW_UTC_S * 1000)
SETTINGS = RetailSettings(store="Store 014", time_zone="Europe/Berlin", back_places=("backroom", "cold-room"))


class RunningClock:
    """Runs as the system's does, from the moment of the tests."""

    def __init__(self, utc_s: float = NOW_UTC_S) -> None:
        self._began, self._utc_s = time.monotonic(), utc_s

    def now(self) -> Instant:
        now = time.monotonic()
        return Instant(now, self._utc_s + now - self._began)


class StoreRig(ScreenRig):
    """`with StoreRig(folder) as store`: orders are kept in `orders` and answered by `answer`."""

    def __init__(self, folder: Path, settings: RetailSettings = SETTINGS, *, clock: Clock | None = None) -> None:
        vertical = Trial(panel(), MANIFEST)
        super().__init__(folder, vertical=vertical, manifest=MANIFEST, settings=settings, clock=clock or RunningClock())
        self.orders: list[Command] = []
        self.answer: Callable[[Command], Reply] = lambda command: Reply(True)
        self.told: dict[str, Json] = {}
        self._people: dict[str, Visitor] = {}
        self._beating = threading.Event()
        self._ended = threading.Event()

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        super().__exit__(*exc)

    # What the tables hold

    def project(self, *events: Event) -> None:
        """Into the store's own tables, as the line does it."""
        with writing(self.store.engine) as connection:
            for event in events:
                list(tables.project(event, connection))

    def catalogue(self, products: Sequence[Json] = (), slots: Sequence[Json] = ()) -> None:
        self.project(Event("catalogue", "test", NOW_UTC_S, {"products": products, "slots": slots}, STORE))

    def documents(self, *documents: Json) -> None:
        [event] = self.record(Event("documents", "test", NOW_UTC_S, {"documents": documents}, STORE))
        self.project(event)

    def insert(self, table: str, *rows: Json) -> None:
        """Rows as they stand in a table; what is left out is empty, lists and mappings are JSON."""
        columns = {str(column["name"]): column for column in inspect(self.store.engine).get_columns(table)}
        names = ", ".join(f":{column}" for column in columns)
        statement = text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({names})")
        with writing(self.store.engine) as connection:
            for row in rows:
                assert set(row) <= set(columns), f"{table} has no {set(row) - set(columns)}"
                whole = {name: row.get(name, _usual(name, column)) for name, column in columns.items()}
                connection.execute(statement, {name: _plain(value) for name, value in whole.items()})

    def end_task(self, task: str, state: str) -> None:
        """As the desk's event leaves it."""
        statement = text("UPDATE tasks SET state = :state, ended_ms = :at WHERE id = :id")
        with writing(self.store.engine) as connection:
            connection.execute(statement, {"state": state, "at": NOW_MS, "id": task})

    def clear(self, table: str) -> None:
        with writing(self.store.engine) as connection:
            connection.execute(text(f"DELETE FROM {table}"))

    # People and the line

    def as_(self, name: str, role: str) -> Visitor:
        if name not in self._people:
            self.accounts.add(name, PIN, {"retail": role}, by="the test")
            visitor = self.client()
            visitor.sign_in(name, PIN)
            self._people[name] = visitor
        return self._people[name]

    @property
    def lead(self) -> Visitor:
        return self.as_("Lead 2", "lead")

    @property
    def associate(self) -> Visitor:
        return self.as_("Operator 22", "associate")

    @property
    def viewer(self) -> Visitor:
        return self.as_("Viewer 9", "viewer")

    def run_line(self, **told: Any) -> Self:
        """From now on there is a line that beats and works orders, until `silence_line`; `told` is the desk's word."""
        self.line.receive = self._work
        self.start_line()
        threading.Thread(target=self._beat_on, daemon=True).start()
        self.tell(store=told)
        return self

    def tell(self, **stations: Json) -> None:
        """What stations tell (`bay_A7_2` is `bay-A7.2`), and a beat; returns when the web process has heard it."""
        self._beating.set()
        for name, data in stations.items():
            station = name.replace("_", "-", 1).replace("_", ".")
            self.told[station] = data
            self.publish("live", {"station": station, "data": data})
        self.beat()
        eventually(lambda: not self.web.hub.stale and all(self._heard(*one) for one in self.told.items()))

    def silence_line(self) -> None:
        self._beating.clear()
        eventually(lambda: self.web.hub.stale)

    def stop(self) -> None:
        self._beating.clear()
        super().stop()

    def _beat_on(self) -> None:
        while not self._ended.wait(0.4):
            if self._beating.is_set():
                self.beat()

    def _heard(self, station: str, data: Json) -> bool:
        known = self.web.hub._live.get(station, {})
        return all(known.get(name, self) == value for name, value in data.items())

    def _work(self, message: LiveMessage) -> None:
        if message.topic != "command":
            return
        for pending in self.commands.pending():
            self.orders.append(pending.command)
            reply = self.answer(pending.command)
            self.store.append([Entry(replies=[(pending.command.id, reply)])])
            self.line.publish(LiveMessage("command", {"id": pending.command.id}))


_USUAL: Mapping[str, Any] = {
    "state": "open", "source": "camera", "facts": "{}", "disagree": "[]", "counters": "[]", "mode": "add",
    "opened_ms": NOW_MS, "changed_ms": NOW_MS, "expires_ms": NOW_MS + 10**7, "since_ms": NOW_MS, "made_ms": NOW_MS,
    "planned_ms": NOW_MS, "at_ms": NOW_MS, "confidence": 0.9, "round": 1,
}  # fmt: skip


def _usual(name: str, column: Any) -> Any:
    """What a column holds where a test does not say."""
    if name in _USUAL:
        return _USUAL[name]
    return None if column["nullable"] else "" if issubclass(column["type"].python_type, str) else 0


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def words(html: str) -> str:
    """What a person reads on a page, in one line."""
    main = re.sub(r"<(script|style|head|noscript|option).*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def read(visitor: Visitor, address: str, status: int = 200) -> str:
    answer = visitor.get(address, follow_redirects=True)
    assert answer.status_code == status, answer.text
    return words(answer.text)


def send(visitor: Visitor, path: str, **values: str) -> tuple[int, str]:
    """A form; the page that it leads to."""
    answer = visitor.post(path, data={"csrf": visitor.csrf(), **values}, follow_redirects=True)
    return answer.status_code, words(answer.text)
