"""XML from outside as a small tree: no document type, no entities of its own, bounded in depth and size.

The standard library's expat, with what makes XML dangerous refused before anything comes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from core.errors import InputError
from retail.codes.gtin import shown

MOST_DEPTH = 50
MOST_ELEMENTS = 500_000
MOST_BYTES = 64 << 20
_MOST_TEXT = 10_000


@dataclass(slots=True)
class Node:
    """`name` and attributes without their namespaces, whose prefixes differ from till to till."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def first(self, *names: str) -> Node | None:
        """The first child of one of these names, in the order of the names."""
        for name in names:
            for child in self.children:
                if child.name == name:
                    return child
        return None

    def all(self, name: str) -> Iterator[Node]:
        return (child for child in self.children if child.name == name)

    def value(self, *names: str) -> str:
        """The text of the first child of one of these names; empty where there is none."""
        found = self.first(*names)
        return found.text.strip() if found is not None else ""


def parse(content: bytes) -> Node:
    """The root. Raises InputError, with the line where it went wrong."""
    if len(content) > MOST_BYTES:
        raise InputError(f"{len(content) >> 20} MB of XML are too much")
    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = tree.begin
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.EntityDeclHandler = _no_entities
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise InputError(f"this is no XML: line {error.lineno}, {expat.errors.messages[error.code]}") from error
    except (ValueError, LookupError) as error:  # an encoding that is not known
        raise InputError(f"this is no XML: {shown(str(error))}") from error
    if tree.root is None:
        raise InputError("this is no XML: it holds no element")
    return tree.root


def _no_document_type(*_: object) -> NoReturn:
    raise InputError("XML with a document type is not taken", hint="Send it without DOCTYPE.")


def _no_entities(*_: object) -> NoReturn:
    raise InputError("XML with entities of its own is not taken")


class _Tree:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MOST_DEPTH or self._count > MOST_ELEMENTS:
            raise InputError(f"XML of more than {MOST_DEPTH} levels or {MOST_ELEMENTS} elements is not taken")
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, name: str) -> None:
        self._open.pop()

    def text(self, data: str) -> None:
        here = self._open[-1]
        if len(here.text) < _MOST_TEXT:
            here.text += data[:_MOST_TEXT]


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
