"""Runs `edgewise` as a person does: in a process of its own; a refusal is one clear line and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT

#: Takes from root the right to write where nobody may.
_OBEDIENT = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def edgewise(*words: str | Path, obedient: bool = False) -> subprocess.CompletedProcess[str]:
    """What it said and how it ended; `obedient`: the rights of files count, even where the tests run as root."""
    before = _OBEDIENT if obedient and os.geteuid() == 0 else []
    return subprocess.run(
        [*before, sys.executable, "-m", "appliance.cli", *map(str, words)],
        capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
    )  # fmt: skip


def refused(*words: str | Path, obedient: bool = False, code: int = 2) -> str:
    """The one line it said on stderr; nothing on stdout."""
    done = edgewise(*words, obedient=obedient)
    assert done.stderr.startswith("edgewise"), done.stderr
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
    return done.stderr.removesuffix("\n")
