"""The two receivers: a FHIR server over HTTP, an alarm manager over MLLP. A call returns when they have said yes."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.errors import DeviceError, EdgewiseError, SettingsError
from healthcare.hl7.frames import FrameCutter, framed
from healthcare.hl7.message import Message, parse
from healthcare.out.fhir import transaction
from healthcare.out.settings import FhirSettings, Pcd04Settings
from verticals.outgoing.delivery import RefusedByReceiverError
from verticals.outgoing.trust import trusting
from verticals.store.outbox import Parcel

_FHIR_JSON = "application/fhir+json"
#: The server has read the content and will not have it; every other answer but a 2xx may change by itself.
_CONTENT_REFUSED = frozenset({400, 409, 410, 412, 413, 415, 422})
_MOST_ANSWER_BYTES = 1 << 20
_TAKEN, _REFUSED = ("AA", "CA"), ("AE", "AR", "CE", "CR")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token is for the server that the site named and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class FhirTarget:
    """One resource is written by itself, several as one transaction. The token is read anew for each call."""

    name = "FHIR"

    def __init__(self, settings: FhirSettings, data: Path) -> None:
        self._settings = settings
        self._token_file = data / settings.token_file if settings.token_file else None
        context = trusting(settings.ca_file, data, "out")
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirect()
        )
        self._token()

    def send(self, parcel: Parcel) -> None:
        request = self._request(parcel.payload["resources"])
        try:
            with self._opener.open(request, timeout=self._settings.within) as answer:
                answer.read(_MOST_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise self._fault(error.code, _diagnosis(error)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise DeviceError(
                f"{self._settings.url}: the FHIR server did not answer: {error}", hint="Is it running?"
            ) from error

    def close(self) -> None:
        """Each call has a connection of its own."""

    def _request(self, resources: list[dict[str, Any]]) -> urllib.request.Request:
        bundle = transaction(resources, method=self._settings.method)
        headers = {"Content-Type": f"{_FHIR_JSON}; charset=utf-8", "Accept": _FHIR_JSON, "Prefer": "return=minimal"}
        try:
            token = self._token()
        except SettingsError as error:
            raise DeviceError(error.message, hint="Mend the file: it is read again.") from error
        if token:
            headers["Authorization"] = f"Bearer {token}"
        method, url, content = "POST", self._settings.url, bundle
        if len(resources) == 1:
            [entry] = bundle["entry"]
            asked, content = entry["request"], entry["resource"]
            method, url = asked["method"], f"{self._settings.url}/{asked['url']}"
            if "ifNoneExist" in asked:
                headers["If-None-Exist"] = asked["ifNoneExist"]
        body = json.dumps(content, ensure_ascii=False).encode()
        return urllib.request.Request(url, body, headers, method=method)

    def _token(self) -> str:
        """Raises SettingsError, a token that cannot be read being the site's to mend."""
        if self._token_file is None:
            return ""
        try:
            token = self._token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"out.fhir.token_file {str(self._token_file)!r} cannot be read: {error}") from error
        if not token.isascii() or not token.isprintable() or " " in token:
            raise SettingsError(f"out.fhir.token_file {str(self._token_file)!r} holds no bearer token")
        return token

    def _fault(self, status: int, why: str) -> DeviceError:
        text = f"{self._settings.url}: HTTP {status}{': ' if why else ''}{why}"
        if status in _CONTENT_REFUSED:
            return RefusedByReceiverError(text, hint="The server's own log says more.")
        hint = "Check out.fhir.token_file." if status in (401, 403) else "It is sent again."
        return DeviceError(text, hint=hint)


def _diagnosis(error: urllib.error.HTTPError) -> str:
    """What an OperationOutcome says by code and place; its free text may repeat what was sent."""
    try:
        issues = json.loads(error.read(_MOST_ANSWER_BYTES))["issue"]
        said = [f"{issue['code']} {' '.join(issue.get('expression', []))}".strip() for issue in issues[:3]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, http.client.HTTPException):
        return ""
    return ", ".join(said)[:200]


class MllpTarget:
    """Keeps its connection; one message at a time, the next after the answer to the one before."""

    name = "PCD-04"

    def __init__(self, settings: Pcd04Settings, data: Path, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._context = trusting(settings.ca_file, data, "out") if settings.tls else None
        self._socket: socket.socket | None = None

    def send(self, parcel: Parcel) -> None:
        message = str(parcel.payload["message"]).encode()
        where = f"{self._settings.host}:{self._settings.port}"
        try:
            connection = self._socket or self._connect()
            connection.sendall(framed(message))
            answer = self._answer(connection, parse(message).header.text(10))
        except (OSError, EOFError) as error:
            self.close()
            raise DeviceError(
                f"{where}: the alarm manager did not acknowledge: {error or 'no answer'}", hint="Is it running?"
            ) from error
        code, why = answer.text(1), answer.text(3)
        if code in _REFUSED:
            raise RefusedByReceiverError(f"{where}: {code} {why[:200]}".strip(), hint="Its own log says more.")

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with suppress(OSError):  # it was lost already
                connection.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for an answer
            connection.close()

    def _connect(self) -> socket.socket:
        settings = self._settings
        connection = socket.create_connection((settings.host, settings.port), timeout=settings.within)
        if self._context is not None:
            try:
                connection = self._context.wrap_socket(connection, server_hostname=settings.host)
            except BaseException:
                connection.close()
                raise
        self._socket = connection
        return connection

    def _answer(self, connection: socket.socket, control_id: str) -> Any:
        """The MSA of our message. Answers to what was given up before are passed over. Raises EOFError, OSError."""
        cutter = FrameCutter(_MOST_ANSWER_BYTES)
        ends = self._clock.now().plus(self._settings.within)
        while True:
            left_s = ends.since(self._clock.now())
            if left_s <= 0:
                raise TimeoutError("no answer in time")
            connection.settimeout(left_s)
            data = connection.recv(1 << 16)
            if not data or cutter.overlong is not None:
                raise EOFError("the connection was closed")
            for frame in cutter.cut(data):
                segment = _msa(frame)
                if segment is not None and segment.text(2) == control_id and segment.text(1) in (*_TAKEN, *_REFUSED):
                    return segment


def _msa(frame: bytes) -> Any:
    try:
        answer: Message = parse(frame)
    except EdgewiseError:
        return None
    return answer.first("MSA")
