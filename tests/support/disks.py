"""A small disk of its own for a test, to be filled to the last byte and given room again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class SmallDisk:
    """A file system in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast: list[Path] = []

    @property
    def free_bytes(self) -> int:
        return shutil.disk_usage(self.folder).free

    def fill(self, leave_bytes: int = 0) -> None:
        """Takes all the room but `leave_bytes`."""
        ballast = self.folder / f"ballast-{len(self._ballast)}"
        self._ballast.append(ballast)
        with ballast.open("wb") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(1, self.free_bytes - leave_bytes))

    def make_room(self) -> None:
        for ballast in self._ballast:
            ballast.unlink(missing_ok=True)
        self._ballast.clear()


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mounted at `folder` in memory; skips the test where this user may not mount."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        pytest.skip(f"a small disk cannot be mounted: {done.stderr.strip() if done else 'only root may'}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
