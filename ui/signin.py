"""Signing in by number or name with a PIN, and out again."""

from __future__ import annotations

from typing import Any

from flask import g, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from core.errors import AccessError
from ui.faults import TooOften, wants_page
from ui.guard import Guard
from ui.identity import PUBLIC, SessionDoor
from ui.limits import RateLimit

_TRIES_PER_S, _TRIES_BURST = 0.5, 10


class SignIn:
    """Its pages, added to the guard."""

    def __init__(self, guard: Guard, sessions: SessionDoor) -> None:
        self.wrong = 0
        self._guard = guard
        self._sessions = sessions
        self._tries = RateLimit(guard.clock, per_s=_TRIES_PER_S, burst=_TRIES_BURST)
        guard.add("/sign-in", self._page, PUBLIC)
        guard.add("/sign-in", self._sign_in, PUBLIC, methods=("POST",))
        guard.add("/sign-out", self._sign_out, PUBLIC, methods=("POST",))

    def _page(self) -> str:
        return self._form(local_path(request.args.get("next", "/")))

    def _form(self, to: str, who: str = "", fault: str = "") -> str:
        return render_template("ui/sign-in.html", next=to, who=who, fault=fault, person=g.person, streaming=False)

    def _sign_in(self) -> AnyResponse:
        values: dict[str, Any] = request.get_json() if request.is_json else request.form.to_dict()
        who, pin, to = (str(values.get(name, "")) for name in ("who", "pin", "next"))
        if (wait_s := self._tries.wait_s(g.peer.address)) > 0:
            raise TooOften("too many tries to sign in from here", wait_s)
        try:
            token = self._open(who, pin)
        except AccessError as error:
            self.wrong += 1
            if not wants_page():
                return make_response(jsonify({"error": error.message, "hint": error.hint, "code": error.code}), 401)
            fault = f"{error.message}. {error.hint}" if error.hint else error.message
            return make_response(self._form(local_path(to), who, fault), 401)
        return self._come_in(token, local_path(to))

    def _open(self, who: str, pin: str) -> str:
        """The token of a new session of somebody who has a role here. Raises AccessError."""
        at_kiosk = g.peer.at_the_box and bool(self._guard.identities.manifest.kiosk_role)
        terminal = "box" if g.peer.at_the_box else g.peer.address
        signed_in = self._sessions.sign_in(who, pin, terminal=terminal, kiosk=at_kiosk)
        app = self._guard.identities.manifest.name
        if not signed_in.account.roles.get(app):
            self._sessions.sign_out(signed_in.token)
            raise AccessError(f"{signed_in.account.name} has no role in {app}", hint="An admin can give one.")
        if g.person.token:
            self._sessions.sign_out(g.person.token)
        return signed_in.token

    def _come_in(self, token: str, to: str) -> AnyResponse:
        response: AnyResponse = redirect(to, 303) if wants_page() else jsonify({"signed_in": True, "to": to})
        self._guard.set_cookie(response, self._guard.identities.session_cookie, token)
        return response

    def _sign_out(self) -> AnyResponse:
        if g.person.token:
            self._sessions.sign_out(g.person.token)
        response: AnyResponse = redirect("/", 303) if wants_page() else jsonify({"signed_in": False, "to": "/"})
        response.delete_cookie(self._guard.identities.session_cookie, path="/")
        return response


def local_path(to: str) -> str:
    """`to` where it is a path of this site, else the first page: nobody is sent elsewhere by a link."""
    plain = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if plain and not to.startswith("/sign-in") else "/"
