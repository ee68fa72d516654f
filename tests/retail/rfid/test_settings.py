"""The table of one reader."""

from __future__ import annotations

import pytest

from core.errors import SettingsError
from core.settings import checked
from retail.rfid.settings import ReaderSettings

GOOD = {"name": "dock", "host": "10.1.2.3", "zones": {"floor": [1, 2], "backroom": [3]}}


def test_a_short_table_is_enough() -> None:
    settings = checked(ReaderSettings, {**GOOD, "cycle": "500ms", "gone_after": "1min"}, "file")
    assert (settings.station, settings.port, settings.cycle, settings.gone_after) == ("reader-dock", 5084, 0.5, 60.0)
    assert settings.antennas == {1: "floor", 2: "floor", 3: "backroom"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zones": {"a": [1], "b": [1]}}, "antenna 1 is in two zones"),
        ({"zones": {}}, "zones"),
        ({"zones": {"a": []}}, "zones"),
        ({"zones": {"a": [0]}}, "zones"),
        ({"host": ""}, "host"),
        ({"cycle": "10ms"}, "200ms"),
        ({"gate_dbm": 5}, "gate_dbm"),
        ({"version": "2.0"}, "version"),
        ({"hold_cycles": 0}, "hold_cycles"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_key_or_value_is_named(change: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        checked(ReaderSettings, {**GOOD, **change}, "file")
