"""The ASGI front of a web process: the gate first, then the stream natively, and every page to Flask on threads.

Flask's threads never hold a stream, so that any number of open screens leaves pages as quick as none.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from flask import Flask

from ui.gate import Gate, Scope
from ui.metrics import WebMetrics
from ui.stream import Receive, Send, Streams

PAGE_THREADS = 8
#: Tells the pages the address as it was sent; a header of this name from outside is dropped.
TARGET = b"x-edgewise-target"
Pages = Callable[[Scope, Receive, Send], Awaitable[None]]


class Front:
    def __init__(self, pages: Flask, streams: Streams, gate: Gate, metrics: WebMetrics) -> None:
        wsgi: Any = pages.wsgi_app  # the two libraries spell the same protocol with types of their own
        self._middleware = WSGIMiddleware(wsgi, workers=PAGE_THREADS)
        self._pages: Pages = cast(Pages, self._middleware)
        self._streams = streams
        self._gate = gate
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if refusal := self._gate.refusal(scope):
            await _refuse(scope, receive, send, refusal)
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        elif scope["path"] == "/healthz/live":
            await _answer(send, 200, {"live": True})
        else:
            with self._metrics.request_seconds.time():
                await self._pages(_with_target(scope), receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await self._streams.serve(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close"})

    def close(self) -> None:
        """Lets the pages under way end; no new one begins."""
        self._middleware.executor.shutdown(wait=False, cancel_futures=True)


def _with_target(scope: Scope) -> Scope:
    """With path and query as they came, which WSGI decodes: what is signed is signed as it was sent."""
    headers = [(name, value) for name, value in scope["headers"] if name != TARGET]
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return {**scope, "headers": [*headers, (TARGET, path + b"?" + query if query else path)]}


async def _refuse(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        await _answer(send, 403, {"error": why})


async def _answer(send: Send, status: int, values: dict[str, Any]) -> None:
    body = json.dumps(values).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
               (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
