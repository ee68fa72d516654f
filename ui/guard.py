"""Stands before every route: a declared role, a session that has it, a CSRF token under every change.

A route that no role was declared for answers nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.wrappers import Response as AnyResponse

from core.clock import Clock
from core.errors import AccessError
from ui.csrf import Csrf
from ui.faults import SignInFirst, TooOften
from ui.identity import Identities, Peer, Person
from ui.limits import RateLimit

_SAFE = ("GET", "HEAD", "OPTIONS")
MOST_JSON_BYTES = 8 << 20
MOST_FORM_BYTES = 1 << 20
_CHANGES_PER_S, _CHANGES_BURST = 10.0, 60
_MESSAGES_PER_S, _MESSAGES_BURST = 50.0, 200
#: In place of a role, for routes that programs use: the view checks the signature before all else.
SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Guard:
    """`roles` maps each endpoint to its least role; `add` is the only way to make one."""

    app: Flask
    identities: Identities
    csrf: Csrf
    clock: Clock
    secure: bool
    roles: dict[str, str] = field(default_factory=dict)

    def add(self, path: str, view: Callable[..., Any], role: str, *, methods: tuple[str, ...] = ("GET",)) -> None:
        """A route with its least role. Raises ValueError for an app's page without one."""
        if not role:
            raise ValueError(f"page {path} declares no role")
        endpoint = f"{'+'.join(methods)} {path}".replace(".", "_")
        self.roles[endpoint] = role
        self.app.add_url_rule(path, endpoint, view, methods=list(methods))

    def add_signed(self, path: str, view: Callable[..., Any], *, methods: tuple[str, ...] = ("POST",)) -> None:
        """A route that programs use: no session and no token of a page; `view` must check the signature."""
        endpoint = f"{'+'.join(methods)} {path}".replace(".", "_")
        self.roles[endpoint] = SIGNED
        self.app.add_url_rule(path, endpoint, view, methods=list(methods))

    def stand(self) -> None:
        """Before the first request."""
        messages = RateLimit(self.clock, per_s=_MESSAGES_PER_S, burst=_MESSAGES_BURST)
        changes = RateLimit(self.clock, per_s=_CHANGES_PER_S, burst=_CHANGES_BURST)

        @self.app.before_request
        def check() -> None:
            g.peer = Peer.of(request.remote_addr or "", request.headers.keys())
            g.visit = request.cookies.get(self.identities.visit_cookie, "")
            token = request.cookies.get(self.identities.session_cookie, "")
            g.person = Person() if request.path.startswith("/static/") else self._person(token)
            g.csrf = self.csrf.token(_visit(), g.person.token)
            if request.endpoint is None:
                return  # no such page
            if self.roles.get(request.endpoint) == SIGNED:
                _slow_down(messages, "messages from this address")
                request.max_content_length = MOST_JSON_BYTES
                return
            if request.method not in _SAFE:
                _slow_down(changes, "changes from this screen")
                if request.mimetype != "multipart/form-data":
                    request.max_content_length = MOST_JSON_BYTES if request.is_json else MOST_FORM_BYTES
                self._check_csrf()
            self._check_role(self.roles.get(request.endpoint, ""))

        @self.app.after_request
        def keep_visit(response: Response) -> Response:
            if g.get("new_visit") and response.mimetype == "text/html":
                self.set_cookie(response, self.identities.visit_cookie, g.new_visit)
            return response

    def set_cookie(self, response: AnyResponse, name: str, value: str) -> None:
        """For this browser session, out of reach of scripts and of other sites."""
        response.set_cookie(name, value, httponly=True, samesite="Strict", secure=self.secure, path="/")

    def _person(self, token: str) -> Person:
        navigated = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
        beat = "X-Beat" in request.headers  # the page itself says something: no person did
        return self.identities.of(token, g.peer, touch=not beat and (navigated or request.method not in _SAFE))

    def _check_role(self, role: str) -> None:
        if self.identities.may(g.person, role):
            return
        if not g.person.who:
            raise SignInFirst("this needs somebody who is signed in", hint="Sign in with your number and PIN.")
        raise AccessError(f"{g.person.who} may not do this here", hint=f"It takes the role '{role}'.")

    def _check_csrf(self) -> None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise AccessError("this request comes from another site")
        given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
        if not self.csrf.fits(given, g.visit, g.person.token):
            raise AccessError("the page is too old for this change", hint="Load it anew and try again.")


def _slow_down(limit: RateLimit, what: str) -> None:
    if (wait_s := limit.wait_s(g.peer.address)) > 0:
        raise TooOften(f"too many {what}", wait_s)


def _visit() -> str:
    """The visit's name, made where the browser has none yet."""
    if not g.visit:
        g.new_visit = secrets.token_urlsafe(18)
    return str(g.visit or g.new_visit)
