"""A real web process over a real data directory, with a stand-in for the line: for tests of screens."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from core.clock import Clock, SystemClock
from core.errors import InputError, RefusedError
from ui.screen import open_screen
from ui.serve import Listen, Web
from verticals.contract import DeviceSpec, Event, Json, Manifest, Reply, Role, Sample, Station, Vertical
from verticals.places import Places
from verticals.runtime.live import LiveMessage, LiveServer
from verticals.store.access import AccessSettings
from verticals.store.accounts import Accounts
from verticals.store.audit import Audit
from verticals.store.commands import Commands
from verticals.store.database import open_database
from verticals.store.events import Entry, EventStore
from verticals.web import Answered, Asked, Data, Desk, File, Go, Page, Panel, Shown

T = TypeVar("T")
PIN = "4711"

MANIFEST = Manifest(
    name="trial",
    title="Trial",
    settings=dict,
    roles=(Role("operator", "Operator"), Role("engineer", "Engineer", includes=("operator",))),
    kiosk_role="operator",
)


def _shown(desk: Desk, asked: Asked) -> Answered:
    live = desk.live()
    return Shown("trial.html", {"who": asked.who, "role": asked.role, "live": live["stations"]})


def _data(desk: Desk, asked: Asked) -> Answered:
    return Data({"path": dict(asked.path), "query": dict(asked.query), "who": asked.who, "role": asked.role})


def _order(desk: Desk, asked: Asked) -> Answered:
    reply = desk.ask("press", "stop", asked.body or dict(asked.form), who=asked.who, role=asked.role, wait_s=0.5)
    desk.audit("stop", {"accepted": reply.accepted}, who=asked.who, role=asked.role)
    return Data({"accepted": reply.accepted, "reason": reply.reason}, status=200 if reply.accepted else 409)


def _bring(desk: Desk, asked: Asked) -> Answered:
    return Data({"id": desk.bring("till", asked.form["key"], {"files": [item.name for item in asked.files]})})


def _fails(desk: Desk, asked: Asked) -> Answered:
    faults: dict[str, Exception] = {
        "input": InputError("no such thing"),
        "refused": RefusedError("not now", hint="Wait."),
    }
    raise faults.get(asked.path["how"], ZeroDivisionError("secret inside"))


def _tell(event: Event) -> Json | None:
    if event.kind == "broken":
        raise KeyError("data")
    return {"kind": event.kind, "subject": event.subject} if event.kind != "silent" else None


def trial_panel(folder: Path, not_updating_after_s: float = 3.0) -> Panel:
    """Pages of every kind, at roles of both kinds; the template is written into `folder`."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "static" / "trial").mkdir(parents=True, exist_ok=True)
    (folder / "static" / "trial" / "page.css").write_text("/* empty */")
    page = (
        '{% extends "ui/page.html" %}{% block main %}<main><h1>{{ who or "nobody" }} as {{ role }}</h1>'
        '<p data-part="age">0:00</p><time data-part="clock">14:05:07</time>'
        '<a href="/sign-in?next=/">Sign in</a><p>{{ live }}</p>'
        '<button data-part="hold" data-hold-ms="300" type="button">Hold</button></main>{% endblock %}'
    )
    (folder / "templates" / "trial.html").write_text(page)
    return Panel(
        pages=(
            Page("/", _shown, "operator"),
            Page("/data/<thing>", _data, "operator"),
            Page("/settings", _data, "engineer"),
            Page("/order", _order, "operator", methods=("POST",)),
            Page("/bring", _bring, "operator", methods=("POST",)),
            Page("/tune", _order, "engineer", methods=("POST",)),
            Page("/file", lambda desk, asked: File(b"a,b\n", "text/csv", name="list.csv"), "operator"),
            Page("/go", lambda desk, asked: Go("/data/there"), "operator", methods=("GET", "POST")),
            Page("/fails/<how>", _fails, "operator"),
        ),
        templates=folder / "templates",
        static=folder / "static",
        theme="plant",
        not_updating_after_s=not_updating_after_s,
        stream_role="operator",
        tell=_tell,
    )


@dataclass
class Trial:
    """An app that has nothing but its pages."""

    given: Panel
    manifest: Manifest = MANIFEST

    def stations(self, settings: Any) -> Sequence[Station]:
        return []

    def devices(self, settings: Any) -> Sequence[DeviceSpec]:
        return []

    def route(self, sample: Sample) -> str | None:
        return None

    def project(self, event: Event, connection: Any) -> None:
        return None

    def panel(self) -> Panel:
        return self.given


