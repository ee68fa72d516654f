"""What every proof is told: how much to do."""

from __future__ import annotations

import pytest

from tests.proof.scale import Scale


@pytest.fixture
def scale(pytestconfig: pytest.Config) -> Scale:
    chosen: Scale = pytestconfig.getoption("--proof-scale")
    return chosen
