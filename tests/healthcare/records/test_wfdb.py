from __future__ import annotations

import zlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from healthcare.records.wfdb import read_annotations, read_header, read_record

GOLDEN = Path(__file__).with_name("agreement.csv")


def _write(folder: Path, name: str, header: str, values: list[int] | None = None) -> Path:
    (folder / f"{name}.hea").write_text(header)
    if values is not None:
        (folder / f"{name}.dat").write_bytes(np.array(values, "<i2").tobytes())
    return folder / name


def test_samples_come_in_their_unit_and_invalid_ones_as_nan(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "a 2 100 3\na.dat 16 10(5)/mV 16 0 0 0 0 II\na.dat 16 2/mmHg 16 0 0 0 0 ABP\n",
                  [15, 200, -32768, 100, 5, 0])  # fmt: skip
    record = read_record(path)
    np.testing.assert_array_equal(record.signals[0].samples, [1.0, np.nan, 0.0])
    np.testing.assert_array_equal(record.signals[1].samples, [100.0, 50.0, 0.0])
    assert [(one.name, one.unit, one.rate_hz) for one in record.signals] == [
        ("II", "mV", 100.0),
        ("ABP", "mmHg", 100.0),
    ]
    assert record.signal("V") is None


def test_several_samples_to_a_frame_raise_the_rate_of_that_signal(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "a 2 100 2\na.dat 16x2 1/mV\na.dat 16 1/mV\n", [1, 2, 3, 4, 5, 6])
    first, second = read_record(path).signals
    assert (first.rate_hz, first.samples.tolist()) == (200.0, [1, 2, 4, 5])
    assert (second.rate_hz, second.samples.tolist()) == (100.0, [3, 6])


def test_a_skewed_signal_is_put_back_and_ends_without_samples(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "a 2 100 3\na.dat 16 1/mV\na.dat 16:1 1/mV\n", [1, 9, 2, 7, 3, 8])
    first, second = read_record(path).signals
    assert first.samples.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(second.samples, [7, 8, np.nan])


def test_a_header_without_a_length_takes_what_the_file_holds(tmp_path: Path) -> None:
    path = _write(tmp_path, "a", "a 1 100\na.dat 16 1/mV\n", [1, 2, 3, 4])
    assert read_record(path).signals[0].samples.size == 4


def test_a_matlab_file_is_read_behind_its_head(tmp_path: Path) -> None:
    (tmp_path / "a.hea").write_text("a 1 250 2\na.mat 16+24 2/mV 16 0 0 0 0 II\n")
    (tmp_path / "a.mat").write_bytes(bytes(24) + np.array([4, -6], "<i2").tobytes())
    assert read_record(tmp_path / "a").signals[0].samples.tolist() == [2.0, -3.0]


def _segmented(folder: Path) -> Path:
    _write(folder, "lay", "lay 2 100 0\n~ 0 1/mV 16 0 0 0 0 II\n~ 0 1/mV 16 0 0 0 0 V\n")
    _write(folder, "one", "one 1 100 3\none.dat 16 1/mV 16 0 0 0 0 V\n", [1, 2, 3])
    _write(folder, "two", "two 2 100 2\ntwo.dat 16 1/mV 16 0 0 0 0 V\ntwo.dat 16 2/mV 16 0 0 0 0 II\n", [4, 6, 5, 8])
    return _write(folder, "a", "a/4 2 100 7 10:00:00 01/02/2003\nlay 0\none 3\n~ 2\ntwo 2\n")


def test_segments_are_joined_by_the_names_of_their_signals(tmp_path: Path) -> None:
    second, first = read_record(_segmented(tmp_path)).signals
    nan = np.nan
    np.testing.assert_array_equal(first.samples, [1, 2, 3, nan, nan, 4, 5])
    np.testing.assert_array_equal(second.samples, [nan, nan, nan, nan, nan, 3, 4])


def test_a_part_of_a_record_is_the_same_as_that_part_of_the_whole(tmp_path: Path) -> None:
    path = _segmented(tmp_path)
    whole = read_record(path)
    for begin in range(7):
        for frames in range(7 - begin + 1):
            part = read_record(path, first_frame=begin, frames=frames)
            for one, other in zip(part.signals, whole.signals, strict=True):
                np.testing.assert_array_equal(one.samples, other.samples[begin : begin + frames])


