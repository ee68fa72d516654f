from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from core.errors import DeviceError
from tests.support.cameras import solid
from verticals.devices.ring import RingReader, RingWriter


def reader_of(writer: RingWriter) -> RingReader:
    return RingReader(os.dup(writer.fd), writer.slots, writer.slot_bytes)


def test_a_frame_comes_through_whole_and_is_ones_own() -> None:
    writer = RingWriter(2, 24 * 32 * 3)
    reader = reader_of(writer)
    image = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    slot, mark = writer.write(image)
    copy = reader.read(slot, mark, 24, 32)
    writer.write(solid(0, 0, 0))
    writer.write(solid(0, 0, 0))
    assert np.array_equal(copy, image)
    reader.close()
    writer.close()


def test_a_smaller_frame_fits_a_larger_slot() -> None:
    writer = RingWriter(2, 100_000)
    reader = reader_of(writer)
    slot, mark = writer.write(solid(1, 2, 3, 5, 7))
    assert reader.read(slot, mark, 5, 7).shape == (5, 7, 3)
    reader.close()
    writer.close()


def test_a_frame_that_was_overwritten_is_an_error_not_another_picture() -> None:
    writer = RingWriter(2, 24 * 32 * 3)
    reader = reader_of(writer)
    slot, mark = writer.write(solid(1, 1, 1))
    for _ in range(2):
        writer.write(solid(2, 2, 2))
    with pytest.raises(DeviceError, match="overwritten"):
        reader.read(slot, mark, 24, 32)
    reader.close()
    writer.close()


def test_a_frame_half_written_is_never_read() -> None:
    writer = RingWriter(1, 24 * 32 * 3)
    reader = reader_of(writer)
    slot, mark = writer.write(solid(1, 1, 1))
    writer._marks[slot] = mark + 1  # as while the next frame is being copied in
    for told in (mark, mark + 1):
        with pytest.raises(DeviceError, match="overwritten"):
            reader.read(slot, told, 24, 32)
    reader.close()
    writer.close()


@pytest.mark.parametrize("slot,height,width", [(2, 24, 32), (-1, 24, 32), (0, 24, 33), (0, 0, 32), (0, 2**31, 2**31)])
def test_a_frame_outside_the_ring_is_refused(slot: int, height: int, width: int) -> None:
    writer = RingWriter(2, 24 * 32 * 3)
    reader = reader_of(writer)
    with pytest.raises(DeviceError, match="does not have"):
        reader.read(slot, 2, height, width)
    reader.close()
    writer.close()


def test_a_frame_that_does_not_fit_is_refused_by_the_writer() -> None:
    writer = RingWriter(2, 100)
    with pytest.raises(DeviceError, match="does not fit"):
        writer.write(solid(1, 1, 1))
    writer.close()


def test_memory_that_is_too_small_or_may_shrink_is_refused() -> None:
    unsealed = os.memfd_create("test")
    os.ftruncate(unsealed, 1 << 20)
    with pytest.raises(DeviceError, match="may shrink"):
        RingReader(unsealed, 1, 100)
    short = os.memfd_create("test")
    with pytest.raises(DeviceError, match="expected"):
        RingReader(short, 1, 100)
    for slots, slot_bytes in ((0, 100), (1, 0), (2**32 - 1, 2**64 - 1)):
        with pytest.raises(DeviceError):
            RingReader(os.memfd_create("test"), slots, slot_bytes)


@pytest.mark.parametrize("slots,slot_bytes", [(4, 1 << 60), (1 << 40, 100), (0, 100), (4, 0)])
def test_a_ring_of_an_unbearable_size_is_refused_before_any_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch, slots: int, slot_bytes: int
) -> None:
    def taken(*_: object) -> int:
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(os, "memfd_create", taken)
    with pytest.raises(DeviceError, match="is not between"):
        RingWriter(slots, slot_bytes)


def _write_and_hang(path: str) -> None:
    writer = RingWriter(2, 24 * 32 * 3)
    slot, mark = writer.write(solid(9, 8, 7))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sender:
        sender.connect(path)
        socket.send_fds(sender, [f"{slot} {mark}".encode()], [writer.fd])
        signal.pause()


def test_the_ring_stays_readable_when_its_writer_is_killed(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        writer = multiprocessing.get_context("spawn").Process(target=_write_and_hang, args=(path,))
        writer.start()
        receiver, _ = listener.accept()
        with receiver:
            packet, descriptors, _, _ = socket.recv_fds(receiver, 100, 1)
            writer.kill()
            writer.join()
    reader = RingReader(descriptors[0], 2, 24 * 32 * 3)
    slot, mark = map(int, packet.split())
    assert np.array_equal(reader.read(slot, mark, 24, 32), solid(9, 8, 7))
    reader.close()
