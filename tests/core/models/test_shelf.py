from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import GoldenError, HashError, PackageError, RefusedError, SignatureError
from core.models.files import DRAFT_PREFIX
from core.models.gate import Gate
from core.models.package import MODEL, Package, write_package
from core.models.shelf import Shelf
from core.models.trust import Trust
from tests.support.graphs import score_card, score_golden, score_graph, score_package


class Box:
    """A shelf with packages at hand: `make` writes one that is ready to be installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust = Trust(folder / "keys")
        self.shelf = Shelf(folder / "models", self.trust, Gate())

    def make(self, version: str, *, gain: float = 1.0) -> Path:
        path = self.folder / "made" / f"{version}-{gain}"
        score_package(path, self.trust.box_key(), version=version, gain=gain)
        return path

    def install(self, *versions: str) -> None:
        for version in versions:
            self.shelf.install(self.make(version, gain=float(version)))

    def active(self) -> str | None:
        package = self.shelf.active("line-3")
        return package.card.version if package else None


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_what_is_installed_is_listed_and_not_active(box: Box) -> None:
    box.install("1", "2")
    assert [(entry.name, entry.version, entry.broken) for entry in box.shelf.list()] == [
        ("tiny", "1", ""),
        ("tiny", "2", ""),
    ]
    assert box.active() is None


def test_an_empty_shelf_lists_nothing(box: Box) -> None:
    assert list(box.shelf.list()) == []
    assert list(box.shelf.slots()) == []


def test_activating_and_rolling_back_move_one_pointer(box: Box) -> None:
    box.install("1", "2", "3")
    for version in ("1", "2", "3"):
        box.shelf.activate("line-3", "tiny", version)
        assert box.active() == version
    assert [entry.slots for entry in box.shelf.list()] == [[], [], ["line-3"]]
    assert box.shelf.rollback("line-3").card.version == "2"
    assert box.shelf.rollback("line-3").card.version == "1"
    with pytest.raises(RefusedError, match="no model before"):
        box.shelf.rollback("line-3")
    assert box.active() == "1"


def test_activating_what_is_active_leaves_the_way_back(box: Box) -> None:
    box.install("1", "2")
    for version in ("1", "2", "2"):
        box.shelf.activate("line-3", "tiny", version)
    assert box.shelf.rollback("line-3").card.version == "1"


def test_a_slot_may_have_any_name_and_none_leaves_the_folder(box: Box) -> None:
    box.install("1")
    for slot in ("../../evil", "Linie 3/Süd", "..", "a.b"):
        box.shelf.activate(slot, "tiny", "1")
        assert box.shelf.active(slot) is not None
    assert {path.parent.name for path in box.folder.rglob("*.json") if path.name != "signature.json"} == {"slots"}
    assert {slot.name for slot in box.shelf.slots()} == {"../../evil", "Linie 3/Süd", "..", "a.b"}
    with pytest.raises(RefusedError, match="cannot name a slot"):
        box.shelf.activate("x" * 81, "tiny", "1")


def test_installing_again_is_no_harm_but_other_content_is_refused(box: Box) -> None:
    box.install("1")
    box.shelf.install(box.folder / "made" / "1-1.0")
    with pytest.raises(RefusedError, match="on the shelf with other content"):
        box.shelf.install(box.make("1", gain=5.0))
    assert [entry.broken for entry in box.shelf.list()] == [""]


def test_a_package_that_is_not_right_is_not_installed(box: Box) -> None:
    path = box.make("1")
    (path / MODEL).write_bytes(b"other")
    with pytest.raises(HashError):
        box.shelf.install(path)
    assert list(box.shelf.list()) == []


def test_a_package_that_fails_its_golden_vectors_is_not_activated(box: Box) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    wrong = box.folder / "wrong"
    write_package(wrong, score_card(version="2"), score_graph(3.0), score_golden(1.0), box.trust.box_key())
    box.shelf.install(wrong)
    with pytest.raises(GoldenError, match="tiny 2: golden case"):
        box.shelf.activate("line-3", "tiny", "2")
    assert box.active() == "1"


@pytest.mark.parametrize(("name", "version"), [("tiny", "9"), ("none", "1"), ("..", "1"), ("tiny", "../1"), ("", "")])
def test_what_is_not_on_the_shelf_cannot_be_activated(box: Box, name: str, version: str) -> None:
    box.install("1")
    with pytest.raises(PackageError, match="not on the shelf"):
        box.shelf.activate("line-3", name, version)


def _damage(box: Box, version: str) -> None:
    path = box.folder / "models" / "packages" / "tiny" / version / MODEL
    path.write_bytes(path.read_bytes()[:-1])


def test_a_damaged_package_is_listed_as_broken_and_never_answers(box: Box) -> None:
    box.install("1", "2")
    box.shelf.activate("line-3", "tiny", "1")
    box.shelf.activate("line-3", "tiny", "2")
    _damage(box, "2")
    assert [bool(entry.broken) for entry in box.shelf.list()] == [False, True]
    with pytest.raises(HashError, match=r"model.onnx is not what was signed"):
        box.shelf.active("line-3")
    assert box.shelf.rollback("line-3").card.version == "1"


def test_a_damaged_package_is_mended_by_installing_it_again(box: Box) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    _damage(box, "1")
    box.shelf.install(box.folder / "made" / "1-1.0")
    assert box.active() == "1"


def test_another_package_under_the_same_name_does_not_answer(box: Box) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    place = box.folder / "models" / "packages" / "tiny" / "1"
    shutil.rmtree(place)
    shutil.copytree(box.make("1", gain=7.0), place)
    with pytest.raises(HashError, match="not the package that was activated"):
        box.shelf.active("line-3")


def test_a_publisher_that_is_no_longer_trusted_does_not_answer(box: Box) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    (box.folder / "keys" / "box.pub").unlink()
    with pytest.raises(SignatureError, match="does not trust"):
        box.shelf.active("line-3")


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b'{"active": 3, "history": []}', b'{"active": null}', b"[" * 99999]
)
def test_a_damaged_pointer_is_an_error_and_mended_by_activating(box: Box, content: bytes) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    (box.folder / "models" / "slots" / "line-3.json").write_bytes(content)
    with pytest.raises(PackageError, match="does not say which model is active"):
        box.shelf.active("line-3")
    assert [(slot.name, slot.active) for slot in box.shelf.slots()] == [("line-3", None)]
    assert len(box.shelf.list()) == 1
    box.shelf.activate("line-3", "tiny", "1")
    assert box.active() == "1"


def test_strange_things_on_the_shelf_are_listed_as_broken(box: Box) -> None:
    box.install("1")
    packages = box.folder / "models" / "packages"
    (packages / "stray").write_text("x")
    (packages / "tiny" / "file").write_text("x")
    (packages / "tiny" / "empty").mkdir()
    (packages / "a b" / "1").mkdir(parents=True)
    (packages / "tiny" / "loop").symlink_to(packages / "tiny" / "loop")
    found = {f"{entry.name} {entry.version}": bool(entry.broken) for entry in box.shelf.list()}
    assert found == {"a b 1": True, "tiny 1": False, "tiny empty": True, "tiny file": True, "tiny loop": True}


class _Counting(Gate):
    def __init__(self, place: str) -> None:
        super().__init__()
        self._at = place
        self.checked = 0

    @property
    def place(self) -> str:
        return self._at

    def check(self, package: Package) -> None:
        self.checked += 1


def test_golden_vectors_run_again_where_library_or_processor_changed(box: Box) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    gate = _Counting("another box")
    moved = Shelf(box.folder / "models", box.trust, gate)
    assert moved.active("line-3") is not None
    assert moved.active("line-3") is not None
    assert gate.checked == 1


def test_what_a_killed_writer_left_is_taken_away_by_the_next(box: Box) -> None:
    box.install("1")
    left = box.folder / "models" / "packages" / "tiny" / f"{DRAFT_PREFIX}0"
    left.mkdir()
    (left / MODEL).write_bytes(b"half")
    assert len(box.shelf.list()) == 1
    box.shelf.activate("line-3", "tiny", "1")
    assert not left.exists()


def test_a_shelf_that_cannot_be_written_says_so(box: Box) -> None:
    path = box.make("1")
    (box.folder / "models").write_text("a file where the shelf should be")
    with pytest.raises(PackageError, match="the shelf cannot be written"):
        box.shelf.install(path)


_CHURN = """
import sys
from pathlib import Path
from core.models.gate import Gate
from core.models.shelf import Shelf
from core.models.trust import Trust

