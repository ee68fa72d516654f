from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError
from simulators.ward_records import RecordedWaves, find_records

RATE_HZ, LASTS_S = 100, 10


def write_record(folder: Path, names: tuple[str, ...] = ("MLII", "V5"), unit: str = "mV") -> Path:
    """Ten seconds in format 16: a ramp of one mV a second in the first signal, its negative in the others."""
    counts = np.arange(RATE_HZ * LASTS_S, dtype="<i2")
    columns = [counts if place == 0 else -counts for place in range(len(names))]
    (folder / "r1.dat").write_bytes(np.stack(columns, axis=1).astype("<i2").tobytes())
    lines = [f"r1 {len(names)} {RATE_HZ} {RATE_HZ * LASTS_S}"]
    lines += [f"r1.dat 16 {RATE_HZ}/{unit} 16 0 0 0 0 {name}" for name in names]
    (folder / "r1.hea").write_text("\n".join(lines) + "\n")
    return folder / "r1.hea"


def write_beats(folder: Path, every: int) -> None:
    """A normal beat each `every` samples (MIT format: code 1 in the upper six bits)."""
    words = [(1 << 10) | every] * (RATE_HZ * LASTS_S // every - 1)
    (folder / "r1.atr").write_bytes(np.array([*words, 0], "<u2").tobytes())


def test_a_record_is_played_at_the_monitors_rate_and_round(tmp_path: Path) -> None:
    waves = RecordedWaves(write_record(tmp_path))
    assert waves.channels == {"ecg_ii_mv", "ecg_v_mv"}
    chunk = waves.chunk(2.0, 3.0)
    np.testing.assert_allclose(chunk["ecg_ii_mv"], 2 + np.arange(250) / 250, atol=0.02)
    np.testing.assert_allclose(chunk["ecg_v_mv"], -chunk["ecg_ii_mv"], atol=1e-6)
    np.testing.assert_allclose(waves.chunk(12.0, 12.5)["ecg_ii_mv"], chunk["ecg_ii_mv"][:125], atol=1e-5)


def test_the_rate_is_that_of_the_annotations(tmp_path: Path) -> None:
    path = write_record(tmp_path)
    assert RecordedWaves(path).heart_rate(9.0) is None
    write_beats(tmp_path, 50)
    assert RecordedWaves(path).heart_rate(9.0) == pytest.approx(120)


def test_channels_go_by_their_names(tmp_path: Path) -> None:
    assert RecordedWaves(write_record(tmp_path, ("V", "II", "PLETH"))).channels == {"ecg_ii_mv", "ecg_v_mv", "pleth"}
    second = RecordedWaves(write_record(tmp_path, ("V", "II")))
    assert second.chunk(5, 5.1)["ecg_ii_mv"].max() < 0


def test_a_folder_without_ecg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no WFDB records"):
        find_records(tmp_path)
    path = write_record(tmp_path, ("HR",), "bpm")
    assert find_records(tmp_path) == [path]
    with pytest.raises(InputError, match="no ECG"):
        RecordedWaves(path)


@pytest.mark.samples
def test_a_real_record_plays_with_its_heart_rate(samples: Path) -> None:
    waves = RecordedWaves(samples / "healthcare/mitdb/101.hea")
    assert waves.channels == {"ecg_ii_mv", "ecg_v_mv"}
    rate = waves.heart_rate(60.0)
    assert rate is not None and 55 < rate < 85
    assert float(np.ptp(waves.chunk(60, 62)["ecg_ii_mv"])) > 0.5
