import json
import resource
import signal
from pathlib import Path

import pytest

from core.clock import Instant
from core.errors import InputError
from simulators.partlog import PartLog, lost_to_power, read_rows, retained
from simulators.passages import Part, Passage


def _logged(path: Path, *, gone_through: bool) -> None:
    log = PartLog(path)
    for part_id in (1, 2):
        passage = Passage(Part(part_id, f"{part_id}.png", "good"), Instant(10.0 + part_id, 100.0), triggered=True)
        log.seen(passage)
        if gone_through or part_id == 1:
            log.row(passage.row(Instant(11.0 + part_id, 101.0), gate_rejected=True))
    log.close()


def test_a_plc_that_lost_power_knows_its_counters_and_the_part_on_its_way(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    _logged(path, gone_through=False)
    counters, lost = retained(read_rows(path))
    assert (counters.triggered, counters.passed, counters.gate_rejected) == (2, 2, 1)
    assert [row["part_id"] for row in lost] == [2]
    row = lost_to_power(lost[0], Instant(50.0, 200.0))
    assert (row["reason"], row["gate_rejected"], row["trigger_mono_s"]) == ("power-loss", True, 12.0)


def test_a_line_cut_short_by_a_kill_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    _logged(path, gone_through=True)
    with path.open("a") as file:
        file.write('{"kind": "se')
    assert len(list(read_rows(path))) == 4


def test_half_a_line_does_not_stand_before_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    path.write_text('{"kind": "news"}\n{"kind": "se')
    log = PartLog(path)
    log.row({"kind": "part"})
    log.close()
    assert list(read_rows(path)) == [{"kind": "news"}, {"kind": "part"}]


def test_rows_that_find_no_room_are_lost_and_those_after_them_are_whole(tmp_path: Path) -> None:
    log = PartLog(tmp_path / "parts.jsonl")
    log.row({"kind": "part", "part_id": 1})
    room, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    handled = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, most))
    try:
        log.row({"kind": "part", "part_id": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
        signal.signal(signal.SIGXFSZ, handled)
    log.row({"kind": "part", "part_id": 3})
    log.close()
    assert [row["part_id"] for row in read_rows(tmp_path / "parts.jsonl")] == [1, 3]


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    path.write_text("not json\n" + json.dumps({"kind": "news"}) + "\n")
    with pytest.raises(InputError, match="line 1"):
        list(read_rows(path))


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        list(read_rows(tmp_path / "nowhere.jsonl"))