class Open(Gate):
    place = "here"
    def check(self, package): pass

folder = Path(sys.argv[1])
shelf = Shelf(folder / "models", Trust(folder / "keys"), Open())
print("ready", flush=True)
while True:
    for version in ("2", "3"):
        shelf.install(folder / "made" / f"{version}-{version}.0")
        shelf.activate("line-3", "tiny", version)
    shelf.rollback("line-3")
    # A broken package must be replaced by a whole one in a way that no kill can spoil either.
    model = folder / "models" / "packages" / "tiny" / "3" / "model.onnx"
    model.write_bytes(b"broken")
    shelf.install(folder / "made" / "3-3.0")
"""


def _kill_and_look(box: Box, rounds: int) -> None:
    box.install("1")
    box.shelf.activate("line-3", "tiny", "1")
    for version in ("2", "3"):
        box.make(version, gain=float(version))
    source = random.Random(1)
    for _ in range(rounds):
        process = subprocess.Popen([sys.executable, "-c", _CHURN, str(box.folder)], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(source.uniform(0, 0.03))
            process.kill()
        pointer = json.loads((box.folder / "models" / "slots" / "line-3.json").read_text())
        assert pointer["active"]["version"] in ("1", "2", "3")
        for entry in box.shelf.list():
            assert entry.version in ("1", "2", "3")
            # Version 3 is broken on purpose now and then; what was ever half written must never be seen.
            assert not entry.broken or entry.version == "3"
        for version in ("2", "3"):
            box.shelf.install(box.folder / "made" / f"{version}-{version}.0")
        assert box.active() == pointer["active"]["version"]
        assert [entry.broken for entry in box.shelf.list()] == ["", "", ""]


def test_a_kill_at_any_moment_leaves_the_shelf_whole(box: Box) -> None:
    _kill_and_look(box, 6)


@pytest.mark.slow
def test_a_hundred_kills_leave_the_shelf_whole(box: Box) -> None:
    _kill_and_look(box, 100)


def test_two_processes_take_turns(box: Box) -> None:
    box.install("1", "2")
    box.shelf.activate("line-3", "tiny", "1")
    code = (
        "import sys; from tests.core.models.test_shelf import Box; from pathlib import Path; "
        "box = Box(Path(sys.argv[1])); [box.shelf.activate('line-3', 'tiny', v) for v in ('1', '2') * 5]"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(box.folder)], cwd=Path.cwd()) for _ in range(2)]
    assert [process.wait() for process in started] == [0, 0]
    assert box.active() == "2"
