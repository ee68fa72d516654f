from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.box import check as check_site
from appliance.demo import MARK, Demo, account, check, is_demo, plant_process, prepare
from appliance.site import load_site
from core.errors import InputError, RefusedError, StoreError
from simulators.plant import parser, settings_of
from tests.support.pictures import write_dataset, write_good
from tests.support.sites import free_port
from verticals.places import Places
from verticals.runtime.models import shelf_of


def demo_in(folder: Path, *, pictures: Path | None = None, parts: int = 0) -> Demo:
    return Demo(folder / "data", pictures, parts, screen_port=free_port(), opcua_port=free_port())


class Heard(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


def test_a_demo_makes_a_whole_site_once_and_teaches_once(tmp_path: Path) -> None:
    demo = demo_in(tmp_path, pictures=write_dataset(tmp_path / "my parts", train=6, good=1, flawed=1))
    said = Heard()
    check(demo)
    prepare(demo, said)
    assert is_demo(demo.data)
    assert [line.partition("%")[0] for line in said][-1] == "teaching: 100"
    assert len(said) <= 11
    site = load_site(demo.config)
    app = site.app("manufacturing")
    check_site(app, site)
    assert (app.settings.simulated, app.screen.port, app.settings.lines[0].recipe) == (
        True, demo.screen_port, "my-parts",
    )  # fmt: skip
    active = shelf_of(Places(demo.data)).active("my-parts")
    again = Heard()
    check(demo)
    prepare(demo, again)
    assert again == []
    assert shelf_of(Places(demo.data)).active("my-parts") == active


def test_other_pictures_get_an_inspection_of_their_own() -> None:
    recipes = [
        Demo(Path("x"), pictures).recipe for pictures in (None, Path("/a/cookies"), Path("/a/b c.d/"), Path("/"))
    ]
    assert recipes == ["flange", "cookies", "b-c-d", "pictures"]


def test_a_demo_that_was_stopped_in_the_middle_is_still_a_demo(tmp_path: Path) -> None:
    demo = demo_in(tmp_path, pictures=tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read as a folder"):
        prepare(demo, Heard())
    assert is_demo(demo.data)
    check(Demo(demo.data, screen_port=free_port(), opcua_port=free_port()))


@pytest.mark.slow
def test_a_damaged_inspection_is_told_and_left_to_the_line(tmp_path: Path) -> None:
    demo = demo_in(tmp_path, pictures=write_dataset(tmp_path / "set", train=6, good=1, flawed=1))
    prepare(demo, Heard())
    for model in demo.data.rglob("model.onnx"):
        model.write_bytes(b"other")
    said = Heard()
    prepare(demo, said)
    assert len(said) == 1
    assert said[0].startswith("the taught inspection is damaged, the line says so: ")
    assert "[package-hash]" in said[0]


@pytest.mark.parametrize("there", ["file", "other", "one port"])
def test_what_would_stop_a_demo_is_found_before_anything_is_made(tmp_path: Path, there: str) -> None:
    demo = demo_in(tmp_path)
    if there == "file":
        demo.data.write_text("")
    elif there == "other":
        write_good(demo.data, 1)
    else:
        demo = Demo(demo.data, screen_port=demo.screen_port, opcua_port=demo.screen_port)
    with pytest.raises(RefusedError, match=r"is no directory|no demo made|cannot both have port"):
        check(demo)
    assert not (demo.data / MARK).exists()


def test_a_demo_that_cannot_write_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*: cannot be written: Not a directory.*--data"):
        prepare(demo_in(tmp_path / "file"), Heard())


def test_the_plant_is_told_all_that_the_demo_was_told(tmp_path: Path) -> None:
    demo = Demo(tmp_path, None, 20, 4.0, 7, 48411, 8111, ["restart@20:1.5"])
    row = plant_process(demo)
    settings = settings_of(parser().parse_args(list(row.args)))
    assert (row.name, row.module) == ("demo:plant", "simulators.plant")
    assert (settings.opcua_url, settings.parts, settings.rate_per_s, settings.seed, settings.stays) == (
        "opc.tcp://127.0.0.1:48411/", 20, 4.0, 7, True,
    )  # fmt: skip
    assert [(fault.kind, fault.part, fault.seconds) for fault in settings.faults] == [("restart", 20, 1.5)]
    with pytest.raises(InputError, match="earthquake"):
        plant_process(Demo(tmp_path, faults=["earthquake@1"]))


def test_the_account_says_what_became_of_the_parts_and_where_more_is(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    assert account(demo) == "no part came down the belt"
    demo.part_log.parent.mkdir()
    part = {"kind": "part", "verdict": "accept", "truth": "good", "bypass": False, "result_s": 0.1, "triggered": True,
            "gate_rejected": False, "late_s": None, "trigger_mono_s": 1.0,
            "wrong_echoes": [], "reason": "accept"}  # fmt: skip
    demo.part_log.write_text(json.dumps(part) + "\n")
    assert account(demo) == (
        "1 parts: 1 passed, 0 rejected, 0 of them without a verdict; 0 of 1 good ones rejected, 0 of 0 flawed ones "
        f"passed; more: python -m simulators.report {demo.part_log}"
    )
