from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import Instant, SystemClock
from core.errors import DeviceError, InputError, SettingsError
from tests.support.cameras import encoded, save, solid
from verticals.devices.folder import FolderSettings, FolderSource, Order, open_folder


class SleepingClock:
    """Time passes only by sleeping; something may happen meanwhile."""

    def __init__(self) -> None:
        self.slept_s = 0.0
        self.meanwhile: list[Any] = []

    def now(self) -> Instant:
        return Instant(100.0 + self.slept_s, 1.7e9 + self.slept_s)

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()


def hot(folder: Path, clock: SleepingClock, order: Order = Order.NEWEST) -> FolderSource:
    return FolderSource(FolderSettings(folder, order), clock, clock.sleep)


def drop(path: Path, level: int, written_s: int) -> None:
    save(path, solid(level, level, level))
    os.utime(path, (written_s, written_s))


def level(source: FolderSource, ticket: str = "") -> int:
    return int(source.grab(ticket).image[0, 0, 0])


def test_pictures_are_played_in_order_of_name_and_again(tmp_path: Path) -> None:
    for name, value in (("b.png", 2), ("a.bmp", 1), ("c.PNG", 3)):
        save(tmp_path / name.lower(), solid(value, value, value)).rename(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    source = open_folder({"folder": str(tmp_path)}, SystemClock())
    assert [level(source) for _ in range(5)] == [1, 2, 3, 1, 2]


def test_a_shot_carries_the_time_of_the_trigger(tmp_path: Path) -> None:
    save(tmp_path / "a.png", solid(1, 1, 1))
    shot = FolderSource(FolderSettings(tmp_path), SleepingClock()).grab("")
    assert shot.at == Instant(100.0, 1.7e9)


def test_the_first_picture_tells_the_size_to_expect(tmp_path: Path) -> None:
    source = open_folder({"folder": str(tmp_path)}, SystemClock())
    assert source.expected_bytes() == 0
    (tmp_path / "a.png").write_bytes(b"junk")
    assert source.expected_bytes() == 0
    save(tmp_path / "a.png", solid(1, 1, 1))
    assert source.expected_bytes() == 24 * 32 * 3


def test_a_corrupt_picture_costs_one_grab(tmp_path: Path) -> None:
    save(tmp_path / "a.png", solid(1, 1, 1))
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing of the kind")
    source = open_folder({"folder": str(tmp_path)}, SystemClock())
    assert level(source) == 1
    with pytest.raises(InputError, match=r"b\.png"):
        source.grab("")
    assert level(source) == 1


def test_a_missing_or_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be read"):
        open_folder({"folder": str(tmp_path / "none")}, SystemClock()).grab("")
    with pytest.raises(DeviceError, match="holds no PNG"):
        open_folder({"folder": str(tmp_path)}, SystemClock()).grab("")


@pytest.mark.parametrize("options", [{}, {"folder": "x", "order": "odd"}, {"folder": "x", "wiat": "1s"}])
def test_wrong_options_are_settings_errors(options: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"camera\.folder: key"):
        open_folder(options, SystemClock())


def test_a_hot_folder_gives_the_newest_picture_once(tmp_path: Path) -> None:
    clock = SleepingClock()
    source = hot(tmp_path, clock)
    drop(tmp_path / "z.png", 1, 1000)
    drop(tmp_path / "a.png", 2, 1001)
    assert level(source) == 2
    with pytest.raises(DeviceError, match="no new picture for 'part 8'"):
        source.grab("part 8")
    assert clock.slept_s >= 0.3
    drop(tmp_path / "a.png", 3, 1002)
    assert level(source) == 3


def test_a_hot_folder_waits_for_the_picture_to_arrive(tmp_path: Path) -> None:
    clock = SleepingClock()
    clock.meanwhile = [lambda: None, lambda: drop(tmp_path / "a.png", 5, 1000)]
    assert level(hot(tmp_path, clock)) == 5


def test_an_unfinished_picture_is_waited_for_and_the_one_before_never_stands_in(tmp_path: Path) -> None:
    clock = SleepingClock()
    source = hot(tmp_path, clock)
    drop(tmp_path / "a.png", 1, 1000)
    late = tmp_path / "b.jpg"
    data = encoded(solid(9, 9, 9), ".jpg")
    late.write_bytes(data[:-40])
    os.utime(late, (1001, 1001))
    with pytest.raises(DeviceError, match="no new picture"):
        source.grab("")
    late.write_bytes(data)
    os.utime(late, (1002, 1002))
    assert abs(level(source) - 9) <= 2


def test_the_picture_named_like_the_ticket_goes_first(tmp_path: Path) -> None:
    source = hot(tmp_path, SleepingClock())
    drop(tmp_path / "17.png", 17, 1000)
    drop(tmp_path / "18.png", 18, 1001)
    assert level(source, "17") == 17
    assert level(source, "other") == 18


def test_named_order_takes_no_other_picture(tmp_path: Path) -> None:
    source = hot(tmp_path, SleepingClock(), Order.NAMED)
    drop(tmp_path / "18.png", 18, 1001)
    with pytest.raises(DeviceError, match="no new picture for '17'"):
        source.grab("17")


@pytest.mark.parametrize("ticket", ["../secret", "/etc/passwd", "..", "a/../../secret", "\0"])
def test_a_ticket_cannot_lead_out_of_the_folder(tmp_path: Path, ticket: str) -> None:
    inside = tmp_path / "hot"
    inside.mkdir()
    save(tmp_path / "secret.png", solid(1, 1, 1))
    with pytest.raises(DeviceError, match="no new picture"):
        hot(inside, SleepingClock(), Order.NAMED).grab(ticket)


def test_hidden_files_are_not_taken(tmp_path: Path) -> None:
    save(tmp_path / ".upload.png", solid(1, 1, 1))
    with pytest.raises(DeviceError, match="holds no"):
        open_folder({"folder": str(tmp_path)}, SystemClock()).grab("")


def test_frames_are_rgb(tmp_path: Path) -> None:
    save(tmp_path / "a.png", solid(200, 100, 50))
    image = open_folder({"folder": str(tmp_path)}, SystemClock()).grab("").image
    assert np.array_equal(image, solid(200, 100, 50))
