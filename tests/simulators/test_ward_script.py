from __future__ import annotations

import pytest

from core.errors import InputError
from simulators.scenarios import make_episode
from simulators.ward_script import CALM, DEMO, device_of, location_of, person_of, script_of


def test_the_demo_has_what_a_ward_has() -> None:
    beds = {script.bed: script for script in script_of(DEMO, 16)}
    assert len(beds) == 16
    assert beds[9].baseline is None
    assert {bed: {e.kind for e in script.episodes} for bed, script in beds.items() if script.episodes} == {
        3: {"leads-off"}, 5: {"standby"}, 7: {"desaturation"}, 8: {"monitor-off"}, 10: {"tachycardia"},
        14: {"artefact"}, 16: {"deterioration"},
    }  # fmt: skip
    desaturation = beds[7].episodes[0]
    assert desaturation.at_s < 180 and desaturation.every_s == 300
    assert beds[13].baseline is not None and beds[13].baseline.spo2_pct == 90
    assert beds[12].baseline is not None and beds[12].baseline.temp_cel is None


def test_a_larger_ward_is_filled_with_calm_patients() -> None:
    beds = script_of(DEMO, 24)
    assert len(beds) == 24 and beds[23].baseline is not None and not beds[23].episodes
    assert all(script.baseline is not None and not script.episodes for script in script_of(CALM, 200))


def test_further_episodes_go_to_their_beds() -> None:
    scripts = script_of(CALM, 4, [make_episode("vf", 3, 10), make_episode("af", 3, 90)])
    assert [len(script.episodes) for script in scripts] == [0, 0, 2, 0]


@pytest.mark.parametrize(("name", "beds", "bed"), [("riot", 16, 1), (DEMO, 0, 1), (DEMO, 201, 1), (CALM, 4, 5)])
def test_a_ward_that_cannot_be_is_refused(name: str, beds: int, bed: int) -> None:
    with pytest.raises(InputError):
        script_of(name, beds, [make_episode("vf", bed, 10)])


def test_patients_beds_and_monitors_are_never_two_alike() -> None:
    people = [person_of(number) for number in range(1, 500)]
    assert len({person.id for person in people}) == len({(p.family, p.given) for p in people}) == 499
    assert all(person.family == "Test" for person in people)
    assert (
        len({location_of("W7", bed) for bed in range(1, 201)}) == len({device_of(bed) for bed in range(1, 201)}) == 200
    )
    assert location_of("W7", 7) == "W7^R2^B7" and len(device_of(7)) == 16
