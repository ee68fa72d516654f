"""Which variables an OPC UA server has: read level by level within limits, or looked up by name. Wraps asyncua."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.errors import DeviceError
from verticals.devices.opcua_security import OpcUaSecurity
from verticals.devices.opcua_session import OpcUaTimings, Session, as_device_errors

if TYPE_CHECKING:  # asyncua takes a second to import
    from asyncua import Client, ua

_BROWSED_AT_ONCE = 50
_READ_AT_ONCE = 100
_VALUE_LETTERS = 40
_READABLE, _WRITABLE = 1, 2  # OPC UA Part 3, 8.57: CurrentRead, CurrentWrite
_SERVER_OBJECT = 2253  # ns=0: thousands of nodes about the server itself, none of a PLC program


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A variable. `kind` is its built-in type, empty where it was not told; `value` is short and for people."""

    node_id: str
    path: str
    kind: str
    array: bool
    readable: bool
    writable: bool
    value: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class BrowseLimits:
    depth: int = 12
    nodes: int = 20_000
    within_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Browsed:
    """`cut` says which limit ended it, empty when all was seen; `nodes` counts everything that was looked at."""

    tags: tuple[FoundTag, ...]
    nodes: int
    cut: str


#: Share 0..1 and a text; returns whether to stop.
Tell = Callable[[float, str], bool]


async def browse(
    url: str, security: OpcUaSecurity | None, limits: BrowseLimits | None = None, tell: Tell = lambda share, text: False
) -> Browsed:
    """Every variable below Objects, but for the server's own. Raises DeviceError, TrustError."""
    limits = limits or BrowseLimits()
    with as_device_errors(f"browsing {url}"):
        async with asyncio.timeout(limits.within_s + 30.0), _Connection(url, security) as client:
            return await _Walk(client, limits, tell).run()


async def look_up(url: str, security: OpcUaSecurity | None, addresses: Mapping[str, str]) -> dict[str, FoundTag | None]:
    """What is at each address, node id or browse path, by the same names; None where there is no variable."""
    with as_device_errors(f"looking up tags of {url}"):
        async with asyncio.timeout(60.0), _Connection(url, security) as client:
            found: dict[str, FoundTag | None] = dict.fromkeys(addresses)
            nodes = {}
            for name, address in addresses.items():
                node = await _node(client, address)
                if node is not None:
                    nodes[name] = (node, address)
            for name, tag in zip(nodes, await _read(client, list(nodes.values())), strict=True):
                found[name] = tag
            return found


class _Connection:
    """A connection of its own beside the line's, for as long as the block lasts."""

    def __init__(self, url: str, security: OpcUaSecurity | None) -> None:
        self._url = url
        self._security = security
        self._session = Session(url, OpcUaTimings(request_timeout_s=10.0, connect_timeout_s=10.0))

    async def __aenter__(self) -> Client:
        attempts = 1 if self._security is None else len(self._security.own.candidates()) or 1
        for attempt in range(attempts):
            try:
                with as_device_errors(f"OPC UA server {self._url}"):
                    await self._session.connect(self._security, attempt)
                return self._session.client
            except DeviceError:
                await self._session.close()
                if attempt == attempts - 1:
                    raise
                self._session = Session(self._url, OpcUaTimings(request_timeout_s=10.0, connect_timeout_s=10.0))
        raise AssertionError("unreachable")

    async def __aexit__(self, *exc: object) -> None:
        await self._session.close()


class _Walk:
    """Level by level, so that what lies near the top is there when a limit ends it."""

    def __init__(self, client: Client, limits: BrowseLimits, tell: Tell) -> None:
        self._client = client
        self._limits = limits
        self._tell = tell
        self._seen: set[ua.NodeId] = set()
        self._variables: list[tuple[ua.NodeId, str]] = []
        self._cut = ""
        self._end_s = asyncio.get_running_loop().time() + limits.within_s

    async def run(self) -> Browsed:
        from asyncua import ua

        level = [(ua.NodeId(ua.ObjectIds.ObjectsFolder), "/0:Objects")]
        self._seen = {level[0][0], ua.NodeId(_SERVER_OBJECT)}
        for _ in range(self._limits.depth):
            level = await self._below(level)
            if not level or self._cut:
                break
        else:
            self._cut = f"deeper than {self._limits.depth} levels" if level else ""
        tags: list[FoundTag] = []
        for at in range(0, len(self._variables), _READ_AT_ONCE):
            if self._over(0.5 + 0.5 * at / len(self._variables), f"{at} of {len(self._variables)} variables read"):
                break
            with as_device_errors("reading variables"):
                got = await _read(self._client, self._variables[at : at + _READ_AT_ONCE])
            tags += [tag for tag in got if tag is not None]
        return Browsed(tuple(tags), len(self._seen), self._cut)

    async def _below(self, level: Sequence[tuple[ua.NodeId, str]]) -> list[tuple[ua.NodeId, str]]:
        from asyncua import ua

        found = []
        for at in range(0, len(level), _BROWSED_AT_ONCE):
            share = min(0.5, len(self._seen) / self._limits.nodes)
            if self._over(share, f"{len(self._seen)} nodes, {len(self._variables)} variables"):
                break
            some = level[at : at + _BROWSED_AT_ONCE]
            for path, reference in await self._references(some):
                node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex)
                if node in self._seen or len(self._seen) >= self._limits.nodes:
                    self._cut = self._cut or ("" if node in self._seen else f"more than {self._limits.nodes} nodes")
                    continue
                self._seen.add(node)
                name = reference.BrowseName
                here = (node, f"{path}/{name.NamespaceIndex}:{name.Name}")
                found.append(here)
                if reference.NodeClass == ua.NodeClass.Variable:
                    self._variables.append(here)
        return found

    async def _references(self, some: Sequence[tuple[ua.NodeId, str]]) -> list[tuple[str, Any]]:
        """What hangs below `some`, with the path of what it hangs on; long answers come in several pieces."""
        from asyncua import ua

        wanted = ua.BrowseParameters()
        wanted.RequestedMaxReferencesPerNode = 1000
        wanted.NodesToBrowse = [_description(node) for node, _ in some]
        found: list[tuple[str, Any]] = []
        with as_device_errors("browsing"):
            open_ = list(zip(some, await self._client.uaclient.browse(wanted), strict=True))
            while open_:
                found += [(path, each) for (_, path), result in open_ for each in result.References or ()]
                more = [(here, result.ContinuationPoint) for here, result in open_ if result.ContinuationPoint]
                if not more or len(found) > self._limits.nodes:
                    break
                following = ua.BrowseNextParameters()
                following.ContinuationPoints = [point for _, point in more]
                answers = await self._client.uaclient.browse_next(following)
                open_ = list(zip([here for here, _ in more], answers, strict=True))
        return found

    def _over(self, share: float, text: str) -> bool:
        if self._tell(share, text):
            self._cut = "stopped"
        elif asyncio.get_running_loop().time() > self._end_s:
            self._cut = f"longer than {self._limits.within_s:g} s"
        return bool(self._cut) and not self._cut.startswith(("more than", "deeper"))


