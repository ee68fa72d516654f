"""Copies one schema of a server into a file, by that server's own `pg_dump`."""

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
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LONGEST_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoreError(f"{schema}: backup failed: {error}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:300]
        raise StoreError(
            f"{schema}: backup failed: {said}", hint="pg_dump must be of the server's version, or a newer one."
        )


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
