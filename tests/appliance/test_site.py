from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.box import check
from appliance.site import load_site
from core.errors import SettingsError
from tests.support.sites import SITE, free_port, on_port, write_site

Change = tuple[str, str]
LINE = 'title = "Line 3"'
FOLDER = 'camera.options.folder = "pictures that are not there"'
ONE_CAMERA = f'camera.kind = "camera.folder"\n{FOLDER}'


def read(folder: Path, *changes: Change) -> None:
    """Loads and checks the site as `edgewise run` does."""
    site = load_site(write_site(folder, on_port(free_port()), *changes))
    for app in site.apps.values():
        check(app, site)


def test_a_whole_site_is_read_and_a_camera_may_still_be_without_its_pictures(tmp_path: Path) -> None:
    read(tmp_path)
    site = load_site(write_site(tmp_path))
    app = site.app("manufacturing")
    assert (site.site.name, app.screen.url, app.cameras()) == ("Plant", "http://127.0.0.1:18101/", ["line-3-camera"])
    assert (site.store.min_free, site.access.least_digits) == (500e6, 4)


def test_a_line_may_have_several_cameras_each_with_its_own_process(tmp_path: Path) -> None:
    views = [f'{{name = "{name}", options = {{folder = "{name}"}}}}' for name in ("top", "side")]
    site = load_site(write_site(tmp_path, (ONE_CAMERA, f"cameras = [{', '.join(views)}]")))
    assert site.app("manufacturing").cameras() == ["line-3-top", "line-3-side"]


def test_a_site_without_a_table_for_its_screen_has_the_usual_port_on_loopback(tmp_path: Path) -> None:
    screen = (
        load_site(write_site(tmp_path, ("[screens.manufacturing]\nport = 18101\n", ""))).app("manufacturing").screen
    )
    assert (screen.host, screen.port, screen.is_local) == ("127.0.0.1", 8101, True)


def test_access_is_read_with_units(tmp_path: Path) -> None:
    site = load_site(write_site(tmp_path, ("[manufacturing]\n", '[access]\nidle_limit = "2min"\n\n[manufacturing]\n')))
    assert site.access.idle_limit == 120


@pytest.mark.parametrize(("host", "local", "url"), [
    ("localhost", True, "http://localhost:1/"), ("::1", True, "http://[::1]:1/"),
    ("127.4.5.6", True, "http://127.4.5.6:1/"), ("0.0.0.0", False, "https://0.0.0.0:1/"),
    ("kiosk.plant", False, "https://kiosk.plant:1/"),
])  # fmt: skip
def test_beyond_loopback_a_screen_is_tls_only(tmp_path: Path, host: str, local: bool, url: str) -> None:
    more = f'port = 1\nhost = "{host}"\nallow = ["10.1.0.0/16"]'
    screen = load_site(write_site(tmp_path, ("port = 18101", more))).app("manufacturing").screen
    assert (screen.is_local, screen.url) == (local, url)


