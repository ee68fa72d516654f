"""What is wrong with pictures, settings, ports and packages, through the real command line.

Each is one clear line on stderr with its code, exit code 2 (1 for a finding), and nothing is lost.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from appliance import cli
from appliance.demo import MARK
from appliance.site import load_site
from appliance.wiring import jobs_worker
from core.clock import SystemClock
from core.models.package import GOLDEN, MODEL, SIGNATURE, write_package
from core.models.trust import SigningKey, Trust
from tests.support.commands import refused
from tests.support.graphs import score_card, score_golden, score_graph, score_package
from tests.support.pictures import giant_png, part_picture, write_dataset, write_good, write_png
from tests.support.sites import free_port, on_port, write_site
from verticals.places import Places
from verticals.store.box import open_box

# Pictures

#: One way of looking, no choice among several: what is tested here is not the teaching.
QUICK = ("--augment", "none", "--register", "no", "--eight-bits", "no")


def _corrupt(folder: Path) -> None:
    path = folder / "003.png"
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)


def _truncated(folder: Path) -> None:
    path = folder / "003.png"
    path.write_bytes(path.read_bytes()[:1000])


def _black(folder: Path) -> None:
    for path in folder.iterdir():
        write_png(path, np.zeros((72, 96, 3), np.uint8))


def _all_the_same(folder: Path) -> None:
    for path in folder.iterdir():
        write_png(path, part_picture(1))


def _keep(count: int) -> Callable[[Path], None]:
    def keep(folder: Path) -> None:
        for path in sorted(folder.iterdir())[count:]:
            path.unlink()

    return keep


def _gone(folder: Path) -> None:
    _keep(0)(folder)
    folder.rmdir()


def _other_format(folder: Path) -> None:
    for path in folder.iterdir():
        path.rename(path.with_suffix(".gif"))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "corrupt": (_corrupt, "003.png: the PNG picture is corrupt in its chunk b'IDAT' [input] Look at the file"),
    "truncated": (_truncated, "003.png: the picture is cut off [input] Was it still being written?"),
    "giant": (lambda folder: giant_png(folder / "003.png"), "003.png: 100000 x 100000 pixels are more than the limit"),
    "no picture": (lambda folder: (folder / "003.png").write_text("<html></html>"), "003.png: not a PNG, JPEG or BMP"),
    "wrong size": (
        lambda folder: write_png(folder / "003.png", part_picture(3, width=200)),
        "003.png: 200 x 72 pixels, but nearly all others have 96 x 72 [input] Take it out, or teach from pictures",
    ),
    "other format": (_other_format, "there are no pictures in this folder [input] Looked for .bmp, .jpeg, .jpg, .png."),
    "empty": (_keep(0), "there are no pictures in this folder [input] Looked for"),
    "one": (_keep(1), "1 pictures of good parts are too few, at least 5 are needed [input] 20 are a fair start"),
    "black": (_black, "000.png: the picture shows nothing, it is all of one brightness [input] Was the light on"),
    "all the same": (_all_the_same, "the pictures are all the same [input] Take one picture each of several good"),
    "missing": (_gone, "cannot be read as a folder: No such file or directory [input] Name a folder that holds"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_pictures_that_cannot_be_taught_from_are_named(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, says = SPOILT[case]
    dataset = write_dataset(tmp_path / "set", good=1, flawed=1)
    good = dataset / "train" / "good"
    spoil(good)
    data = tmp_path / "data"
    for words in (
        ["teach", str(good), "--recipe", "flange", "--activate", "line-3", "--data", str(data)],
        ["evaluate", "--dataset", str(dataset), "--json"],
    ):
        assert cli.main(["manufacturing", *words, *QUICK]) == 2
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        assert says in said.err
    assert list(Places(data).models.rglob("*.toml")) == []


def test_a_giant_picture_is_refused_by_the_command_itself_without_taking_its_memory(tmp_path: Path) -> None:
    giant_png(write_good(tmp_path / "good", 6)[2])
    says = "002.png: 100000 x 100000 pixels are more than the limit of 25000000 [input] Set the camera to a smaller"
    assert says in refused("manufacturing", "teach", tmp_path / "good", "--recipe", "flange", "--data", tmp_path / "d")


@pytest.mark.parametrize(("where", "says"), [
    ("test/good/000.png", "000.png: not a PNG, JPEG or BMP picture"),
    ("test/blot/000.png", "000.png: not a PNG, JPEG or BMP picture"),
    ("ground_truth/blot/000_mask.png", "000_mask.png: not a PNG, JPEG or BMP picture"),
])  # fmt: skip
def test_a_wrong_picture_to_judge_by_is_named(
    tmp_path: Path, where: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_dataset(tmp_path, good=1, flawed=1) / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("<html></html>")
    assert cli.main(["manufacturing", "evaluate", "--dataset", str(tmp_path), *QUICK]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.slow
def test_a_set_without_anything_to_judge_by_is_told(tmp_path: Path) -> None:
    write_good(tmp_path / "train" / "good", 6)
    (tmp_path / "test" / "good").mkdir(parents=True)
    assert "no pictures in this folder" in refused("manufacturing", "evaluate", "--dataset", tmp_path)
    write_good(tmp_path / "test" / "good", 1)
    assert "Expected layout: train/good, test/good" in refused("manufacturing", "evaluate", "--dataset", tmp_path)


@pytest.mark.parametrize("case", ["giant", "truncated", "missing"])
async def test_a_teach_job_that_cannot_be_done_fails_in_words_and_the_worker_goes_on(tmp_path: Path, case: str) -> None:
    spoil, says = SPOILT[case]
    spoil(write_good(tmp_path / "good", 8)[0].parent)
    site = load_site(write_site(tmp_path))
    places = Places(tmp_path / "data")
    places.make("manufacturing")
    box = open_box(places, {}, SystemClock())
    ended = asyncio.Event()
    worker = jobs_worker(site, places, SystemClock(), progressed=lambda job: ended.set() if job.ended_utc_s else None)
    working = asyncio.create_task(worker.run())
    number = box.jobs.start(
        "manufacturing", "teach", {"folder": str(tmp_path / "good"), "recipe": "flange", "augment": "none"}
    )
    async with asyncio.timeout(60):
        await ended.wait()
    job = box.jobs.get(number)
    assert job is not None
    assert job.state == "failed"
    assert says in job.problem
    assert not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    box.close()
    assert list(places.models.rglob("*.toml")) == []


# Site, ports, data directory


def test_what_is_wrong_with_a_site_is_said_before_anything_is_made(tmp_path: Path) -> None:
    config, data = write_site(tmp_path, ('title = "Line 3"', 'title = "Line 3"\ncolour = "red"')), tmp_path / "data"
    said = refused("run", "--config", config, "--data", data)
    assert said == f"edgewise: {config} [manufacturing]: key 'lines.0.colour' is not known [settings]"
    assert "there is no such settings file" in refused("run", "--config", tmp_path / "none.toml", "--data", data)
    assert "no table [retail]" in refused("run", "retail", "--config", write_site(tmp_path), "--data", data)
    assert not data.exists()


def test_a_busy_port_of_a_screen_is_told_with_the_key_that_changes_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused("run", "--config", write_site(tmp_path, on_port(port)), "--data", tmp_path / "data")
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use [port-busy]" in said
    assert said.endswith("edgewise.toml [screens.manufacturing].")


@pytest.mark.parametrize(("busy", "free"), [("--port", "--opcua-port"), ("--opcua-port", "--port")])
def test_a_busy_port_of_the_demo_is_told_before_anything_is_made(tmp_path: Path, busy: str, free: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused("demo", "--data", tmp_path / "data", busy, str(port), free, str(free_port()))
    assert "[port-busy] Choose another port for the" in said
    assert said.endswith(f"with {busy}.")
    assert not (tmp_path / "data").exists()


def test_a_demo_and_a_site_do_not_share_a_data_directory(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    demo, real = tmp_path / "demo", tmp_path / "real"
    demo.mkdir()
    (demo / MARK).write_text("")
    Places(real).make("manufacturing")
    before = sorted(real.rglob("*"))
    said = refused("run", "--config", config, "--data", demo)
    assert "was made by `edgewise demo`: its record is simulated [refused] Give the real site" in said
    said = refused("demo", "--data", real, "--port", str(free_port()), "--opcua-port", str(free_port()))
    assert "holds something that no demo made [refused] Name another directory with --data." in said
    assert sorted(real.rglob("*")) == before


@pytest.mark.slow
def test_a_demo_of_pictures_that_are_no_data_set_is_refused(tmp_path: Path) -> None:
    said = refused("demo", "--data", tmp_path / "data", "--pictures", tmp_path / "none")
    assert "cannot be read as a folder" in said
    assert "no fault" in refused("demo", "--data", tmp_path / "data", "--fault", "earthquake@3")
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    config, data = write_site(tmp_path, on_port(free_port())), tmp_path / "data"
    package = tmp_path / "package"
    score_package(package, Trust(data / "keys").box_key())
    data.chmod(0o555)
    said = refused("run", "--config", config, "--data", data, obedient=True)
    assert "Permission denied [store] Check who owns" in said
    assert "Permission denied [package]" in refused("models", "install", package, "--data", data, obedient=True)
    good = write_good(tmp_path / "good", 6)[0].parent
    words = ("manufacturing", "teach", good, "--recipe", "flange", "--data", data)
    assert "this folder cannot be made: Permission denied [store]" in refused(*words, obedient=True)
    data.chmod(0o755)


# Model packages


class _Shop:
    """Where packages are made, and spoilt."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = folder / "data"
        self.key = Trust(self.data / "keys").box_key()
        self.path = folder / "package"
        self._capsys = capsys
        score_package(self.path, self.key)

    def models(self, *words: str) -> tuple[int, str]:
        """The exit code of `edgewise models` and what it wrote."""
        self._capsys.readouterr()
        return cli.main(["models", *words, "--data", str(self.data)]), self._capsys.readouterr().out


