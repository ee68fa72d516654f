from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as pick

from core.errors import InputError
from healthcare.deterioration.stays import Stay, carried, read_stays
from healthcare.vitals.news2 import PARAMETERS

HEAD = "stay,hour,rr_per_min,oxygen,consciousness,temp_cel\n"


def read(folder: Path, vitals: str, events: str = "stay,hour\n") -> list[Stay]:
    (folder / "vitals.csv").write_text(vitals, "utf-8")
    (folder / "events.csv").write_text(events, "utf-8")
    return read_stays(folder / "vitals.csv", folder / "events.csv")


def column(stay: Stay, name: str) -> list[float]:
    return [float(value) for value in stay.values[:, PARAMETERS.index(name)]]


def test_each_hour_has_what_is_known_at_its_end(tmp_path: Path) -> None:
    (stay,) = read(tmp_path, HEAD + "A,0,16,air,A,36.8\nA,1.2,18,,,\nA,1.9,20,1,V,\n")
    assert column(stay, "rr_per_min") == [16.0, 20.0]
    assert column(stay, "oxygen") == [0.0, 1.0]
    assert column(stay, "consciousness") == [0.0, 1.0]
    assert column(stay, "temp_cel") == [36.8, 36.8]
    assert np.isnan(stay.values[:, PARAMETERS.index("sys_mmhg")]).all()


def test_a_value_stands_in_for_four_hours_and_no_longer(tmp_path: Path) -> None:
    (stay,) = read(tmp_path, HEAD + "A,0,16,,,37\nA,6,18,,,\n")
    assert np.isfinite(stay.values[:, PARAMETERS.index("temp_cel")]).tolist() == [True] * 5 + [False] * 2


def test_a_newer_value_is_never_replaced_by_an_older_one() -> None:
    values = np.array([[1.0], [np.nan], [3.0], [np.nan]])
    assert carried(values)[:, 0].tolist() == [1.0, 1.0, 3.0, 3.0]


def test_a_stay_ends_before_its_first_event(tmp_path: Path) -> None:
    rows = "".join(f"A,{hour},{hour + 12},,,\n" for hour in range(9)) + "B,0,16,,,\n"
    stays = read(tmp_path, HEAD + rows, "stay,hour\nA,7\nA,5.5\n")
    assert [(stay.name, stay.event_h, len(stay.values)) for stay in stays] == [("A", 5.5, 5), ("B", None, 1)]


def test_an_event_in_the_first_hour_could_not_have_been_told(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + "A,0,16,,,\nB,0,17,,,\n", "stay,hour\nA,0.5\n")[0].name == "B"


@pytest.mark.parametrize(
    ("vitals", "events", "said"),
    [
        ("", "stay,hour\n", "its first line has nothing"),
        ("stay,hour,pulse\nA,0,70\n", "stay,hour\n", "its first line has stay, hour, pulse; columns are"),
        (HEAD, "stay,hour\n", "there is no stay in it"),
        (HEAD + "A,0,16\n", "stay,hour\n", "line 2: 3 cells, not 6"),
        (HEAD + "A,x,16,,,\n", "stay,hour\n", "line 2: hour 'x' is no number"),
        (HEAD + "A,-1,16,,,\n", "stay,hour\n", "line 2: hour -1 is not between 0 and 9600"),
        (HEAD + "A,nan,16,,,\n", "stay,hour\n", "line 2: hour 'nan' is no number"),
        (HEAD + "A,0,,,,98.6\n", "stay,hour\n", "temp_cel 98.6 is not between 20 and 46; is its unit right?"),
        (HEAD + "A,0,,,X,\n", "stay,hour\n", "consciousness 'X' is not one of A, C, V, P, U"),
        (HEAD + "A,0,,2 l,,\n", "stay,hour\n", "oxygen '2 l' is neither 1 nor 0"),
        (HEAD + " ,0,16,,,\n", "stay,hour\n", "line 2: a stay without a name"),
        (HEAD + "A,0,16,,,\n", "stay,hour\nB,3\n", "events.csv: line 2: stay 'B' is not in"),
    ],
)
def test_what_cannot_be_read_is_told_with_file_and_line(tmp_path: Path, vitals: str, events: str, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(").replace("?", r"\?")):
        read(tmp_path, vitals, events)


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"vitals\.csv: cannot be read"):
        read_stays(tmp_path / "vitals.csv", tmp_path / "events.csv")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(vitals=pick.binary(max_size=200) | pick.text(max_size=200).map(lambda text: (HEAD + text).encode()),
       events=pick.binary(max_size=60) | pick.just(b"stay,hour\nA,2\n"))  # fmt: skip
def test_any_bytes_are_read_or_refused(tmp_path: Path, vitals: bytes, events: bytes) -> None:
    (tmp_path / "vitals.csv").write_bytes(vitals)
    (tmp_path / "events.csv").write_bytes(events)
    try:
        stays = read_stays(tmp_path / "vitals.csv", tmp_path / "events.csv")
    except InputError as error:
        assert str(tmp_path) in str(error)
        return
    assert all(stay.values.shape[1] == len(PARAMETERS) for stay in stays)
