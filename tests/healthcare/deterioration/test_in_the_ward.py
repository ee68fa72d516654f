"""The site's own score in a ward: read at the start, and advice of a bed when it is high."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.clock import Instant
from core.errors import SettingsError
from healthcare.bed import BedStation
from healthcare.bedside import Bedside
from healthcare.deterioration.score import LearntScore, learnt
from healthcare.deterioration.trial import tried
from healthcare.patients import Patient
from healthcare.settings import BedSettings, HealthcareSettings
from healthcare.vertical import Healthcare
from tests.healthcare.deterioration.wards_past import stays

BED = BedSettings("bed-1", "1", "W7^R1^B1")
NOON = Instant(1000.0, 1_795_000_000.0)


@pytest.fixture(scope="module")
def score() -> LearntScore:
    past = stays(60, 40, 0, hidden=True)
    return learnt(past, tried(past, 1.0, seed=0))


def settings(own_score: str = "") -> HealthcareSettings:
    return HealthcareSettings("Ward 7", [BED], own_score=own_score)


def kept(folder: Path, score: LearntScore, *, won: bool) -> str:
    path = folder / "own.json"
    path.write_text(json.dumps(replace(score, trial={**score.trial, "won": won}).as_json()))
    return str(path)


def test_a_ward_has_no_score_unless_its_settings_name_one_that_won(tmp_path: Path, score: LearntScore) -> None:
    *_, station = Healthcare().stations(settings())
    assert isinstance(station, BedStation) and station.bedside.state(NOON)["own_score"] is None
    *_, station = Healthcare().stations(settings(kept(tmp_path, score, won=True)))
    assert isinstance(station, BedStation) and station.bedside.state(NOON)["own_score"] is not None


def test_a_score_that_lost_lets_nothing_start(tmp_path: Path, score: LearntScore) -> None:
    with pytest.raises(SettingsError, match="stays off"):
        Healthcare().stations(settings(kept(tmp_path, score, won=False)))


def hear(bedside: Bedside, systolic: list[float]) -> list[str]:
    """One look every ten minutes, each hour another pressure by cuff; what was advised."""
    advised = []
    for hour, value in enumerate(systolic):
        for sixth in range(6):
            now = NOON.plus(3600.0 * hour + 600.0 * sixth)
            readings = [{"measure": "hr_per_min", "value": 76.0}, {"measure": "spo2_pct", "value": 97.0},
                        {"measure": "rr_per_min", "value": 16.0},
                        {"measure": "nibp_sys_mmhg", "value": value + 0.1 * sixth}]  # fmt: skip
            bedside.take_numerics(json.dumps(readings), now)
            outcome = bedside.tick(now)
            advised += [data["text"] for kind, _, data, _ in outcome.notes if kind == "advice"]
            assert not [one for one in outcome.changes if one.alarm is not None and "Own score" in one.alarm.label]
    return advised


def test_a_high_score_is_advice_and_calls_nobody(score: LearntScore) -> None:
    bedside = Bedside(BED, settings(), score)
    bedside.admit(Patient("M1", "Family", "Given", "19500101"), NOON.utc_s, NOON)
    falling = [125.0] * 24 + [120.0, 116.0, 112.0, 108.0, 104.0, 102.0, 102.0, 102.0]
    own = [text for text in hear(bedside, falling) if text.startswith("Own score")]
    assert own and "Systolic BP" in own[0]
    assert any(one["text"] == own[-1] for one in bedside.advice)
    bedside.discharge(NOON.plus(40 * 3600.0))
    assert bedside.state(NOON.plus(40 * 3600.0))["own_score"]["hours"] == []
