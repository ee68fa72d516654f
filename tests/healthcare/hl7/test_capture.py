from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from core.clock import Instant
from core.errors import InputError
from healthcare.hl7.capture import Capture, read_capture, replay
from healthcare.hl7.frames import framed
from tests.healthcare.hl7.messages import observations


def captured(folder: Path, *after_s: float, limit: int = 1 << 20) -> Capture:
    capture = Capture(folder, limit)
    for number, seconds in enumerate(after_s):
        capture.keep(observations(str(number)), Instant(50.0 + seconds, 1000.0 + seconds), "10.0.0.5")
    capture.close()
    return capture


def test_what_was_kept_comes_back_with_its_spacing(tmp_path: Path) -> None:
    capture = captured(tmp_path, 0.0, 1.5, 4.0)
    found = list(read_capture(capture.path))
    assert [one.frame for one in found] == [observations(str(number)) for number in range(3)]
    assert [one.after_s for one in found] == [0.0, 1.5, 4.0]
    assert (found[1].peer, found[1].at_utc_s) == ("10.0.0.5", 1001.5)


def test_a_capture_is_its_owner_s_alone_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    capture = captured(tmp_path / "new", 0.0)
    captured(tmp_path / "new", 1.0)
    assert stat.S_IMODE(capture.path.stat().st_mode) == 0o600
    assert len(list(read_capture(capture.path))) == 2


def test_a_capture_never_grows_beyond_its_limit(tmp_path: Path) -> None:
    capture = captured(tmp_path, *map(float, range(60)), limit=20_000)
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["mllp.capture", "mllp.capture.1"]
    assert sum(path.stat().st_size for path in files) <= 20_000
    assert list(read_capture(capture.path))[-1].frame == observations("59")


def test_a_disk_that_takes_nothing_ends_the_capture_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    captured(tmp_path / "file", 0.0, 1.0)
    assert caplog.text.count("nothing more is captured") == 1


async def test_a_replay_waits_as_long_as_the_sender_did(tmp_path: Path) -> None:
    capture = captured(tmp_path, 0.0, 1.5, 1.5, 4.0)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    got = [one.frame async for one in replay(capture.path, speed=2.0, sleep=sleep)]
    assert len(got) == 4
    assert waits == pytest.approx([0.75, 1.25])
    assert [one.after_s async for one in replay(capture.path, speed=0, sleep=sleep)] == [0.0, 1.5, 1.5, 4.0]
    assert len(waits) == 2


def test_a_last_message_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    capture = captured(tmp_path, 0.0, 1.0)
    capture.path.write_bytes(capture.path.read_bytes()[:-40])
    assert len(list(read_capture(capture.path))) == 1


def test_a_file_of_plain_frames_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "frames.bin"
    path.write_bytes(framed(observations("1")) + framed(observations("2")))
    assert [(one.frame, one.after_s) for one in read_capture(path)] == [
        (observations("1"), 0.0), (observations("2"), 0.0)
    ]  # fmt: skip


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(content=st.binary(max_size=200))
def test_no_file_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.capture"
    path.write_bytes(content)
    try:
        list(read_capture(path))
    except InputError as error:
        assert "x.capture" in error.message


def test_what_is_no_capture_or_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(read_capture(tmp_path / "none"))
    for head in (b"{}\n", b'{"mono_s":0,"at_utc_s":0,"peer":"","bytes":-1}\n', b'{"mono_s":1e999}\n', b"[" * 300):
        (tmp_path / "x").write_bytes(head)
        with pytest.raises(InputError, match="no "):
            list(read_capture(tmp_path / "x"))
