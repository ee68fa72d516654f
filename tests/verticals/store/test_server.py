from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SettingsError, StoreError
from verticals.places import Places
from verticals.store.server import Server

pytestmark = pytest.mark.stores("sqlite")
URL = "postgresql://edgewise@10.1.2.3:5433/plant"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://a@b/c", "begins with 'mysql:'"),
        ("plant", "begins with ':'"),
        ("postgresql://edgewise@10.1.2.3", "names no database"),
        ("postgresql://edgewise:hunter2@10.1.2.3/plant", "holds a password"),
        ("postgresql://10.1.2.3/plant?password=hunter2", "holds a password"),
        ("postgresql://10.1.2.3:port/plant", "cannot be read"),
    ],
)
def test_a_wrong_url_is_refused_with_an_example_and_never_repeats_a_password(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why) as caught:
        Server(url)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("url", [URL, "postgresql://a@/plant?host=/run/postgresql", "postgresql:///?dbname=plant"])
def test_a_url_is_taken_as_libpq_takes_it(url: str) -> None:
    assert Server(url).url == url


def test_each_app_has_a_schema_of_its_own() -> None:
    server = Server(URL)
    assert [server.schema(app).name for app in ("manufacturing", "box", "own-app")] == [
        "manufacturing",
        "box",
        "own_app",
    ]
    with pytest.raises(StoreError, match="cannot name a schema"):
        server.schema('a"; DROP')


def test_a_password_is_read_from_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "password"
    server = Server(URL, path)
    with pytest.raises(StoreError, match="cannot be read"):
        server.password()
    path.write_text("hunter2\n")
    path.chmod(0o640)
    with pytest.raises(StoreError, match="others may read") as caught:
        server.password()
    assert "hunter2" not in str(caught.value)
    path.chmod(0o600)
    assert server.password() == "hunter2"
    assert "hunter2" not in f"{server} {server!r} {server.schema('box')}"
    assert Server(URL).password() is None


def test_places_on_a_server_go_to_another_process_and_come_back(tmp_path: Path) -> None:
    for places in (Places(tmp_path), Places(tmp_path, Server(URL)), Places(tmp_path, Server(URL, tmp_path / "p"))):
        assert Places.from_json(places.as_json()) == places
