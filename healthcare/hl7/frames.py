"""MLLP: cuts a stream of bytes into messages, `0x0B` message `0x1C 0x0D` (HL7 v2 Transport: MLLP, release 1).

What stands between frames is dropped and counted. A frame that begins inside another ends that one unheard: its sender
broke off. The carriage return after `0x1C` may be missing.
"""

from __future__ import annotations

_START, _END, _CR = 0x0B, 0x1C, b"\r"
_HEAD_BYTES = 4096


def framed(message: bytes) -> bytes:
    return bytes((_START,)) + message + bytes((_END,)) + _CR


class FrameCutter:
    """Keeps what has no end yet, at most `limit` bytes. After `overlong` is set it takes no more."""

    def __init__(self, limit: int) -> None:
        self.dropped_bytes = 0
        self.inside = False
        self.overlong: bytes | None = None  # how the frame began that became too long
        self._limit = limit
        self._rest = bytearray()
        self._searched = 0

    def cut(self, data: bytes) -> list[bytes]:
        """The messages that end with `data`, in their order."""
        if self.overlong is not None:
            return []
        self._rest += data
        found: list[bytes] = []
        while self.overlong is None and self._begun():
            end = self._rest.find(_END, self._searched)
            again = self._rest.rfind(_START, self._searched, end if end >= 0 else len(self._rest))
            if again >= 0:
                self._drop(again + 1)
            elif end < 0:
                self._searched = len(self._rest)
                self._check(len(self._rest))
                break
            elif self._check(end):
                found.append(bytes(self._rest[:end]))
                self.inside = False
                self._forget(end + 1)
        return found

    def _begun(self) -> bool:
        """Whether a frame is open; drops what stands before the next one."""
        if not self.inside:
            start = self._rest.find(_START)
            between = self._rest[: start if start >= 0 else len(self._rest)]
            self.dropped_bytes += len(between.strip(b"\r\n"))
            self._forget(len(between) + (start >= 0))
            self.inside = start >= 0
        return self.inside

    def _check(self, length: int) -> bool:
        if length > self._limit:
            self.overlong = bytes(self._rest[:_HEAD_BYTES])
            self._rest.clear()
        return self.overlong is None

    def _drop(self, count: int) -> None:
        self.dropped_bytes += count
        self._forget(count)

    def _forget(self, count: int) -> None:
        del self._rest[:count]
        self._searched = 0
