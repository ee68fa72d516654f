import pytest

from core.errors import InputError
from simulators.faults import PlantFault, due, parse_fault


def test_a_fault_is_written_kind_at_part_and_seconds() -> None:
    assert parse_fault("restart@20:1.5") == PlantFault("restart", 20, 1.5)
    assert parse_fault("freeze@3") == PlantFault("freeze", 3, 8.0)
    assert parse_fault("recipe@3:7") == PlantFault("recipe", 3, 7.0)


@pytest.mark.parametrize("text", ["", "restart", "dance@3", "restart@x", "restart@0", "freeze@3:-1", "freeze@3:nan"])
def test_what_is_no_fault_is_said_so(text: str) -> None:
    with pytest.raises(InputError):
        parse_fault(text)


def test_faults_strike_belt_or_plc_at_their_part() -> None:
    faults = [parse_fault("kill@2"), parse_fault("no-picture@2"), parse_fault("kill@3")]
    assert due(faults, 2, belt=False) == [faults[0]]
    assert due(faults, 2, belt=True) == [faults[1]]
