"""The parts as HTML, against what was agreed on.

`EDGEWISE_UPDATE_SNAPSHOTS=1` writes them anew, for a person to review.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.settings import environment
from tests.support.screens import ScreenRig
from ui.patterns import values

_SNAPSHOTS = Path(__file__).parent / "snapshots"
_VOID = {"meta", "link", "input", "br", "img", "hr"}
_STATIC = Path(__file__).parents[2] / "ui" / "static" / "ui"
_PARTS = Path(__file__).parents[2] / "ui" / "templates" / "ui" / "_parts"


def normal(html: str) -> str:
    """Whitespace as a reader sees it, one element a line; what differs from run to run taken out."""
    html = re.sub(r'(name="csrf" (?:content|value)|data-boot)="[^"]*"', r'\1="..."', html)
    html = re.sub(r"> (?=<)", ">", re.sub(r"\s+", " ", html))
    html = re.sub(rf"(?=<(?!/|(?:{_INLINE})\b))", "\n", html)
    return "\n".join(line.strip() for line in html.splitlines() if line.strip()) + "\n"


#: What stays on the line of its parent: the inside of a drawing, and short runs of text.
_INLINE = "path|rect|circle|line|text|polyline|svg|b|small|abbr|strong|br|dt|dd|td|th|span|image|pattern|defs|g"


def bands(html: str) -> dict[str, str]:
    """The patterns page by its bands: plant, ward, ward-day, office."""
    pieces = re.split(r'(?=<section class="band")', html.partition("<main>")[2].partition("</main>")[0])
    return {piece.partition('data-theme="')[2].partition('"')[0]: piece for piece in pieces if "data-theme" in piece}


def check(html: str, name: str) -> None:
    snapshot = _SNAPSHOTS / f"{name}.html"
    if environment("EDGEWISE_UPDATE_SNAPSHOTS"):
        snapshot.parent.mkdir(exist_ok=True)
        snapshot.write_text(normal(html), "utf-8")
    assert normal(html) == snapshot.read_text("utf-8")


@pytest.mark.parametrize(("path", "name"), [("/sign-in", "sign-in"), ("/nowhere", "fault"), ("/", "page")])
def test_a_page_is_as_agreed(rig: ScreenRig, path: str, name: str) -> None:
    check(rig.client().get(path).text, name)


@pytest.mark.parametrize("theme", ["plant", "ward", "office"])
def test_the_parts_are_as_agreed(rig: ScreenRig, theme: str) -> None:
    check(bands(rig.client().get("/patterns").text)[theme], theme)


def test_the_ward_is_the_same_by_day_and_by_night_but_for_its_tokens(rig: ScreenRig) -> None:
    by_theme = bands(rig.client().get("/patterns").text)
    day = by_theme["ward-day"].replace('data-theme="ward-day"', 'data-theme="ward"').replace("Ward by day", "Ward")
    assert normal(day) == normal(by_theme["ward"])


class _Checked(HTMLParser):
    """Open tags are closed in order, and no id stands twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.classes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name == "class":
                self.classes.update((value or "").split())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


@pytest.mark.parametrize("path", ["/", "/patterns", "/sign-in", "/nowhere"])
def test_pages_are_well_formed(rig: ScreenRig, path: str) -> None:
    checked = _Checked()
    checked.feed(rig.client().get(path).text)
    assert (checked.faults, checked.open) == ([], [])
    assert len(checked.ids) == len(set(checked.ids))


def test_the_patterns_page_shows_every_part(rig: ScreenRig) -> None:
    text = (_PARTS.parent / "patterns.html").read_text("utf-8")
    unused = [path.name for path in _PARTS.glob("*.html") if f'"ui/_parts/{path.name}"' not in text]
    assert unused == []


def test_the_states_of_a_bed_are_all_there() -> None:
    states = {bed["state"] for bed in values()["beds"]}
    assert states == {"", "high", "medium", "technical", "stale", "latched", "out", "empty"}


def test_colours_are_written_in_tokens_only() -> None:
    for path in sorted(_STATIC.glob("*.css")):
        if path.name == "tokens.css":
            continue
        assert not re.findall(r"#[0-9a-f]{3,8}\b(?!\))|\brgb\(", path.read_text("utf-8"), re.IGNORECASE), path.name


def test_style_files_stay_short() -> None:
    assert max(len(path.read_text("utf-8").splitlines()) for path in _STATIC.glob("*.css")) <= 400


def test_every_class_of_the_patterns_page_has_a_rule(rig: ScreenRig) -> None:
    rules = "".join(path.read_text("utf-8") for path in _STATIC.glob("*.css"))
    checked = _Checked()
    checked.feed(rig.client().get("/patterns").text)
    known = set(re.findall(r"\.([a-zA-Z][\w-]*)", rules))
    assert checked.classes - known - _BARE == set()


#: Names for readers of the page; their look comes from the element or its parent.
_BARE = {"verdict__limit--ng"}
