"""The PLC's OPC UA server: the tag sheet as variables, PLC tags written out, box tags reported as they arrive.

Wraps asyncua. With a folder of certificates it is signed and encrypted, and takes only clients that are trusted
there; without one it is open, as in a commissioning network: bind it to loopback. Nobody signs in either way. A
client may ask for a publishing interval of 10 ms or less; asyncua does not clamp it.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse

from asyncua import Server, ua
from asyncua.common.utils import ServiceError

from core.clock import SystemClock
from core.errors import PortBusyError
from simulators.plc_keys import plc_certificates
from simulators.tags import NAMESPACE, NAMESPACE_INDEX, TAG_BY_NAME, TAGS, Tag, TagValue, Writer
from verticals.devices.opcua_facts import der_of
from verticals.devices.opcua_trust import TrustList

if TYPE_CHECKING:
    from cryptography import x509

BoxWrote = Callable[[str, TagValue], None]


class CellServer:
    """Belongs to one event loop. `stop` then `start` is a restart: clients are cut, box tags back at their start."""

    def __init__(self, url: str, box_wrote: BoxWrote, certificates: Path | None = None) -> None:
        self.url = url
        self._certificates = certificates
        self.clock_offset_s = 0.0  # injected fault: the PLC's clock is wrong by this much
        self._box_wrote = box_wrote
        self._made: Server | None = None
        self._server: Server | None = None  # while it listens

    async def start(self, outputs: Mapping[str, TagValue]) -> str:
        """Listens and returns the URL with the port it got. Raises PortBusyError."""
        if self._made is None:
            self._made = await self._make()
        for tag in TAGS:
            await self._put(self._made, tag.name, outputs.get(tag.name, tag.start))
        self._made.set_endpoint(self.url)
        await self._listen(self._made)
        self._server = self._made
        return self.url

    async def stop(self) -> None:
        """Clients are cut and what they subscribed to is forgotten."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop()
            subscriptions = server.iserver.subscription_service
            await subscriptions.delete_subscriptions(list(subscriptions.subscriptions))

    async def _make(self) -> Server:
        """The address space, which takes seconds, once: a restart of the PLC lasts as long as it is told to."""
        server = Server()
        await server.init()
        server.set_server_name("Edgewise simulated PLC")
        if self._certificates is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            await secure_server(server, self._certificates)
        index = await server.register_namespace(NAMESPACE)
        assert index == NAMESPACE_INDEX
        cell = await server.nodes.objects.add_object(ua.NodeId("Cell", index), ua.QualifiedName("Cell", index))
        for tag in TAGS:
            name = ua.QualifiedName(tag.name, index)
            node = await cell.add_variable(ua.NodeId(f"Cell.{tag.name}", index), name, _variant(tag, tag.start))
            if tag.writer is Writer.BOX:
                await node.set_writable()
                report = functools.partial(self._reported, tag.name)
                server.iserver.aspace.add_datachange_callback(node.nodeid, ua.AttributeIds.Value, report)
        # A full collection over asyncua's half a million objects stands still for 0.1 s; frozen they are skipped.
        gc.collect()
        gc.freeze()
        return server

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def write(self, name: str, value: TagValue) -> None:
        """A PLC tag, with the PLC's own time on it. While the server is down it goes nowhere."""
        if self._server is not None:
            await self._put(self._server, name, value)

    async def _put(self, server: Server, name: str, value: TagValue) -> None:
        now = datetime.now(UTC) + timedelta(seconds=self.clock_offset_s)
        data = ua.DataValue(_variant(TAG_BY_NAME[name], value), SourceTimestamp=now, ServerTimestamp=now)
        await server.write_attribute_value(ua.NodeId(f"Cell.{name}", NAMESPACE_INDEX), data)

    async def _listen(self, server: Server) -> None:
        parts = urlparse(self.url)
        try:
            await server.start()
        except OSError as error:
            raise PortBusyError(
                f"{self.url}: the simulated PLC cannot listen there: {error}", hint="Choose another port with --url."
            ) from error
        assert server.bserver is not None
        self.url = f"opc.tcp://{parts.hostname}:{server.bserver.port}{parts.path}"

    async def _reported(self, name: str, _handle: int, data: ua.DataValue) -> None:
        if self._server is not None and data.Value is not None and data.Value.Value is not None:
            self._box_wrote(name, data.Value.Value)


async def secure_server(server: Server, folder: Path) -> None:
    """Signed and encrypted alone, by every policy that is not out of date; whom it trusts lies in `folder`."""
    own = plc_certificates(folder).ensure()
    trust = TrustList(folder, SystemClock())

    async def validate(certificate: x509.Certificate, client: ua.ApplicationDescription) -> None:
        der = der_of(certificate)
        if trust.judge(der, "", client.ApplicationUri).blocked:
            trust.keep_rejected(der, "", client.ApplicationUri)
            raise ServiceError(ua.StatusCodes.BadCertificateUntrusted)

    await server.set_application_uri(own.facts.uri)
    await server.load_certificate(own.certificate, "der")
    await server.load_private_key(own.key, format="pem")
    server.set_security_policy(
        [kind for kind in ua.SecurityPolicyType if kind.name.startswith(("Basic256Sha256", "Aes"))]
    )
    server.set_certificate_validator(validate)


def _variant(tag: Tag, value: TagValue) -> ua.Variant:
    return ua.Variant(value, ua.VariantType[tag.kind])
