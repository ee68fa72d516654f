"""A small PLC as a real OPC UA server in a process of its own: killable, freezable, restartable on its port.

`python -m tests.support.opcua_servers PORT` reads commands and tells of writes as JSON, one a line.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMESPACE = "urn:test:plc"
TAGS: dict[str, tuple[str, Any]] = {
    "Trigger": ("Boolean", False),
    "PartId": ("UInt32", 0),
    "Code": ("Int16", 0),
    "Count": ("UInt16", 0),
    "Score": ("Float", 0.0),
    "Recipe": ("String", ""),
    "Row": ("Int32", [1, 2, 3]),
    "Locked": ("UInt16", 7),
}
NODES = {name: f"ns=2;s=Cell.{name}" for name in TAGS}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Users:
    """Knows operator with password `right`, and the certificate in the file `users`; anybody where there is none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        from asyncua.crypto.permission_rules import User, UserRole

        known = not self._file.exists() or (username, password) == ("operator", "right")
        known = known or (username is None and certificate == self._file.read_bytes())
        return User(role=UserRole.User) if known else None


async def _secure(server: Any, folder: Path) -> None:
    """As `folder`/policies says, where it says anything."""
    from asyncua import ua

    from simulators.cell_server import secure_server

    await secure_server(server, folder)
    policies = folder / "policies"
    if policies.exists():
        wanted = policies.read_text("utf-8").split()
        server.set_security_policy([getattr(ua.SecurityPolicyType, name) for name in wanted])


async def serve(port: int, certificates: Path | None = None) -> None:
    import logging

    from asyncua import Server, ua
    from asyncua.common.callback import CallbackType

    logging.disable(logging.CRITICAL)
    server = Server(user_manager=Users(certificates / "users") if certificates is not None else None)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    if certificates is not None:
        await _secure(server, certificates)
    await server.register_namespace(NAMESPACE)
    cell = await server.nodes.objects.add_object("ns=2;s=Cell", "2:Cell")
    nodes = {}
    for name, (kind, value) in TAGS.items():
        nodes[name] = await cell.add_variable(f"ns=2;s=Cell.{name}", f"2:{name}", value, ua.VariantType[kind])
        await nodes[name].set_writable(name != "Locked")
    kinds = {name: ua.VariantType[kind] for name, (kind, _) in TAGS.items()}
    await server.start()

    def written(event: Any, _: object) -> None:
        if event.is_external:
            for item in event.request_params.NodesToWrite:
                value = item.Value.Value
                print(json.dumps([item.NodeId.Identifier, value.VariantType.name, value.Value]), flush=True)  # noqa: T201

    server.subscribe_server_callback(CallbackType.PostWrite, written)
    print(json.dumps("ready"), flush=True)  # noqa: T201
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        name, value, status = json.loads(line)
        answer = ua.DataValue(ua.Variant(value, kinds[name]), ua.StatusCode(getattr(ua.StatusCodes, status)))
        await server.write_attribute_value(nodes[name].nodeid, answer)
    await server.stop()


class PlcProcess:
    def __init__(self, certificates: Path | None = None) -> None:
        self._more = [] if certificates is None else [str(certificates)]
        self.port = free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Returns when the server can be connected to."""
        words = [sys.executable, "-m", "tests.support.opcua_servers", str(self.port), *self._more]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.told() == "ready"

    def told(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def set(self, name: str, value: Any, status: str = "Good") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, value, status]).encode() + b"\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def end(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
        self.kill()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
