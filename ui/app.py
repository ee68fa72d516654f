"""The Flask side of a screen: an app's pages behind the guard, and the shell's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.wrappers import Response as AnyResponse

from core.clock import Clock
from core.errors import StoreError
from ui.assets import Assets
from ui.csrf import Csrf
from ui.faults import add_faults
from ui.front import TARGET
from ui.guard import MOST_FORM_BYTES, Guard
from ui.headers import add_headers
from ui.hub import Hub
from ui.identity import PUBLIC, Identities, SessionDoor
from ui.metrics import CONTENT_TYPE, WebMetrics
from ui.patterns import values as pattern_values
from ui.signin import SignIn
from verticals.contract import Manifest
from verticals.signature import HEADER, check
from verticals.web import Answered, Asked, Data, Desk, File, Go, Hook, Page, Panel, Posted, Shown, Stream, Upload

_HERE = Path(__file__).parent
#: Uploads; a form field may hold `MOST_FORM_BYTES`, JSON `guard.MOST_JSON_BYTES`.
MOST_BODY_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything a web process works with. `counts` gives the numbers of health and metrics by name."""

    manifest: Manifest
    panel: Panel
    desk: Desk
    hub: Hub
    sessions: SessionDoor
    csrf: Csrf
    clock: Clock
    secure: bool = False
    simulated: bool = False
    counts: dict[str, Callable[[], float]] = field(default_factory=dict)


def create_app(shell: Shell, metrics: WebMetrics) -> tuple[Flask, Guard]:
    """The WSGI app, and the guard that knows the role of every route of it."""
    app = Flask("ui", static_folder=None, template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES, MAX_FORM_MEMORY_SIZE=MOST_FORM_BYTES, PROPAGATE_EXCEPTIONS=False
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    _templates(app, shell)
    identities = Identities(shell.manifest, shell.sessions)
    guard = Guard(app, identities, shell.csrf, shell.clock, shell.secure)
    guard.stand()
    add_headers(app, secure=shell.secure)
    add_faults(app)
    sign_in = SignIn(guard, shell.sessions)
    shell.counts["_wrong_pins"] = lambda: sign_in.wrong
    _own_pages(guard, shell, metrics)
    for page in shell.panel.pages:
        guard.add(page.path, _endpoint(shell, page), page.role, methods=tuple(page.methods))
    for hook in shell.panel.hooks:
        guard.add_signed(hook.path, _signed(shell, hook), methods=tuple(hook.methods))
    return app, guard


def _templates(app: Flask, shell: Shell) -> None:
    roots = (_HERE / "templates", shell.panel.templates)
    app.jinja_loader = ChoiceLoader([FileSystemLoader(root) for root in roots])
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    shown = {
        "title": shell.manifest.title,
        "app": shell.manifest.name,
        "theme": shell.panel.theme,
        "boot": shell.hub.boot,
        "not_updating_after_s": shell.panel.not_updating_after_s,
        "simulated": shell.simulated,
    }

    @app.context_processor
    def values() -> dict[str, Any]:
        return {"shell": shown, "csrf": g.get("csrf", ""), "sequence": g.get("sequence", 0), "streaming": True}


def _own_pages(guard: Guard, shell: Shell, metrics: WebMetrics) -> None:
    assets = Assets((_HERE / "static", shell.panel.static))
    guard.add("/static/<path:name>", assets.send, PUBLIC)
    guard.add(
        "/patterns",
        lambda: render_template("ui/patterns.html", streaming=False, **pattern_values()),
        shell.panel.stream_role,
    )
    guard.add("/evidence/<sha256>", lambda sha256: _evidence(shell, sha256), shell.panel.stream_role)
    guard.add("/healthz/ready", lambda: _ready(shell), PUBLIC)
    guard.add("/metrics", lambda: Response(metrics.text(), content_type=CONTENT_TYPE), PUBLIC)


def _evidence(shell: Shell, sha256: str) -> AnyResponse:
    if request.if_none_match.contains(sha256):
        return Response(status=304)
    file = shell.desk.evidence(sha256)
    if file is None:
        abort(404, "This picture is gone or never was.")
    response = _file(file)
    response.set_etag(sha256)
    return response


def _ready(shell: Shell) -> AnyResponse:
    """Whether pages can be answered: the store was read and a thread was free. The line's age is told beside it."""
    values: dict[str, Any] = {"ready": True, "line_age_s": shell.hub.line_age_s, "line_stale": shell.hub.stale}
    try:
        shell.desk.events(limit=1)
    except StoreError as error:
        values |= {"ready": False, "why": error.message}
    values |= {name.strip("_"): read() for name, read in shell.counts.items()}
    response = jsonify(values)
    response.status_code = 200 if values["ready"] else 503
    return response


def _endpoint(shell: Shell, page: Page) -> Callable[..., AnyResponse]:
    def endpoint(**path: str) -> AnyResponse:
        g.sequence = shell.hub.sequence  # before the view looks: what comes later reaches the page by its stream
        return _answer(page.view(shell.desk, _asked(path)))

    return endpoint


def _signed(shell: Shell, hook: Hook) -> Callable[..., AnyResponse]:
    """Nothing of the message is looked at before its signature fits."""

    def endpoint(**path: str) -> AnyResponse:
        secret = hook.secret(shell.desk)
        if secret is None:
            abort(404)
        content = request.get_data(cache=False)
        signed = content if request.method == "POST" else b"GET " + _target()
        now_utc_s = shell.clock.now().utc_s
        check(request.headers.get(HEADER, ""), secret.value, signed, now_utc_s=now_utc_s, within_s=secret.within_s)
        headers = {name.lower(): value for name, value in request.headers.items()}
        posted = Posted(content, request.mimetype, path, request.args.to_dict(), headers)
        return _answer(hook.view(shell.desk, posted))

    return endpoint


def _target() -> bytes:
    """Path and query as they came, nothing decoded."""
    return request.headers.get(TARGET.decode(), "").encode("latin-1")


def _asked(path: dict[str, str]) -> Asked:
    files = [Upload(item.filename or "", item.read()) for _, item in request.files.items(multi=True)]
    return Asked(
        path=path,
        query=request.args.to_dict(),
        form={name: value for name, value in request.form.items() if name != "csrf"},
        body=request.get_json() if request.is_json else None,
        files=files,
        who=g.person.who,
        role=g.person.role,
    )


def _answer(answered: Answered) -> AnyResponse:
    match answered:
        case Shown():
            return Response(render_template(answered.template, **answered.values), status=answered.status)
        case Data():
            response = jsonify(answered.values)
            response.status_code = answered.status
            response.headers.update(answered.headers)
            return response
        case File():
            return _file(answered)
        case Stream():
            return _stream(answered)
        case Go():
            return redirect(answered.to, 303)


def _stream(stream: Stream) -> Response:
    response = Response(stream.chunks, content_type=stream.media_type)
    if stream.name:
        response.headers.set("Content-Disposition", "attachment", filename=stream.name)
    return response


def _file(file: File) -> Response:
    response = Response(file.content, mimetype=file.media_type)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if file.forever else "no-store"
    if file.name:
        response.headers.set("Content-Disposition", "attachment", filename=file.name)
    return response
