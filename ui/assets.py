"""Static files of the shell and of its app, kept in memory: `/static/ui/...` and `/static/<app>/...`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Response, abort, request
from werkzeug.security import safe_join

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png",
          ".jpg": "image/jpeg", ".woff2": "font/woff2", ".json": "application/json", ".html": "text/html",
          ".wav": "audio/wav"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    mtime_ns: int
    etag: str
    media_type: str


class Assets:
    """Read at first use and again when the file has changed; from any thread."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._kept: dict[str, Asset] = {}

    def send(self, name: str) -> Response:
        """The file, or "not modified"; a browser asks each time and gets a few bytes back."""
        asset = self._load(name)
        if asset is None:
            abort(404)
        response = Response(asset.content, mimetype=asset.media_type)
        response.set_etag(asset.etag)
        response.headers["Cache-Control"] = "no-cache"
        return response.make_conditional(request)  # type: ignore[return-value]

    def _load(self, name: str) -> Asset | None:
        for root in self._roots:
            found = safe_join(str(root), name)
            path = Path(found) if found else None
            if path is None or not path.is_file() or path.suffix not in _TYPES:
                continue
            mtime_ns = path.stat().st_mtime_ns
            kept = self._kept.get(name)
            if kept is None or kept.mtime_ns != mtime_ns:
                content = path.read_bytes()
                etag = hashlib.sha256(content).hexdigest()[:16]
                kept = self._kept[name] = Asset(content, mtime_ns, etag, _TYPES[path.suffix])
            return kept
        return None
