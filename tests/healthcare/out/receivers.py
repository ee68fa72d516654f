"""A FHIR server and an alarm manager on real sockets, that do what a test tells them."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from healthcare.hl7.frames import FrameCutter, framed
from healthcare.hl7.message import compose, parse
from healthcare.hl7.notes import Notes
from healthcare.hl7.pcd04 import read_alerts


@dataclass
class FhirServer:
    """Keeps what it was given by id, or by identifier where it gives ids itself. `refuse`: statuses to answer next."""

    url: str = ""
    token: str = ""
    refuse: list[int] = field(default_factory=list)
    drop_answers: int = 0
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [each["resourceType"] for each in self.resources.values()]

    def take(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> int:
        self.calls.append((method, path))
        if self.token and headers.get("Authorization") != f"Bearer {self.token}":
            return 401
        if self.refuse:
            return self.refuse.pop(0)
        if body["resourceType"] == "Bundle":
            assert (method, path, body["type"]) == ("POST", "", "transaction")
            for entry in body["entry"]:
                asked = entry["request"]
                self._write(asked["method"], asked["url"], asked.get("ifNoneExist", ""), entry["resource"])
            return 200
        self._write(method, path, headers.get("If-None-Exist") or "", body)
        return 200

    def _write(self, method: str, url: str, unless: str, resource: dict[str, Any]) -> None:
        [own] = [each["value"] for each in resource["identifier"]]
        if method == "POST":
            assert "id" not in resource
            assert unless == f"identifier=urn:ietf:rfc:3986|{own}"
            self.resources.setdefault(own, resource)
        elif "?" in url:
            assert url == f"{resource['resourceType']}?identifier=urn:ietf:rfc:3986|{own}"
            self.resources[own] = resource
        else:
            assert method == "PUT"
            assert url == f"{resource['resourceType']}/{resource['id']}"
            self.resources[own] = resource


@contextmanager
def fhir_server(**how: Any) -> Iterator[FhirServer]:
    state = FhirServer(**how)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"].startswith("application/fhir+json")
            status = state.take(self.command, self.path.removeprefix("/r4").lstrip("/"), self.headers, body)
            if state.drop_answers:
                state.drop_answers -= 1
                self.close_connection = True
                return
            outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "value", "expression": ["Observation"]}]}
            content = json.dumps(outcome).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{state.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET = _do  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}/r4"
    with _serving(server):
        yield state


@dataclass
class AlarmManager:
    """Takes PCD-04. `answers` are the codes to give next, `""`: hang up without one; then `AA` for ever."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    stale_first: bool = False
    connections: int = 0
    messages: list[bytes] = field(default_factory=list)

    @property
    def alarms(self) -> list[dict[str, Any]]:
        return [alert.alarm for message in self.messages for alert in read_alerts(parse(message), UTC, Notes())]


@contextmanager
def alarm_manager(**how: Any) -> Iterator[AlarmManager]:
    state = AlarmManager(**how)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            state.connections += 1
            cutter = FrameCutter(1 << 20)
            while data := self.request.recv(1 << 16):
                for frame in cutter.cut(data):
                    code = state.answers.pop(0) if state.answers else "AA"
                    if not code:
                        return
                    if code in ("AA", "CA"):
                        state.messages.append(frame)
                    if state.stale_first:
                        self.request.sendall(framed(_ack("AA", "of-another")))
                    self.request.sendall(framed(_ack(code, parse(frame).header.text(10))))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    with _serving(server):
        yield state


def _ack(code: str, control_id: str) -> bytes:
    header = ("MSH", "ALARMS", "", "EDGEWISE", "", "20261123140507", "", ("ACK", "R40", "ACK"), "9", "P", "2.6")
    return compose(header, ("MSA", code, control_id))


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
