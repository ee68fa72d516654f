"""Copies one schema of a server into a file and back, by that server's own `pg_dump` and `pg_restore`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import StoreError
from verticals.store.server import Schema, Server

_LONGEST_S = 6 * 3600


def can_dump() -> bool:
    return shutil.which("pg_dump") is not None


def dump(schema: Schema, target: Path) -> None:
    """A custom-format archive for `pg_restore`, of one moment; nobody waits for it. Raises StoreError."""
    with _url(schema.server) as url:
        words = ["pg_dump", "--format=custom", "--no-password", f"--schema={schema.name}", f"--file={target}", url]
        _run(words, f"{schema}: backup failed", "pg_dump must be of the server's version, or a newer one.")


def undump(schema: Schema, source: Path) -> None:
    """Fills the schema, which must be empty, whole or not at all, from an archive of `dump`. Raises StoreError."""
    with _url(schema.server) as url:
        words = ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        words += ["--no-password", f"--schema={schema.name}", f"--dbname={url}", str(source)]
        _run(words, f"{schema}: not restored", "pg_restore must be of the version of pg_dump, or a newer one.")


def _run(words: list[str], failed: str, hint: str) -> None:
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StoreError(f"{failed}: {error}", hint="Is it installed, and on the PATH?") from error
    if done.returncode != 0:
        raise StoreError(f"{failed}: {' '.join(done.stderr.split())[:300]}", hint=hint)


@contextmanager
def _url(server: Server) -> Iterator[str]:
    """The URL, with the password in a file of ours: never among the words of a command, which everybody can read."""
    password = server.password()
    if password is None:
        yield server.url
        return
    with tempfile.NamedTemporaryFile("w", prefix="edgewise-", encoding="utf-8") as file:  # owner-only by itself
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"*:*:*:*:{escaped}\n")
        file.flush()
        yield f"{server.url}{'&' if '?' in server.url else '?'}passfile={file.name}"
