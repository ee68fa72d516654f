"""What the screen did to sales, with how sure that is."""

from __future__ import annotations

import pytest

from retail.lift_shown import WIDTH, lift_shown, more
from retail.signage.experiment import Lift


@pytest.mark.parametrize(
    ("lift", "said"),
    [(Lift(1.08, 1.01, 1.15, 2140, 531), "It sells: between 1 % more and 15 % more, 95 times in 100."),
     (Lift(0.9, 0.85, 0.95, 80, 20), "It loses: between 15 % less and 5 % less, 95 times in 100."),
     (Lift(1.05, 0.9, 1.2, 80, 20), "Not told apart from no effect: between 10 % less and 20 % more"),
     (Lift(None, None, None, 30, 4), "Too early to say: 8 time slots with the screen and 8 without it are needed"),
     (Lift(None, None, None, 0, 0), "No screen has shown a product yet.")],
)  # fmt: skip
def test_a_figure_never_stands_without_its_limits(lift: Lift, said: str) -> None:
    assert lift_shown(lift)["sentence"].startswith(said)


def test_the_limits_are_drawn_around_no_change() -> None:
    shown = lift_shown(Lift(1.08, 1.01, 1.15, 2140, 531))
    line = shown["line"]
    assert line["one"] == WIDTH / 2 < line["low"] < line["at"] < line["high"] < WIDTH
    assert (shown["figure"], shown["shown"], shown["held_out"]) == ("8 % more", 2140, 531)
    wide = lift_shown(Lift(1.0, 0.2, 5.0, 9, 9))["line"]
    assert 0 < wide["low"] < wide["one"] < wide["high"] < WIDTH
    assert lift_shown(Lift(None, None, None, 3, 4))["line"] is None
    assert more(1.004) == "no change"