def _description(node: ua.NodeId) -> ua.BrowseDescription:
    from asyncua import ua

    wanted = ua.BrowseDescription()
    wanted.NodeId = node
    wanted.ReferenceTypeId = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
    wanted.BrowseDirection = ua.BrowseDirection.Forward
    wanted.IncludeSubtypes = True
    wanted.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
    wanted.ResultMask = ua.BrowseResultMask.All
    return wanted


async def _node(client: Client, address: str) -> ua.NodeId | None:
    from asyncua import ua

    try:
        if address.startswith("/"):
            return (await client.nodes.root.get_child(address)).nodeid
        if address.startswith("nsu="):
            uri, _, rest = address.removeprefix("nsu=").partition(";")
            address = f"ns={await client.get_namespace_index(uri)};{rest}"
        return ua.NodeId.from_string(address)
    except (ua.UaError, ValueError):
        return None


async def _read(client: Client, some: Sequence[tuple[ua.NodeId, str]]) -> list[FoundTag | None]:
    """Five attributes of each in one request; None for what is no variable."""
    from asyncua import ua

    attributes = (
        ua.AttributeIds.DataType, ua.AttributeIds.ValueRank, ua.AttributeIds.AccessLevel,
        ua.AttributeIds.UserAccessLevel, ua.AttributeIds.Value,
    )  # fmt: skip
    if not some:
        return []
    wanted = ua.ReadParameters()
    for node, _ in some:
        for attribute in attributes:
            each = ua.ReadValueId()
            each.NodeId, each.AttributeId = node, attribute
            wanted.NodesToRead.append(each)
    answers = await client.uaclient.read(wanted)
    rows = [answers[at : at + len(attributes)] for at in range(0, len(answers), len(attributes))]
    return [_tag(node, path, row) for (node, path), row in zip(some, rows, strict=True)]


def _tag(node: ua.NodeId, path: str, row: Sequence[ua.DataValue]) -> FoundTag | None:
    kind, rank, access, user_access, value = (_good(answer) for answer in row)
    if kind is None:
        return None
    level = int(access or 0) & int(user_access if user_access is not None else access or 0)
    variant = row[4].Value if value is not None else None
    return FoundTag(
        node_id=node.to_string(),
        path=path,
        kind=_kind(kind, variant),
        array=rank is not None and int(rank) >= 0,
        readable=bool(level & _READABLE),
        writable=bool(level & _WRITABLE),
        value=_short(value),
    )


def _good(answer: ua.DataValue) -> Any:
    if answer.StatusCode is None or not answer.StatusCode.is_good() or answer.Value is None:
        return None
    return answer.Value.Value


def _kind(data_type: ua.NodeId, variant: ua.Variant | None) -> str:
    """The value says it where there is one: a type of the server's own is written as the built-in one beneath it."""
    from asyncua import ua

    if variant is not None and variant.VariantType is not None and variant.VariantType.value:
        return str(variant.VariantType.name)
    number = data_type.Identifier
    if data_type.NamespaceIndex == 0 and isinstance(number, int) and 0 < number <= ua.VariantType.DiagnosticInfo.value:
        return str(ua.VariantType(number).name)
    return ""


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text[: _VALUE_LETTERS + 1])
    return text if len(text) <= _VALUE_LETTERS else f"{text[: _VALUE_LETTERS - 3]}..."


def in_slices(tags: Sequence[FoundTag], most_bytes: int) -> Iterator[FoundTag]:
    """As many as fit into that many bytes of JSON, from the first on."""
    import json

    used = 0
    for tag in tags:
        used += len(json.dumps(tag.as_json())) + 2
        if used > most_bytes:
            return
        yield tag
