"""One connection to an OPC UA server: its nodes, their types, their quality, their changes. Wraps asyncua.

Everything asyncua raises leaves here as DeviceError. `verticals.devices.opcua` makes one of these after
the other; nobody else needs them.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import DeviceError
from verticals.devices.opcua_security import OpcUaSecurity, Shown, explained, secure

if TYPE_CHECKING:  # asyncua takes a second to import: only a process that has a link pays for it
    from asyncua import Client, Node, ua
    from asyncua.common.subscription import Subscription

log = logging.getLogger(__name__)

#: What a node holds; None when the server does not vouch for it.
NodeValue = bool | int | float | str | bytes | list[Any] | None

_INTEGERS = {"SByte": (-(2**7), 2**7 - 1), "Byte": (0, 2**8 - 1), "Int16": (-(2**15), 2**15 - 1),
             "UInt16": (0, 2**16 - 1), "Int32": (-(2**31), 2**31 - 1), "UInt32": (0, 2**32 - 1),
             "Int64": (-(2**63), 2**63 - 1), "UInt64": (0, 2**64 - 1)}  # fmt: skip
_SESSION_TIMEOUT_MS = 30_000  # a PLC has few sessions: one we could not close must not block it for long
_KEEP_ALIVE_S = 1.0
_LIFETIME_IN_KEEP_ALIVES = 30
_QUEUED_CHANGES = 10  # edges inside one publishing interval are kept, not merged


@dataclass(frozen=True, slots=True)
class OpcUaTimings:
    """Seconds. A server is lost at the latest `watchdog_every_s` + `watchdog_timeout_s` after its last answer."""

    request_timeout_s: float = 1.0
    connect_timeout_s: float = 4.0
    watchdog_every_s: float = 0.25
    watchdog_timeout_s: float = 0.5
    retry_first_s: float = 0.1
    retry_most_s: float = 0.5
    certificates_every_s: float = 86_400.0


class Session:
    """One client object with its nodes, for one connection."""

    def __init__(self, url: str, timings: OpcUaTimings) -> None:
        from verticals.devices.opcua_client import CarefulClient

        self.lost = asyncio.Event()
        self.why = ""
        self._security: tuple[OpcUaSecurity, Shown] | None = None
        self._url = url
        self._timings = timings
        self._client: Client = CarefulClient(url, timeout=timings.request_timeout_s, watchdog_intervall=3600.0)
        self._client.session_timeout = _SESSION_TIMEOUT_MS
        self._client.name = self._client.description = "Edgewise"
        self._client.connection_lost_callback = self._gone
        self._nodes: dict[str, Node] = {}
        self._types: dict[str, ua.VariantType] = {}

    async def _gone(self, error: Exception) -> None:
        self.give_up(f"the server closed the connection ({error})")

    @property
    def client(self) -> Client:
        """For what asks more of a server than named values: browsing."""
        return self._client

    async def connect(self, security: OpcUaSecurity | None, attempt: int = 0) -> None:
        """`attempt` counts the tries since the last success. Raises TrustError besides what asyncua raises."""
        if security is None:
            await self._client.connect()
            return
        shown = await secure(self._client, self._url, security, attempt)
        try:
            await self._client.connect()
        except Exception as error:
            explanation = explained(error, self._url, shown.identity, security.sign_in.user)
            if explanation is None:
                raise
            raise explanation from error
        security.accepted(shown.identity)
        self._security = security, shown

    def notices(self) -> tuple[str, ...]:
        """What a person should see to in time, of the certificates of this connection, as they stand now."""
        if self._security is None:
            return ()
        security, shown = self._security
        return security.notices(shown, self._url)

    def give_up(self, why: str) -> None:
        """From here on the server counts as gone."""
        self.why = self.why or why
        self.lost.set()

    async def close(self) -> None:
        """Politely while the server answers; else the socket is simply dropped."""
        protocol = self._client.uaclient.protocol
        transport = protocol.transport if protocol is not None else None
        try:
            if self.lost.is_set() and transport is not None:
                transport.abort()
                await asyncio.sleep(0)  # lets asyncua hear of it, so that it does not wait for an answer
            with as_device_errors(f"closing the session at {self._url}"):
                async with asyncio.timeout(self._timings.watchdog_timeout_s):
                    await self._client.disconnect()
        except DeviceError as error:
            log.debug("%s", error.message)
        finally:
            self._client.disconnect_socket()
            if transport is not None:
                transport.abort()

    async def resolve(self, addresses: Mapping[str, str]) -> None:
        """Finds every node and its type anew: a restarted server may number its namespaces differently."""
        from asyncua import ua

        for name, address in addresses.items():
            self._nodes[name] = await self._find(name, address)
        names = list(addresses)
        answers = await self._client.read_attributes([self._nodes[name] for name in names], ua.AttributeIds.DataType)
        for name, answer in zip(names, answers, strict=True):
            if answer.StatusCode is None or not answer.StatusCode.is_good() or answer.Value is None:
                raise self._missing(name, addresses[name])
            self._types[name] = await self._built_in(answer.Value.Value)

    async def _find(self, name: str, address: str) -> Node:
        from asyncua import ua

        try:
            if address.startswith("/"):
                return await self._client.nodes.root.get_child(address)
            if address.startswith("nsu="):
                uri, _, rest = address.removeprefix("nsu=").partition(";")
                address = f"ns={await self._client.get_namespace_index(uri)};{rest}"
            return self._client.get_node(address)
        except (ua.UaError, ValueError) as error:
            raise self._missing(name, address) from error

    def _missing(self, name: str, address: str) -> DeviceError:
        return DeviceError(
            f"the OPC UA server {self._url} has no variable '{address}' for {name}",
            hint="Compare the addresses in the site file with the server's address space.",
        )

    async def _built_in(self, data_type: ua.NodeId) -> ua.VariantType:
        """The type on the wire; types of the server's own are followed to the built-in one they come from."""
        from asyncua import ua
        from asyncua.common.ua_utils import data_type_to_variant_type

        number = data_type.Identifier
        if data_type.NamespaceIndex == 0 and isinstance(number, int) and 0 < number < ua.VariantType.Variant.value:
            return ua.VariantType(number)
        return await data_type_to_variant_type(self._client.get_node(data_type))

    async def ask_time(self) -> None:
        from asyncua import ua

        node = self._client.get_node(ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime))
        await node.read_attribute(ua.AttributeIds.Value, raise_on_bad_status=False)

    async def read(self, names: Sequence[str]) -> list[ua.DataValue]:
        nodes = [self._known(name) for name in names]
        with as_device_errors(f"reading {', '.join(names)} from {self._url}"):
            async with asyncio.timeout(self._timings.request_timeout_s):
                return list(await self._client.read_attributes(nodes)) if nodes else []

    async def write(self, values: Sequence[tuple[str, Any]]) -> None:
        from asyncua import ua

        nodes = [self._known(name).nodeid for name, _ in values]
        wanted = [ua.DataValue(_variant(name, value, self._types[name])) for name, value in values]
        if not values:
            return
        with as_device_errors(f"writing {', '.join(name for name, _ in values)} to {self._url}"):
            async with asyncio.timeout(self._timings.request_timeout_s):
                results = await self._client.uaclient.write_attributes(nodes, wanted, ua.AttributeIds.Value)
        for (name, _), result in zip(values, results, strict=True):
            if not result.is_good():
                raise DeviceError(f"the OPC UA server {self._url} did not take {name}: {result.name}")

    def _known(self, name: str) -> Node:
        try:
            return self._nodes[name]
        except KeyError as error:
            raise DeviceError(f"no node named '{name}' is set up for {self._url}") from error

    async def subscribe(self, names: Sequence[str], interval_s: float) -> Feed:
        from asyncua import ua
        from asyncua.common.subscription import Subscription

        keep_alives = max(1, round(_KEEP_ALIVE_S / max(interval_s, 0.001)))
        wanted = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=interval_s * 1000,
            RequestedLifetimeCount=keep_alives * _LIFETIME_IN_KEEP_ALIVES,
            RequestedMaxKeepAliveCount=keep_alives,
            MaxNotificationsPerPublish=0,
            PublishingEnabled=True,
        )
        nodes = [self._known(name) for name in names]
        with as_device_errors(f"watching {', '.join(names)} on {self._url}"):
            async with asyncio.timeout(self._timings.connect_timeout_s):
                subscription = Subscription(self._client.uaclient.session, wanted)
                got = await subscription.init()
                made = await subscription.subscribe_data_change(nodes, queuesize=_QUEUED_CHANGES, sampling_interval=0.0)
        for name, handle in zip(names, made, strict=True):
            if isinstance(handle, ua.StatusCode):
                raise DeviceError(f"{name} on {self._url} cannot be watched: {handle.name}")
        by_node = {node.nodeid: name for node, name in zip(nodes, names, strict=True)}
        return Feed(subscription, by_node, got.RevisedPublishingInterval / 1000, got.RevisedMaxKeepAliveCount)


