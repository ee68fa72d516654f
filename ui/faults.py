"""Errors as people and programs see them: one sentence and what to do, never a traceback."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from core.errors import AccessError, EdgewiseError, InputError, RefusedError, StoreError

log = logging.getLogger(__name__)

_STATUSES: tuple[tuple[type[EdgewiseError], int], ...] = (
    (InputError, 400),
    (AccessError, 403),
    (RefusedError, 409),
    (StoreError, 503),
)
_WORDS = {400: "This cannot be used", 401: "Sign in first", 403: "Not allowed", 404: "No such page", 409: "Refused",
          413: "Too big", 429: "Too often", 503: "Not possible just now"}  # fmt: skip


class SignInFirst(AccessError):
    """Nobody is signed in, and this needs somebody: a page sends to the sign-in, a program gets 401."""


class TooOften(RefusedError):
    """`wait_s` until the next try."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message, hint=f"Try again in {max(1, round(wait_s))} s.")
        self.wait_s = wait_s


def add_faults(app: Flask) -> None:
    app.register_error_handler(EdgewiseError, _said)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def wants_page() -> bool:
    """Whether a person's browser asked for a page, and not a script or a program for data."""
    accepted = request.accept_mimetypes
    return "text/html" in accepted.values() and accepted.best_match(["application/json", "text/html"]) == "text/html"


def _said(error: EdgewiseError) -> AnyResponse:
    if isinstance(error, SignInFirst) and wants_page():
        asked = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(f"/sign-in?{urlencode({'next': asked})}", 303)
    status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
    if isinstance(error, SignInFirst):
        status = 401
    if isinstance(error, TooOften):
        status = 429
    if status == 500:
        log.error("%s %s: %s", request.method, request.path, error)
    response = _shown(status, error.message, error.hint, error.code)
    if isinstance(error, TooOften):
        response.headers["Retry-After"] = str(max(1, round(error.wait_s)))
    return response


def _http(error: HTTPException) -> AnyResponse:
    if isinstance(error.response, AnyResponse) or (error.code or 500) < 400:
        return error.get_response()
    return _shown(error.code or 500, error.description or error.name, "", "http")


def _unforeseen(error: Exception) -> AnyResponse:
    log.exception("%s %s failed", request.method, request.path)
    return _shown(500, "Something went wrong on this box.", "It is in the log; `edgewise doctor` may know.", "internal")


def _shown(status: int, text: str, hint: str, code: str) -> Response:
    if not wants_page():
        response = jsonify({"error": text, "hint": hint, "code": code})
    else:
        g.setdefault("csrf", "")
        word = _WORDS.get(status, "Something went wrong")
        response = make_response(render_template("ui/fault.html", word=word, text=text, hint=hint, streaming=False))
    response.status_code = status
    return response