WRONG: dict[str, tuple[Change, str]] = {
    "wrong key": (('name = "Plant"', 'nam = "Plant"'), r"\[site\]: key 'name' is missing.*key 'nam' is not known"),
    "wrong key of a line": ((LINE, f"{LINE}\ncolour = 3"), r"\[manufacturing\]: key 'lines.0.colour' is not known"),
    "missing key": (('recipe = "flange"\n', ""), "key 'lines.0.recipe' is missing"),
    "missing table": (("[site]\n", "[store]\n"), r"\[site\]: key 'name' is missing"),
    "unknown table": (("[manufacturing]", "[chaos]\n[manufacturing]"), "'chaos' is not known at the top"),
    "table as number": (('[site]\nname = "Plant"', "site = 3"), r"'site' is 3, expected a table \[site\]"),
    "screen of an absent app": (("[manufacturing]", "[screens.retail]\nport = 1\n[manufacturing]"), "does not have"),
    "no unit": ((LINE, f"{LINE}\ninspect_window = 250"), "'lines.0.inspect_window' is 250, expected: .*\"250ms\""),
    "wrong unit": ((LINE, f'{LINE}\ninspect_window = "5kg"'), "'lines.0.inspect_window' is '5kg', expected: .*unit"),
    "no time": ((LINE, f'{LINE}\ninspect_window = "0s"'), "'lines.0.inspect_window' is '0s', expected"),
    "wrong size": (("[manufacturing]", '[store]\nmin_free = "5s"\n[manufacturing]'), r"\[store\]: key 'min_free'"),
    "time zone": (('"UTC"', '"Mars/Base"'), "'time_zone' is 'Mars/Base', expected: the IANA name"),
    "time zone on the disk": (('"UTC"', '"../../etc/passwd"'), "expected: the IANA name"),
    "time of day": ((LINE, f'{LINE}\nshifts = [{{name = "A", start = "25:00"}}]'), 'a time of day such as "06:00"'),
    "no shift": ((LINE, f"{LINE}\nshifts = []"), "'lines.0.shifts' is "),
    "no address": (("opc.tcp://127.0.0.1:4840/", "http://127.0.0.1/"), "'lines.0.plc.url' is .*\"opc.tcp"),
    "address without a host": (("opc.tcp://127.0.0.1:4840/", "opc.tcp://"), "'lines.0.plc.url' is "),
    "port of an address": (("opc.tcp://127.0.0.1:4840/", "opc.tcp://plc:99999/"), "'lines.0.plc.url' is "),
    "name": (('name = "line-3"', 'name = "../../x"'), "'lines.0.name' is '../../x', expected: a name of 1"),
    "long name": (('name = "line-3"', f'name = "{"x" * 500}"'), r"'lines.0.name' is 'x{79}\.\.\., expected"),
    "camera kind": (("camera.folder", "camera.film"), "'lines.0.camera.kind' is 'camera.film', expected"),
    "camera trigger": ((FOLDER, f"{FOLDER}\ncamera.trigger = 'hardware'"), "camera.folder cannot be triggered by the"),
    "camera name": ((FOLDER, f'{FOLDER}\ncamera.name = "cell"'), "'lines.0.camera' is .*name \"cell\" is taken"),
    "two kinds of cameras": ((FOLDER, f"{FOLDER}\ncameras = [{{}}]"), "either one table camera or a list"),
    "no camera": ((ONE_CAMERA, "cameras = []"), "either one table camera or a list"),
    "cameras of one name": ((ONE_CAMERA, "cameras = [{}, {}]"), "'lines.0' is .*with a name of its own"),
    "camera key": (("options.folder", "options.foldr"), "line-3-camera: camera.folder: key 'folder' is missing"),
    "camera value": ((FOLDER, f"{FOLDER}\ncamera.options.wait = 5"), "line-3-camera: camera.folder: key 'wait' is 5"),
    "camera limit": ((FOLDER, f"{FOLDER}\ncamera.options.max_pixels = -1"), "camera.folder: key 'max_pixels' is -1"),
    "video": (
        (ONE_CAMERA,
         'camera.kind = "camera.video"\ncamera.options.file = "x"\ncamera.options.every = 0'),
        "camera.video: key 'every' is 0",
    ),
    "modbus": ((LINE, f'{LINE}\nmodbus.host = ""'), "'lines.0.modbus.host' is ''"),
    "log": (('name = "Plant"', 'name = "Plant"\nlog = "loud"'), r"\[site\]: key 'log' is 'loud', expected: .*'debug'"),
    "locks": (("[manufacturing]", "[access]\nwrong_before_lock = 0\n[manufacturing]"), r"\[access\]: key 'wrong_"),
    "network": (("time_zone", '[screens.manufacturing]\ntime_zone'), "not readable as TOML"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_file_key_value_and_what_was_expected(tmp_path: Path, case: str) -> None:
    change, says = WRONG[case]
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path, change)
    assert str(caught.value).startswith(f"{tmp_path}/edgewise.toml")
    assert "\n" not in str(caught.value)


def test_a_screen_that_is_no_table_is_told(tmp_path: Path) -> None:
    change = ("[screens.manufacturing]\nport = 18101", "[screens]\nmanufacturing = 3")
    with pytest.raises(SettingsError, match=r"'screens.manufacturing' is 3, expected a table \[screens.manufact"):
        load_site(write_site(tmp_path, change))


@pytest.mark.parametrize(("screen", "says"), [
    ("port = 0", "key 'port' is 0"), ("port = 70000", "key 'port' is 70000"),
    ('port = 1\nhost = "192.168.1.5"', "beyond this box, and no network is allowed"),
    ('port = 1\nallow = ["10.0.0.0/33"]', "'allow.0' is '10.0.0.0/33', expected: a network such as"),
    ('port = 1\nidle = "5min"', "key 'idle' is not known"),
])  # fmt: skip
def test_a_screen_that_cannot_listen_is_named(tmp_path: Path, screen: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        load_site(write_site(tmp_path, ("port = 18101", screen)))
    assert "[screens.manufacturing]" in str(caught.value)


def test_two_lines_of_one_name_are_told(tmp_path: Path) -> None:
    twice = SITE[SITE.index("[[manufacturing.lines]]") :]
    with pytest.raises(SettingsError, match="'line-3' is there 2 times"):
        read(tmp_path, (twice, twice + twice))


@pytest.mark.parametrize("lines", ["lines = []", "lines = 5", "[manufacturing.lines]\nname = 'x'"])
def test_an_app_without_a_line_is_told(tmp_path: Path, lines: str) -> None:
    with pytest.raises(SettingsError, match=r"\[manufacturing\]: key 'lines"):
        read(tmp_path, (SITE[SITE.index("[[manufacturing.lines]]") :], lines))


@pytest.mark.parametrize("text", ["", "[site", "\0", "[site]\nname = 'x'\n"])
def test_a_file_that_says_too_little_or_is_no_toml_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "edgewise.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"not readable as TOML|no app is configured"):
        load_site(path)


def test_a_missing_file_and_a_folder_in_its_place_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no such settings file.*--config"):
        load_site(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match=r"not readable as TOML: .*Is a directory"):
        load_site(tmp_path)


def test_an_app_that_the_site_does_not_have_is_told_with_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no table \[retail\]; apps of this site: manufacturing"):
        load_site(write_site(tmp_path)).app("retail")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, len(SITE)), taken=st.integers(0, 40), put=st.text(max_size=12))
def test_a_damaged_site_file_is_read_or_refused_in_words(tmp_path: Path, at: int, taken: int, put: str) -> None:
    path = tmp_path / "damaged.toml"
    path.write_bytes((SITE[:at] + put + SITE[at + taken :]).encode("utf-8", "surrogatepass"))
    try:
        load_site(path)
    except SettingsError as error:
        assert str(path) in str(error)