class Feed:
    """The changes of one subscription, in the order in which the server sent them."""

    def __init__(
        self, subscription: Subscription, names: Mapping[ua.NodeId, str], interval_s: float, keep_alives: int
    ) -> None:
        self.interval_s = interval_s
        self._subscription = subscription
        self._names = names
        self._silence_s = 3 * interval_s * max(1, keep_alives) + 2 * _KEEP_ALIVE_S
        self._since_s = asyncio.get_running_loop().time()

    async def changes(self) -> AsyncIterator[tuple[str, ua.DataValue]]:
        from asyncua.common.subscription import DataChangeEvent, StatusChangeEvent

        async for event in self._subscription:
            if isinstance(event, DataChangeEvent):
                yield self._names[event.node.nodeid], event.data.monitored_item.Value
            elif isinstance(event, StatusChangeEvent):
                raise DeviceError(f"the server ended the subscription: {event.notification.Status}")

    def check_published(self, now_s: float) -> None:
        if now_s - max(self._since_s, self._subscription.last_publish_at or 0.0) > self._silence_s:
            raise DeviceError(f"the server has published nothing for {self._silence_s:.1f} s")


def value_of(answer: ua.DataValue) -> NodeValue:
    if answer.StatusCode is None or not answer.StatusCode.is_good() or answer.Value is None:
        return None
    value: NodeValue = answer.Value.Value
    return value


