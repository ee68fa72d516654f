"""Every test of the stores runs on both, files and a PostgreSQL server, unless it is marked `stores(kind)`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import Cluster, on_server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    one = metafunc.definition.get_closest_marker("stores")
    kinds = one.args if one else ("sqlite", "postgresql")
    metafunc.parametrize("kind", kinds, indirect=True)


@pytest.fixture(autouse=True)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where the stores of this test's folder lie."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    with on_server(cluster, tmp_path):
        yield "postgresql"