def _break_signature(shop: _Shop) -> None:
    path = shop.path / SIGNATURE
    path.write_text(path.read_text().replace('"signature": "', '"signature": "AAAA'))


def _sign_elsewhere(shop: _Shop) -> None:
    shop.path.rename(shop.path.with_name("first"))
    score_package(shop.path, SigningKey.new())


def _fail_golden(shop: _Shop) -> None:
    shop.path.rename(shop.path.with_name("first"))
    write_package(shop.path, score_card(), score_graph(2.0), score_golden(1.0), shop.key)


BROKEN: dict[str, tuple[Callable[[_Shop], object], str, str]] = {
    "broken signature": (_break_signature, "does not fit", "package-signature"),
    "no signature": (lambda shop: (shop.path / SIGNATURE).unlink(), "is not signed", "package-signature"),
    "unknown key": (_sign_elsewhere, "which this box does not trust", "package-signature"),
    "changed model": (lambda shop: (shop.path / MODEL).write_bytes(b"x"), "is not what was signed", "package-hash"),
    "changed golden": (lambda shop: (shop.path / GOLDEN).write_bytes(b"x"), "golden.npz is not what", "package-hash"),
    "missing model": (lambda shop: (shop.path / MODEL).unlink(), "was signed but is not there", "package-hash"),
    "extra file": (lambda shop: (shop.path / "x.sh").write_text("x"), "is there but was not signed", "package-hash"),
    "extra link": (lambda shop: (shop.path / "x").symlink_to("/etc/passwd"), "x is not a plain file", "package"),
    "no package": (lambda shop: _keep(0)(shop.path), "is not signed", "package-signature"),
}  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> _Shop:
    return _Shop(tmp_path, capsys)


