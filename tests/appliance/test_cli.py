from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from appliance import cli
from appliance.arguments import above_zero, port, whole
from appliance.verbs import doctor
from core.errors import InputError
from tests.support.repository import ROOT

#: What no verb may load before it has work to do; each costs more than the whole rest of the start.
HEAVY = ("alembic", "asyncua", "cv2", "flask", "onnx", "onnxruntime", "pymodbus", "scipy", "sqlalchemy", "uvicorn")
IMPORTED = f"""
import sys
from appliance.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code == 0, end.code
print(sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
"""
WORDS = [[], *([verb] for verb in cli.VERBS), ["models", "verify"], ["events", "tail"], ["manufacturing", "evaluate"]]


@pytest.mark.slow
def test_help_of_every_verb_starts_without_anything_heavy() -> None:
    for words in WORDS:
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, *words, "--help"], capture_output=True, text=True, cwd=ROOT, check=True
        )
        assert done.stdout.startswith(" ".join(["usage: edgewise", *words]))
        assert done.stderr == "[]\n", words


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance.cli", "--version"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.startswith("edgewise ")


@pytest.mark.parametrize("words", [
    [], ["fly"], ["run", "--colour", "red"], ["models"], ["models", "show"], ["events", "tail"],
    ["events", "tail", "manufacturing", "--count", "0"], ["demo", "--port", "80000"], ["demo", "--rate", "nan"],
    ["demo", "--parts", "-1"], ["manufacturing", "evaluate"],
    ["manufacturing", "evaluate", "--dataset", "x", "--false-reject-rate", "2"],
    ["manufacturing", "evaluate", "--dataset", "x", "--seeds", "0"],
    ["manufacturing", "evaluate", "--dataset", "x", "--seed", "1", "--seeds", "2"],
])  # fmt: skip
def test_wrong_usage_is_one_line_and_exit_code_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out == ""
    assert said.err.startswith("edgewise")
    assert said.err.endswith(" --help)\n")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(("fault", "says"), [
    (InputError("line one\nline two", hint="Do this."), "edgewise: line one line two [input] Do this.\n"),
    (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "edgewise: /a/b: No space left on device\n"),
    (OSError("odd"), "edgewise: this machine: odd\n"),
])  # fmt: skip
def test_a_fault_is_one_line_and_exit_code_two(
    fault: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(config: Path, data: Path) -> None:
        raise fault

    monkeypatch.setattr("appliance.checkup.examine", fail)
    assert cli.main(["doctor"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", says)


def test_an_interrupt_is_no_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("appliance.checkup.examine", interrupted)
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr().err == ""


def test_a_reader_that_has_gone_is_no_fault(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "appliance.cli", "models", "list", "--data", str(tmp_path)]
    with open(writing, "wb") as pipe:  # noqa: PTH123  # a descriptor, not a path
        done = subprocess.run(words, stdout=pipe, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_up_is_one_document_or_one_line_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["doctor", "--data", str(tmp_path / "data"), "--config", str(tmp_path / "none.toml")]
    assert cli.main(words) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"BAD  settings: {tmp_path}/none.toml: there is no such settings file -> Name one with --config." in lines
    assert cli.main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["well"] is False
    assert [finding["what"] for finding in document["findings"]] == [line[5:].partition(":")[0] for line in lines]
    assert doctor.run.__doc__


@pytest.mark.parametrize("text", ["", "x", "0", "-3", "1.5", "70000", "1e3", "٣٣"])
def test_what_is_no_port_is_refused(text: str) -> None:
    if text == "٣٣":
        assert port(text) == 33
        return
    with pytest.raises(Exception, match=r"is not a whole number from 1 to 65535"):
        port(text)


def test_numbers_have_their_bounds() -> None:
    assert (whole(0)("0"), above_zero(0.5)("0.5")) == (0, 0.5)
    for text in ("0", "0.51", "nan", "inf", "-1", "x"):
        with pytest.raises(Exception, match=r"is not a number above 0, up to 0\.5"):
            above_zero(0.5)(text)
    with pytest.raises(Exception, match=r"'x' is not a whole number, 0 or more"):
        whole(0)("x")
