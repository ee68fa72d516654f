from __future__ import annotations

import pytest

from appliance.progress import progress


def test_a_terminal_is_told_on_one_line_that_is_gone_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress(quiet=False) as tell:
        tell(0.5, "half")
    assert capsys.readouterr().err == "\r\x1b[K 50% half\r\x1b[K"


@pytest.mark.parametrize(("quiet", "terminal"), [(True, True), (False, False)])
def test_nobody_else_is_told(
    quiet: bool, terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with progress(quiet=quiet) as tell:
        tell(0.5, "half")
    assert capsys.readouterr().err == ""