@pytest.mark.parametrize("case", BROKEN)
def test_a_package_that_is_not_right_is_not_installed_and_is_a_finding(shop: _Shop, case: str) -> None:
    spoil, says, code = BROKEN[case]
    spoil(shop)
    said = refused("models", "install", shop.path, "--data", shop.data)
    assert says in said
    assert f"[{code}]" in said
    assert shop.models("list") == (0, "The shelf is empty.\n")
    found, told = shop.models("verify", str(shop.path))
    assert (found, says in told) == (1, True)


def test_a_package_whose_golden_vectors_fail_lies_on_the_shelf_and_answers_for_nothing(shop: _Shop) -> None:
    _fail_golden(shop)
    assert shop.models("install", str(shop.path))[0] == 0
    said = refused("models", "activate", "line-3", "tiny", "1", "--data", shop.data, code=1)
    assert "tiny 1: golden case 'good'" in said
    assert "[package-golden] It is not used here." in said
    found, told = shop.models("verify")
    assert (found, "[package-golden]" in told) == (1, True)
    assert "slot" not in shop.models("list")[1]


@pytest.mark.parametrize("case", ["broken signature", "changed model", "extra file"])
def test_a_package_that_was_damaged_on_the_shelf_is_not_activated_and_the_one_before_stays(
    shop: _Shop, tmp_path: Path, case: str
) -> None:
    for version in ("1", "2"):
        score_package(tmp_path / version, shop.key, version=version)
        assert shop.models("install", str(tmp_path / version))[0] == 0
    assert shop.models("activate", "line-3", "tiny", "1")[0] == 0
    shop.path = shop.data / "models" / "packages" / "tiny" / "2"
    spoil, says, _ = BROKEN[case]
    spoil(shop)
    assert says in refused("models", "activate", "line-3", "tiny", "2", "--data", shop.data, code=1)
    assert says in shop.models("verify")[1]
    assert "slot line-3: tiny 1" in shop.models("list")[1]