def _variant(name: str, value: Any, kind: ua.VariantType) -> ua.Variant:
    """`value` in the node's type; no time and no quality with it, which many PLCs refuse to take."""
    from asyncua import ua

    if kind is ua.VariantType.Variant:
        return ua.Variant(value)
    if isinstance(value, list | tuple):
        return ua.Variant([_scalar(name, item, kind.name) for item in value], kind)
    return ua.Variant(_scalar(name, value, kind.name), kind)


def _scalar(name: str, value: Any, kind: str) -> Any:
    try:
        if kind == "Boolean":
            return bool(value)
        if kind in _INTEGERS:
            low, high = _INTEGERS[kind]
            if int(value) != value or not low <= value <= high:
                raise ValueError(f"expected a whole number from {low} to {high}")
            return int(value)
        if kind in ("Float", "Double"):
            return float(value)
        if kind == "String" and not isinstance(value, str):
            raise ValueError("expected a text")
    except (TypeError, ValueError, OverflowError) as error:
        raise DeviceError(f"{value!r} does not fit {name}, which is {kind}: {error}") from error
    return value


@contextmanager
def as_device_errors(what: str) -> Iterator[None]:
    from asyncua import ua
    from cryptography.exceptions import InvalidSignature

    try:
        yield
    except TimeoutError as error:
        raise DeviceError(f"{what}: no answer in time") from error
    except asyncio.CancelledError as error:
        # Where an answer comes in the moment in which its time is over, asyncua's wait_for2 (Python 3.11) raises a
        # CancelledError of its own, which asyncio.timeout does not take for its own doing: a task would end unseen.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from error
        raise DeviceError(f"{what}: no answer in time") from error
    except InvalidSignature as error:
        raise DeviceError(f"{what}: the server is not the one its certificate names") from error
    # The last three: its answer is garbage, or not the one that asyncua counts on.
    except (ua.UaError, OSError, struct.error, ValueError, TypeError, AssertionError) as error:
        raise DeviceError(f"{what}: {error or type(error).__name__}") from error
