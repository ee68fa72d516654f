"""Hand-helds of a simulated store: staff signed in over HTTP, as people are, who book what they did and count blind.

What happened is kept until the box has it on its disk; what the box refuses for good is said and dropped.
"""

from __future__ import annotations

import asyncio
import http.cookiejar
import itertools
import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import RefusedError
from core.logs import OutageLog
from simulators.store_links import Kept, Said

log = logging.getLogger(__name__)

#: Who works in the simulated store; the demo gives them accounts.
STAFF = ("Associate 1", "Associate 2")
_MOST_AT_ONCE = 100
_TRIES_AGAIN_S, _ANSWERED_WITHIN_S = 2.0, 20.0
_TOKEN = re.compile(r'name="csrf" content="([^"]*)"')
_OLD_TOKEN, _SIGNED_OUT, _TOO_OFTEN = 403, 401, 429


class HandHelds:
    """Over the back office at `url`; `pin` is the file with the PIN of everybody in `STAFF`."""

    def __init__(self, url: str, pin: Path) -> None:
        self.kept = Kept()
        self._url, self._pin = url, pin
        self._people: dict[str, Session] = {}
        self._alone = 0
        self._outage = OutageLog(log, "hand-helds: the box")

    async def run(self) -> None:
        while True:
            await self.kept.news.wait()
            self.kept.news.clear()
            while some := self.kept.first(_MOST_AT_ONCE):
                done = await asyncio.to_thread(self._told, some)
                self.kept.done(done)
                if not done:
                    await asyncio.sleep(_TRIES_AGAIN_S)

    def _told(self, some: Sequence[Said]) -> int:
        """How many of the first the box has, or has refused for good."""
        counts, who = some[0]["kind"] == "count", str(some[0]["who"])
        portion = list(itertools.takewhile(lambda one: (one["kind"] == "count", one["who"]) == (counts, who), some))
        if self._alone:
            self._alone, portion = self._alone - 1, portion[:1]
        try:
            person = self._person(who)
            if counts:
                count(person.post, portion)
            else:
                person.post("/hand/documents", {"documents": portion})
        except RefusedError as error:
            if len(portion) > 1:  # all or nothing: each by itself then, and only what is wrong is lost
                self._alone = len(portion)
                return self._told(some)
            log.warning("hand-helds: refused: %s", error)
        except (OSError, ValueError) as error:
            self._outage.gone(str(error))
            return 0
        self._outage.back()
        return len(portion)

    def _person(self, who: str) -> Session:
        if who not in self._people:
            self._people[who] = Session(self._url, who, self._pin.read_text("utf-8").strip())
        return self._people[who]


def count(post: Callable[[str, Mapping[str, Any]], Mapping[str, Any]], found: Sequence[Said]) -> str:
    """A sheet of what was found, planned, counted and finished; its name."""
    counted = [(one["ref"], one["at_utc_s"], line) for one in found for line in one["counts"]]
    items = [{"gtin": line["gtin"], "place": line["place"]} for _, _, line in counted]
    sheet = str(post("/count", {"title": "Round of the day", "items": items})["data"]["sheet"])
    lines = [
        {"key": f"{ref}-{line['line']}", "gtin": line["gtin"], "place": line["place"], "mode": "set",
         "quantity": line["thousandths"] / 1000, "at_utc_s": at_utc_s}
        for ref, at_utc_s, line in counted
    ]  # fmt: skip
    post(f"/count/{sheet}/lines", {"lines": lines})
    post(f"/count/{sheet}/finish", {})
    return sheet


class Session:
    """One person's browser: cookies, and the token that a change needs."""

    def __init__(self, url: str, who: str, pin: str) -> None:
        self._url, self._who, self._pin = url, who, pin
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._open = urllib.request.build_opener(jar).open
        self._token = ""

    def post(self, path: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer. Raises RefusedError for what the box takes from nobody, OSError or ValueError for no answer."""
        if not self._token:
            self._sign_in()
        try:
            return self._sent(path, values)
        except urllib.error.HTTPError as error:
            if error.code not in (_OLD_TOKEN, _SIGNED_OUT):
                raise self._refusal(path, error) from error
        self._sign_in()
        try:
            return self._sent(path, values)
        except urllib.error.HTTPError as error:
            raise self._refusal(path, error) from error

    def _refusal(self, path: str, error: urllib.error.HTTPError) -> Exception:
        if error.code == _TOO_OFTEN or error.code >= 500:
            return OSError(f"{path}: {error}")
        return RefusedError(f"{path}: {error} {error.read(300).decode('utf-8', 'replace')}")

    def _sign_in(self) -> None:
        """Raises OSError and ValueError: somebody who cannot sign in yet tries again."""
        self._token = self._fresh()
        self._sent("/sign-in", {"who": self._who, "pin": self._pin, "next": "/tasks"})
        self._token = self._fresh()

    def _fresh(self) -> str:
        with self._open(f"{self._url}/sign-in", timeout=_ANSWERED_WITHIN_S) as answer:
            found = _TOKEN.search(answer.read().decode("utf-8"))
        if found is None:
            raise ValueError("the page to sign in has no token")
        return found[1]

    def _sent(self, path: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRF-Token": self._token}
        request = urllib.request.Request(self._url + path, json.dumps(values).encode(), headers)
        with self._open(request, timeout=_ANSWERED_WITHIN_S) as answer:
            said = json.load(answer)
        if not isinstance(said, dict):
            raise ValueError(f"{path}: the answer is no object of JSON")
        return said
