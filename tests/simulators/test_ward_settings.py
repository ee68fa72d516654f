from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InputError
from simulators.scenarios import make_episode
from simulators.ward_faults import parse_fault
from simulators.ward_settings import WardSettings, parser, settings_of


def test_a_ward_as_a_command_line_is_the_same_ward(tmp_path: Path) -> None:
    settings = WardSettings(
        hl7_port=2601, waves_host="localhost", waves_port=2602, waves_secret=tmp_path / "s", ca=tmp_path / "ca.pem",
        beds=4, unit="W9", script="calm", seed=7, every_s=2.0, chunk_s=0.5, links=2, window=8, acknowledge="commit",
        lasts_s=12.5, log_path=tmp_path / "ward.jsonl", log_messages=True, monitor_alarms=False, records=tmp_path,
        episodes=(make_episode("vf", 3, 10), make_episode("desaturation", 2, 1.5, 60, every_s=300, amount=79.5)),
        faults=(parse_fault("clock@5:-3600"), parse_fault("garbage@7")),
    )  # fmt: skip
    words = settings.command()
    assert words[1:3] == ["-m", "simulators.ward"]
    assert settings_of(parser("").parse_args(words[3:])) == settings


def test_unless_said_it_is_the_demo_over_loopback() -> None:
    settings = settings_of(parser("").parse_args([]))
    assert settings == WardSettings()
    assert (settings.beds, settings.script, settings.hl7_host, settings.waves_secret) == (16, "demo", "127.0.0.1", None)


def test_a_wrong_episode_is_said_before_anything_begins() -> None:
    with pytest.raises(InputError):
        settings_of(parser("").parse_args(["--episode", "faint@1:2"]))
