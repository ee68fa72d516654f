import json
from pathlib import Path

import pytest

from core.clock import SystemClock
from manufacturing.vertical import Manufacturing
from tests.support.commands import edgewise, refused
from verticals.places import Places
from verticals.store.box import open_box
from verticals.store.upgrade import prepare_app_db


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    places = Places(tmp_path_factory.mktemp("box"))
    places.make("manufacturing")
    prepare_app_db(places, Manufacturing.manifest)
    open_box(places, {}, SystemClock()).close()
    return places.data


def test_a_box_is_taken_along_and_put_back(data: Path, tmp_path: Path) -> None:
    made = edgewise("backup", "--data", data, "--to", tmp_path / "usb", "--json")
    assert made.returncode == 0, made.stderr
    backup = json.loads(made.stdout)["backup"]
    assert Path(backup).parent == tmp_path / "usb"
    done = edgewise("restore", backup, "--data", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert "manufacturing: 0 events" in done.stdout
    assert "The audit's 0 entries are as they were written." in done.stdout
    assert (tmp_path / "new" / "keys" / "box.key").read_bytes() == (data / "keys" / "box.key").read_bytes()
    assert "only where there is no record yet" in refused("restore", backup, "--data", tmp_path / "new")


def test_what_is_no_backup_and_what_has_no_record_is_refused(tmp_path: Path) -> None:
    assert "this is no backup" in refused("restore", tmp_path, "--data", tmp_path / "new")
    assert "there is no record here" in refused("backup", "--data", tmp_path)
