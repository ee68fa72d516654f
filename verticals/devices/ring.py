"""Frames in shared memory: one process writes, others read, and a torn frame is never taken for a whole one.

The memory is an anonymous memfd, passed as a descriptor: it lives as long as one process holds it, leaves
nothing behind, and a reader's end cannot take it from the others, which multiprocessing.shared_memory
would do. Each slot begins with a mark: odd while it is being written, and never the same even number
twice. Who was told the mark reads the slot and finds the same mark before and after, or gets an error.
"""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np
from numpy.typing import NDArray

from core.errors import DeviceError

_PAGE_BYTES = mmap.PAGESIZE
_LIMIT_BYTES = 1 << 30  # memory of this kind is never swapped out: without a limit one wrong size ends the box
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


def _stride(slot_bytes: int) -> int:
    """One page for the mark, then the pixels on whole pages."""
    return _PAGE_BYTES + -(-slot_bytes // _PAGE_BYTES) * _PAGE_BYTES


def _marks(memory: mmap.mmap, slots: int, slot_bytes: int) -> NDArray[np.uint64]:
    return np.ndarray((slots,), np.uint64, buffer=memory, strides=(_stride(slot_bytes),))


def _pixels(memory: mmap.mmap, slot: int, slot_bytes: int, shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    return np.ndarray(shape, np.uint8, buffer=memory, offset=slot * _stride(slot_bytes) + _PAGE_BYTES)


class RingWriter:
    """`slots` frames of at most `slot_bytes`; every page is touched at once, so no frame pays for it later.

    Raises DeviceError when the memory cannot be had.
    """

    def __init__(self, slots: int, slot_bytes: int) -> None:
        self.slots = slots
        self.slot_bytes = slot_bytes
        self._writings = 0
        size = slots * _stride(slot_bytes)
        if slots < 1 or slot_bytes < 1 or size > _LIMIT_BYTES:
            raise DeviceError(
                f"a ring of {slots} frames of {slot_bytes} bytes is not between 1 byte and {_LIMIT_BYTES} bytes",
                hint="Lower the camera's size or its number of slots.",
            )
        self.fd = os.memfd_create("edgewise-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.posix_fallocate(self.fd, 0, size)
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS)
            self._memory = mmap.mmap(self.fd, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE)
        except (OSError, ValueError) as error:
            os.close(self.fd)
            raise DeviceError(
                f"no memory for {slots} frames of {slot_bytes} bytes: {error}",
                hint="Lower the camera's size or its number of slots.",
            ) from error
        self._marks = _marks(self._memory, slots, slot_bytes)

    def write(self, image: NDArray[np.uint8]) -> tuple[int, int]:
        """Copies `image` (HxWx3 uint8) into the next slot; gives the slot and its mark."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.nbytes > self.slot_bytes:
            raise DeviceError(f"a frame {image.shape} {image.dtype} does not fit a slot of {self.slot_bytes} bytes")
        slot = self._writings % self.slots
        self._writings += 1
        mark = 2 * self._writings
        self._marks[slot] = mark - 1
        height, width, _ = image.shape
        np.copyto(_pixels(self._memory, slot, self.slot_bytes, (height, width, 3)), image)
        self._marks[slot] = mark
        return slot, mark

    def close(self) -> None:
        """Lets go of the memory; readers keep theirs."""
        del self._marks
        self._memory.close()
        os.close(self.fd)


class RingReader:
    """A view of another process's ring. Takes over `fd`, also when it raises DeviceError."""

    def __init__(self, fd: int, slots: int, slot_bytes: int) -> None:
        self.slots = slots
        self.slot_bytes = slot_bytes
        try:
            size = slots * _stride(slot_bytes)
            if slots < 1 or slot_bytes < 1 or size > _LIMIT_BYTES:
                raise ValueError(f"{slots} slots of {slot_bytes} bytes")
            if os.fstat(fd).st_size < size:
                raise ValueError(f"the memory has {os.fstat(fd).st_size} bytes, expected {size}")
            if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK == 0:
                raise ValueError("the memory may shrink, which would kill its reader")
            flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
            self._memory = mmap.mmap(fd, size, flags=flags, prot=mmap.PROT_READ)
        except (OSError, ValueError, OverflowError) as error:
            raise DeviceError(f"the camera's frame ring cannot be used: {error}") from error
        finally:
            os.close(fd)
        self._marks = _marks(self._memory, slots, slot_bytes)

    def read(self, slot: int, mark: int, height: int, width: int) -> NDArray[np.uint8]:
        """A copy of the frame, HxWx3 uint8. Raises DeviceError when it was overwritten meanwhile."""
        if not 0 <= slot < self.slots or height < 1 or width < 1 or height * width * 3 > self.slot_bytes:
            raise DeviceError(f"the camera names a frame {height}x{width} in slot {slot}, which its ring does not have")
        self._check(slot, mark)
        image = _pixels(self._memory, slot, self.slot_bytes, (height, width, 3)).copy()
        self._check(slot, mark)
        return image

    def _check(self, slot: int, mark: int) -> None:
        if mark % 2 or int(self._marks[slot]) != mark:
            raise DeviceError(
                f"the frame in slot {slot} was overwritten before it was read",
                hint="The line is behind the camera: give the ring more slots or trigger more slowly.",
            )

    def close(self) -> None:
        del self._marks
        self._memory.close()
