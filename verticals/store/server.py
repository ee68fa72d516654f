"""Where a box's stores are when they are not files: one database of a PostgreSQL server, a schema for each app.

Nothing is opened by asking; `verticals.store.postgres` does that.
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from core.errors import SettingsError, StoreError

SCHEMES = ("postgresql", "postgres")
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Server:
    """`url` as libpq takes it, without a password: that stands in `password_file`, or where libpq looks by itself."""

    url: str
    password_file: Path | None = None

    def __post_init__(self) -> None:
        check_url(self.url)

    def schema(self, app: str) -> Schema:
        """The schema of one app, or of the `box`."""
        name = app.replace("-", "_")
        if not _SCHEMA.fullmatch(name):
            raise StoreError(f"'{app}' cannot name a schema", hint="Letters, digits and '-', beginning with a letter.")
        return Schema(self, name)

    def password(self) -> str | None:
        """None where none is configured: a socket's peer, PGPASSFILE or a certificate may do without.

        Raises StoreError when others than its owner may read the file.
        """
        path = self.password_file
        if path is None:
            return None
        try:
            others = stat.S_IMODE(path.stat().st_mode) & 0o077
            text = path.read_text("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(
                f"{path}: the password of the store cannot be read: {error}", hint="See [store] password_file."
            ) from error
        if others:
            raise StoreError(f"{path}: others may read the password of the store", hint=f"Run: chmod 600 {path}")
        return text

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Schema:
    """The stores of one app on a server."""

    server: Server
    name: str

    def __str__(self) -> str:
        return f"{self.server} ({self.name})"


def check_url(url: str) -> None:
    """Raises SettingsError, which never repeats what may be a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port if parts.netloc.count(",") == 0 else None
    except ValueError as error:
        raise SettingsError(f"the URL of the store cannot be read: {error}", hint=_FORM) from None
    if parts.scheme not in SCHEMES:
        raise SettingsError(f"the URL of the store begins with '{parts.scheme}:', not postgresql:", hint=_FORM)
    if ":" in parts.netloc.rpartition("@")[0] or "password" in parse_qs(parts.query):
        raise SettingsError(
            "the URL of the store holds a password (***)",
            hint="Put it into a file that only its owner may read, and name that file in [store] password_file.",
        )
    if not parts.path.strip("/") and "dbname" not in parse_qs(parts.query):
        raise SettingsError(f"the URL of the store names no database: {url}", hint=_FORM)


_FORM = "Such as postgresql://edgewise@10.1.2.3/edgewise, or postgresql://edgewise@/edgewise?host=/run/postgresql."
