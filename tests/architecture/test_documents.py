"""What the documents promise is there, and what is there is in the documents."""

import dataclasses
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from appliance import cli, site
from core import errors
from core.inference.settings import InferenceSettings
from healthcare.settings import HealthcareSettings
from manufacturing.settings import ManufacturingSettings
from retail.settings import RetailSettings
from simulators.tags import TAGS
from tests.support.repository import ROOT, files, text_files
from verticals.devices.folder import FolderSettings
from verticals.devices.genicam import GenicamSettings
from verticals.devices.rtsp import RtspSettings
from verticals.devices.usb import UsbSettings
from verticals.devices.video import VideoSettings
from verticals.store.access import AccessSettings


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _error_classes(base: type[errors.EdgewiseError] = errors.EdgewiseError) -> Iterator[type[errors.EdgewiseError]]:
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _error_classes(child)


def test_every_error_code_has_its_heading() -> None:
    headings = set(re.findall(r"^## `([\w-]+)`", _text("docs/errors.md"), re.MULTILINE))
    assert headings == {error.code for error in _error_classes()}


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in _error_classes()]
    assert len(codes) == len(set(codes))


def test_every_dependency_has_its_line() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[ <>=!;\[]", requirement)[0] for requirement in wanted}
    lines = set(re.findall(r"^\| `([\w.-]+)` \|", _text("docs/dependencies.md"), re.MULTILINE))
    assert lines == names


def test_the_tag_sheet_is_the_one_in_the_code() -> None:
    sheet = re.findall(
        r"^\| `(ns=2;s=Cell\.\w+)` \| (\w+) \| (\w+) \| (.+) \|$", _text("docs/operate/line-engineer.md"), re.M
    )
    assert sheet == [(tag.node_id, tag.kind, tag.writer.value, tag.meaning) for tag in TAGS]


def _settings_classes(kind: type, seen: dict[str, type]) -> dict[str, type]:
    if kind.__name__ in seen:
        return seen
    seen[kind.__name__] = kind
    for hint in get_type_hints(kind).values():
        for part in [hint, *_parts(hint)]:
            if isinstance(part, type) and dataclasses.is_dataclass(part):
                _settings_classes(part, seen)
    return seen


def _parts(hint: Any) -> Iterator[Any]:
    for part in get_args(hint):
        yield part
        yield from _parts(part)


def _all_settings() -> dict[str, type]:
    seen: dict[str, type] = {}
    for kind in (
        site.SiteSettings,
        site.StoreSettings,
        AccessSettings,
        InferenceSettings,
        site.ScreenSettings,
        ManufacturingSettings,
        FolderSettings,
        VideoSettings,
        GenicamSettings,
        RtspSettings,
        UsbSettings,
        HealthcareSettings,
        RetailSettings,
    ):
        _settings_classes(kind, seen)
    return seen


@pytest.mark.parametrize("name", sorted(_all_settings()))
def test_every_settings_key_is_documented(name: str) -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", _section(_text("docs/settings.md"), name), re.MULTILINE))
    kind: Any = _all_settings()[name]
    assert documented == {field.name for field in dataclasses.fields(kind)}


def _section(text: str, name: str) -> str:
    """The part below the heading whose marker names the settings class."""
    _, found, after = text.partition(f"<!-- {name} -->")
    assert found, f"docs/settings.md has no section marked {name}"
    return after.partition("<!-- ")[0]


def _shown_commands(name: str) -> list[str]:
    blocks = re.findall(r"```(?:console|bash|sh)?\n(.*?)```", _text(name), re.DOTALL)
    lines = [line.split("#")[0].strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


DOCUMENTS = ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_shown_exist(name: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", _text("Makefile"), re.MULTILINE))
    for command in _shown_commands(name):
        words = command.split()
        if words[0] == "make":
            assert {word for word in words[1:] if "=" not in word} <= targets, command
        if words[0].endswith("edgewise") and len(words) > 1 and not words[1].startswith(("-", "[")):
            assert words[1] in cli.VERBS, command
        if words[1:2] == ["-m"] and words[2].startswith("simulators."):
            assert (ROOT / f"{words[2].replace('.', '/')}.py").is_file(), command


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    here = (ROOT / name).parent
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", _text(name)):
        assert (here / target).exists(), f"{name} links to {target}"


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    """No absolute path of whoever built it, no address of a package registry."""
    forbidden = [f"/{name}/" for name in ("work", "root")] + ["-".join(("index", "url"))]
    forbidden += [f"://{host}" for host in ("pypi", "registry")]
    wrong = [f"{path.relative_to(ROOT)}: {word}" for path, text in text_files() for word in forbidden if word in text]
    assert not wrong, "\n".join(wrong)


def test_the_data_directory_of_the_repository_holds_no_real_samples() -> None:
    large = [str(path.relative_to(ROOT)) for path in _committed_large()]
    assert not large, "\n".join(large)


def _committed_large() -> Iterator[Path]:
    return (path for path in files() if path.stat().st_size > 5_000_000)
