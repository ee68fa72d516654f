"""The site's pager system: each call of an alarm is one POST of JSON, and a call that is not taken is known at once."""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from core.errors import DeviceError, SettingsError
from core.logs import OutageLog
from healthcare.settings import PagerSettings
from verticals.contract import Action, DeviceNews, DeviceSpec
from verticals.devices.base import Port, Surroundings

log = logging.getLogger(__name__)

_AT_ONCE = 4


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A call that is sent elsewhere was not taken, and its token is for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


class Pager:
    """Belongs to the line's event loop; each call waits for the other side on a thread."""

    def __init__(self, name: str, settings: PagerSettings) -> None:
        self.name = name
        self._settings = settings
        self._token = _token(settings.token_file)
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._outage = OutageLog(log, "the pager system")
        self._port: Port | None = None
        self._ok: bool | None = None

    async def run(self, port: Port) -> None:
        self._port = port
        await asyncio.Event().wait()

    async def act(self, action: Action) -> str:
        """Raises DeviceError when the other side did not say that it has taken the call."""
        async with self._free:
            try:
                status = await asyncio.to_thread(self._post, action.value)
            except (OSError, ValueError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                failure = DeviceError(f"{self._settings.url}: the call was not taken: {error}", hint="Is it running?")
                self._outage.gone(failure)
                self._say(False, failure.message)
                raise failure from error
        self._outage.back()
        self._say(True, "")
        return f"taken, HTTP {status}"

    def _post(self, value: Any) -> int:
        sender = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        request = urllib.request.Request(
            self._settings.url,
            data=json.dumps(value, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json", **sender},
            method="POST",
        )
        with _OPENER.open(request, timeout=self._settings.within) as answer:
            status: int = answer.status
            return status

    def _say(self, ok: bool, why: str) -> None:
        if self._port is not None and ok != self._ok:
            self._ok = ok
            self._port.news(DeviceNews(self.name, ok, self._port.clock.now(), "" if ok else "pager-lost", why))

    async def steer(self, *, ready: bool, beat: int) -> None:
        """A pager needs no heartbeat of ours: a call that fails is the news."""


def _token(file: str) -> str:
    """Raises SettingsError when the file cannot be read."""
    if not file:
        return ""
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as error:
        raise SettingsError(f"pager.token_file {file!r} cannot be read: {error.strerror}") from error


def make(spec: DeviceSpec, surroundings: Surroundings) -> Pager:
    return Pager(spec.name, spec.options)
