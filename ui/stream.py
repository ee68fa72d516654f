"""The `/stream` of a screen: one native WebSocket that carries heartbeat, events and live values.

A stream that may not be opened is accepted, told why in one frame, and closed: a browser shows no script the
status of a refused handshake. Only a foreign origin is refused outright.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from ui.gate import Scope, header, peer_of
from ui.hub import Hub, Screen, frame
from ui.identity import Identities, Peer, Person
from verticals.runtime.bridge import Bridge

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

STREAM_LIMIT = 64
CHECK_SESSION_EVERY_S = 5.0
_POLICY, _TOO_MANY = 1008, 1013


class Streams:
    """All open streams of a web process. `role` is the least role that may open one."""

    def __init__(
        self, hub: Hub, identities: Identities, bridge: Bridge, role: str, *, limit: int = STREAM_LIMIT
    ) -> None:
        self.refused = 0
        self._hub = hub
        self._identities = identities
        self._bridge = bridge
        self._role = role
        self._limit = limit

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One stream from handshake to end; returns within a moment of the browser's going."""
        await receive()  # websocket.connect
        if not _same_origin(scope):
            self.refused += 1
            await send({"type": "websocket.close"})
            return
        peer, token = peer_of(scope), self._token(scope)
        person = await self._bridge.call("sessions", self._identities.of, token, peer, touch=False)
        await send({"type": "websocket.accept"})
        if not self._identities.may(person, self._role):
            await self._refuse(send, "Sign in to see this screen live.", _POLICY)
        elif self._hub.streams >= self._limit:
            await self._refuse(send, f"{self._limit} screens are open already. Close one of them.", _TOO_MANY)
        else:
            await self._converse(_after(scope), person, peer, receive, send)

    async def _refuse(self, send: Send, reason: str, code: int) -> None:
        self.refused += 1
        await send({"type": "websocket.send", "text": frame("refused", reason=reason)})
        await send({"type": "websocket.close", "code": code, "reason": reason})

    async def _converse(self, after: int, person: Person, peer: Peer, receive: Receive, send: Send) -> None:
        screen = self._hub.join(after)
        tasks = [asyncio.create_task(part) for part in (
            _pump(screen, send), self._listen(receive, person, peer), self._watch(screen, person, peer),
            screen.full.wait(),
        )]  # fmt: skip
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave(screen)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, receive: Receive, person: Person, peer: Peer) -> None:
        """Returns when the browser is gone. The one thing a screen says: a person touched it."""
        while (message := await receive())["type"] != "websocket.disconnect":
            if person.token and _is_touch(message.get("text")):
                await self._bridge.call("sessions", self._identities.of, person.token, peer, touch=True)

    async def _watch(self, screen: Screen, person: Person, peer: Peer) -> None:
        """Ends a stream whose session has ended; the page then loads itself anew."""
        if not person.token:
            await asyncio.Event().wait()
        while True:
            await asyncio.sleep(CHECK_SESSION_EVERY_S)
            now = await self._bridge.call("sessions", self._identities.of, person.token, peer, touch=False)
            if now != person:
                screen.put(frame("signed-out"))
                await asyncio.sleep(CHECK_SESSION_EVERY_S)
                return

    def _token(self, scope: Scope) -> str:
        cookies = SimpleCookie()
        with contextlib.suppress(CookieError):
            cookies.load(header(scope, b"cookie"))
        found = cookies.get(self._identities.session_cookie)
        return found.value if found else ""


async def _pump(screen: Screen, send: Send) -> None:
    """Gives way after every frame: neither needs to wait, and that the browser is gone must be heard in between."""
    while True:
        content = await screen.next()
        kind = "text" if isinstance(content, str) else "bytes"
        await send({"type": "websocket.send", kind: content})
        await asyncio.sleep(0)


def _same_origin(scope: Scope) -> bool:
    scheme = "https" if scope["scheme"] == "wss" else "http"
    return header(scope, b"origin").lower() == f"{scheme}://{header(scope, b'host').lower()}"


def _after(scope: Scope) -> int:
    text = parse_qs(scope["query_string"].decode("latin-1")).get("after", ["0"])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _is_touch(text: str | None) -> bool:
    try:
        return text is not None and json.loads(text).get("t") == "touch"
    except (ValueError, AttributeError, RecursionError):
        return False
