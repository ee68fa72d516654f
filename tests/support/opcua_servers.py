"""A small PLC as a real OPC UA server in a process of its own: killable, freezable, restartable on its port.

Each is forked from a process that has a server's address space ready: to build it takes three seconds of a slow core.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from multiprocessing.connection import Connection
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


async def _serve(port: int, certificates: Path | None, line: Connection) -> None:
    from asyncua import ua
    from asyncua.common.callback import CallbackType

    from tests.support import opcua_ready

    server = opcua_ready.SERVER
    if certificates is not None:
        server.iserver.user_manager = Users(certificates / "users")
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
                line.send([item.NodeId.Identifier, value.VariantType.name, value.Value])

    server.subscribe_server_callback(CallbackType.PostWrite, written)
    line.send("ready")
    said = asyncio.Event()
    asyncio.get_running_loop().add_reader(line.fileno(), said.set)
    while True:
        await said.wait()
        said.clear()
        while line.poll():
            name, value, status = line.recv()
            answer = ua.DataValue(ua.Variant(value, kinds[name]), ua.StatusCode(getattr(ua.StatusCodes, status)))
            await server.write_attribute_value(nodes[name].nodeid, answer)


def serve(port: int, certificates: Path | None, line: Connection) -> None:
    """Until it is killed."""
    logging.disable(logging.CRITICAL)
    asyncio.run(_serve(port, certificates, line))


class PlcProcess:
    def __init__(self, certificates: Path | None = None) -> None:
        self._certificates = certificates
        self.port = free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Returns when the server can be connected to."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.support.opcua_ready"])
        self._line, far = context.Pipe()
        self._process = context.Process(target=serve, args=(self.port, self._certificates, far), daemon=True)
        self._process.start()
        far.close()
        assert self.told() == "ready"

    def told(self) -> Any:
        """What was written to it, one after the other."""
        return self._line.recv()

    def set(self, name: str, value: Any, status: str = "Good") -> None:
        self._line.send([name, value, status])

    def signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()
        self._process.join(10)
        self._line.close()

    def end(self) -> None:
        if self._process.is_alive():
            self.signal(signal.SIGCONT)
        self.kill()
