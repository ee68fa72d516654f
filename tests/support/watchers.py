"""A screen that stays open whatever happens to the box, and notes when it was told what."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin


@dataclass(frozen=True, slots=True)
class Told:
    """One frame of the stream, or `opened` and `closed` of the connection itself."""

    mono_s: float
    kind: str
    data: dict[str, Any]

    @property
    def live(self) -> bool:
        """A beat that says that the line is there."""
        return self.kind == "beat" and not self.data["stale"]

    @property
    def stale(self) -> bool:
        return self.kind == "beat" and bool(self.data["stale"])


class ScreenWatch:
    """`with ScreenWatch(url) as screen`: connects in a thread, and again when it was closed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._told: list[Told] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screen")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def told(self) -> list[Told]:
        return list(self._told)

    def first(self, after_mono_s: float, such: Callable[[Told], bool]) -> Told | None:
        """The first that came after that moment and is such; None before there is one."""
        return next((told for told in self.told() if told.mono_s > after_mono_s and such(told)), None)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(
                    self._url.replace("http", "ws", 1) + "/stream", origin=Origin(self._url), open_timeout=2
                ) as stream:
                    self._note("opened", {})
                    while not self._stop.is_set():
                        self._hear(stream)
            except (OSError, WebSocketException, EOFError):
                if self._told and self._told[-1].kind != "closed":
                    self._note("closed", {})
                self._stop.wait(0.05)

    def _hear(self, stream: Any) -> None:
        try:
            text = stream.recv(timeout=0.2)
        except TimeoutError:
            return
        if isinstance(text, str):
            frame = json.loads(text)
            self._note(frame["t"], frame)

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        self._told.append(Told(time.monotonic(), kind, data))
