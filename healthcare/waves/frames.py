"""Frames to and from a connection. Where both sides know a seal, each frame of the client ends with its tag."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from healthcare.waves.proofs import SEAL_BYTES, Seal
from healthcare.waves.protocol import LENGTHS, Frame, check_lengths, pack, parse_head


async def read_frame(reader: asyncio.StreamReader, seal: Seal | None = None) -> Frame | None:
    """The next frame; None at the end of the stream. Raises InputError for bytes that are no frame or a broken seal."""
    try:
        head_bytes, payload_bytes = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
        check_lengths(head_bytes, payload_bytes)
        head = await reader.readexactly(head_bytes)
        payload = await reader.readexactly(payload_bytes)
        if seal is not None and not seal.fits(head, payload, await reader.readexactly(SEAL_BYTES)):
            raise InputError("a wave frame's seal does not fit: the stream was changed on its way")
    except (asyncio.IncompleteReadError, OSError):
        return None
    return Frame(parse_head(head), payload)


def frame_bytes(head: Mapping[str, Any]) -> bytes:
    """A frame without payload and seal, as the opening and the server's side have it."""
    return sealed_bytes(*pack(head))


def sealed_bytes(head: bytes, payload: bytes, seal: Seal | None = None) -> bytes:
    tag = b"" if seal is None else seal.tag(head, payload)
    return LENGTHS.pack(len(head), len(payload)) + head + payload + tag
