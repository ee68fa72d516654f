"""A third party's OPC UA server as the PLC: node-opcua under Node.js, installed into a folder by the test itself."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.opcua_servers import free_port

_SOURCES = Path(__file__).parent / "node_opcua"


def install(folder: Path) -> None:
    """The packages that package.json names. Skips the test where npm is not there or cannot get them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not here: apt-get install nodejs npm")
    shutil.copy(_SOURCES / "package.json", folder)
    words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"npm cannot install node-opcua: {done.stderr.strip()[-200:]}")


class NodePlc:
    """`parts` are brought while the box is ready; `client` is the certificate that it trusts, none: nobody's."""

    def __init__(self, packages: Path, folder: Path, client: Path | None, parts: int) -> None:
        self._packages, self._folder, self._client, self._parts = packages, folder, client, parts
        folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Returns when it can be connected to."""
        words = ["node", str(_SOURCES / "plc.js"), str(self.port), str(self._folder), str(self._parts)]
        self.process = subprocess.Popen(
            [*words, str(self._client or "none")],
            cwd=self._packages, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.certificate = base64.b64decode(self.told("listening")["certificate"])

    def told(self, key: str) -> dict[str, Any]:
        """The next line that has `key`; what the packages say of themselves is passed over."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"{"):
                message: dict[str, Any] = json.loads(line)
                if key in message:
                    return message
        raise AssertionError("node-opcua has ended")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