def test_a_missing_segment_matters_only_to_who_asks_for_it(tmp_path: Path) -> None:
    path = _segmented(tmp_path)
    (tmp_path / "two.dat").unlink()
    assert read_record(path, frames=5).signals[1].samples[2] == 3
    with pytest.raises(InputError, match=r"two\.dat"):
        read_record(path)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("a 1 100 9\na.dat 16 1/mV\n", "shorter"),
        ("a 1 100 2\na.dat 310 1/mV\n", "310"),
        ("a 1 100 2\nnone.dat 16 1/mV\n", "cannot be read"),
        ("a 2 100 2\na.dat 16 1/mV\na.dat 212 1/mV\n", "two formats"),
        ("a 1 100 1000000000\na.dat 16 1/mV\n", "too many"),
        ("a/1 1 100 5\na 5\n", "does not describe"),
        ("a/1 1 100 5\n~ 5\n", "gaps"),
    ],
)
def test_a_broken_record_is_an_input_error(tmp_path: Path, header: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_record(_write(tmp_path, "a", header, [1, 2, 3]))


def test_a_missing_header_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_record(tmp_path / "none")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    place=st.integers(0, 90),
    put=st.text(alphabet="0123456789/~x:+-. \nabII", min_size=1, max_size=3),
    cut=st.integers(0, 12),
)
def test_a_damaged_record_is_read_or_is_an_input_error(tmp_path: Path, place: int, put: str, cut: int) -> None:
    header = "a 2 100 3 10:00:00 01/02/2003\na.dat 212 10(5)/mV 12 0 0 0 0 II\na.dat 212 2/mmHg 12 0 0 0 0 ABP\n"
    (tmp_path / "a.hea").write_text(header[:place] + put + header[place + len(put) :])
    (tmp_path / "a.dat").write_bytes(bytes(range(12 - cut)))
    try:
        record = read_record(tmp_path / "a")
    except InputError:
        return
    assert all(one.samples.dtype == np.float64 for one in record.signals)


def _golden() -> list[list[str]]:
    return [line.split(",") for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]


@pytest.mark.samples
@pytest.mark.parametrize("row", _golden(), ids=lambda row: str(row[0]))
def test_it_reads_the_samples_that_the_reference_reader_reads(samples: Path, row: list[str]) -> None:
    """Checksums of what the wfdb package gave (its version stands in the file), of the first 100 s, in float64."""
    name, frames, expected = row[0], int(row[1]), row[2:]
    record = read_record(samples / "healthcare" / name, frames=frames)
    assert [f"{zlib.crc32(one.samples.astype('<f8').tobytes()):08x}" for one in record.signals] == expected


@pytest.mark.samples
@pytest.mark.slow
def test_every_given_record_agrees_with_the_reference_reader(samples: Path) -> None:
    if find_spec("wfdb") is None:
        pytest.skip("the wfdb package is not installed: it is for development only")
    wfdb: Any = import_module("wfdb")
    compared = 0
    for header in sorted((samples / "healthcare").rglob("*.hea")):
        name = str(header.with_suffix(""))
        if not _all_here(header):
            continue
        record, other = read_record(header), wfdb.rdrecord(name, smooth_frames=False)
        columns = other.e_p_signal if other.e_p_signal is not None else list(other.p_signal.T)
        assert [one.name for one in record.signals] == other.sig_name, name
        for one, column in zip(record.signals, columns, strict=True):
            np.testing.assert_array_equal(one.samples, column, err_msg=name)
        compared += 1
    for suffix in ("atr", "gqrsh", "gqrsl", "sqrs"):
        for file in sorted((samples / "healthcare").rglob(f"*.{suffix}")):
            found, known = read_annotations(file), wfdb.rdann(str(file.with_suffix("")), suffix)
            np.testing.assert_array_equal(found.samples, known.sample, err_msg=str(file))
            assert list(found.symbols) == known.symbol
            assert list(found.aux) == [text.rstrip("\0") for text in known.aux_note]
            compared += 1
    assert compared > 80


def _all_here(header: Path) -> bool:
    head = read_header(header)
    if head.segments:
        return all(one.name == "~" or _all_here(header.with_name(one.name + ".hea")) for one in head.segments)
    return not head.frames or all((header.parent / one.file).is_file() for one in head.signals)