class ScreenRig:
    """`with ScreenRig(folder) as rig`: the web process in a thread, its line's end in the same loop."""

    def __init__(
        self,
        folder: Path,
        *,
        listen: Listen | None = None,
        manifest: Manifest = MANIFEST,
        panel: Panel | None = None,
        access: AccessSettings | None = None,
        clock: Clock | None = None,
        not_updating_after_s: float = 3.0,
        blank: Path | None = None,
        vertical: Vertical | None = None,
        settings: Any = None,
    ) -> None:
        self.folder = folder
        self._blank = blank
        self.places = Places(folder / "data")
        self.clock = clock or SystemClock()
        self._vertical = vertical or Trial(panel or trial_panel(folder, not_updating_after_s), manifest)
        self._settings = settings if settings is not None else {}
        self._listen = listen or Listen()
        self._access = access
        self.line = LiveServer(self.places.live_socket(manifest.name))
        self.web: Web
        self.url = ""
        self.loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._visitors: list[Visitor] = []

    def __enter__(self) -> Self:
        self.places.make(self._vertical.manifest.name)
        if self._blank is not None:
            shutil.copytree(self._blank, self.places.data, dirs_exist_ok=True)
        self.start()
        box = open_database(self.places.box_db)
        self.audit = Audit(box, self.clock)
        manifest = self._vertical.manifest
        roles = {"trial": MANIFEST.roles, "other": (Role("guest", "Guest"),), manifest.name: manifest.roles}
        self.accounts = Accounts(box, roles, self.audit, self.clock)
        self.store = EventStore(open_database(self.places.events_db(manifest.name)))
        self.commands = Commands(self.store.engine)
        return self

    def __exit__(self, *exc: object) -> None:
        for visitor in self._visitors:
            visitor.close()
        self.stop()

    def start(self) -> None:
        """Again on the same address after `stop`."""
        self.web = open_screen(
            self._vertical,
            self._settings,
            self.places,
            self._listen,
            access=self._access,
            clock=self.clock,
            simulated=True,
        )
        self.url = self.web.url
        self._listen = Listen(
            self._listen.host, int(self.url.rpartition(":")[2]), self._listen.allow, streams=self._listen.streams
        )
        started = threading.Event()

        async def main() -> None:
            self.loop = asyncio.get_running_loop()
            started.set()  # the socket listens since it was bound
            await self.web.run()

        self._thread = threading.Thread(target=asyncio.run, args=(main(),))
        self._thread.start()
        assert started.wait(10)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.in_loop(self.line.stop())
            self.web.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def start_line(self) -> None:
        """The line's end of the live line; returns when the web process has connected to it."""
        joined = threading.Event()
        self.line.joined = joined.set
        self.in_loop(self.line.start())
        assert joined.wait(5)

    def publish(self, topic: str, data: Json, payload: bytes = b"") -> None:
        message = LiveMessage(topic, data, payload)
        self.loop.call_soon_threadsafe(self.line.publish, message)

    def beat(self, **stations: Json) -> None:
        self.publish("beat", {"at": self.clock.now().utc_s, "sequence": 0, "stations": stations, "depth": 0})

    def record(self, *events: Event) -> list[Event]:
        """As the line does it: into the store first, then told on the live line."""
        [recorded] = self.store.append([Entry(events)])
        self.publish("stored", {"sequence": recorded[-1].sequence})
        return recorded

    def answer_commands(self, reply: Reply) -> None:
        """From now on each order of a screen gets this reply, in the way of the line."""

        def receive(message: LiveMessage) -> None:
            if message.topic == "command":
                self.store.append([Entry(replies=[(int(message.data["id"]), reply)])])
                self.line.publish(LiveMessage("command", message.data))

        self.line.receive = receive

    def client(self, **headers: str) -> Visitor:
        self._visitors.append(Visitor(self.url, headers))
        return self._visitors[-1]


class Visitor(httpx.Client):
    """A browser that keeps cookies and finds the CSRF token of a page it has seen."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(base_url=url, headers={"Accept": "text/html", **headers}, verify=False)

    def csrf(self) -> str:
        page = self.get("/sign-in").text
        return page.partition('name="csrf" content="')[2].partition('"')[0]

    def order(self, path: str, values: Json, **headers: str) -> httpx.Response:
        """JSON with the token, as the shell's own script sends it."""
        given = {"Accept": "application/json", "X-CSRF-Token": self.csrf(), **headers}
        return self.post(path, json=dict(values), headers=given)

    def sign_in(self, who: str, pin: str = PIN) -> httpx.Response:
        return self.post("/sign-in", data={"csrf": self.csrf(), "who": who, "pin": pin, "next": "/settings"})


def eventually(true: Callable[[], bool], within_s: float = 5.0) -> None:
    """Waits until `true()`, for what another thread is about to do."""
    waiting = threading.Event()
    for _ in range(int(within_s / 0.005)):
        if true():
            return
        waiting.wait(0.005)
    raise AssertionError(f"not true within {within_s} s")
