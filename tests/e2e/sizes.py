"""The two screens that a kiosk hangs on, and whether a page fits them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Screen

SIZES = ((1920, 1080), (1280, 800))
#: A finger in a glove, px.
FINGER = 76


def cut_off(screen: Screen, size: tuple[int, int], targets: str, *, long: bool = False) -> list[str]:
    """What of the page does not fit: it scrolls (unless `long`: only sideways), or something to be tapped is smaller
    than a finger or beyond the edge.
    """
    found: list[str] = screen.page.evaluate(
        """([least, width, height, targets, long]) => {
          const page = document.documentElement;
          const scrolls = (long || page.scrollHeight === height) && page.scrollWidth === width ? []
            : [`${page.scrollWidth} x ${page.scrollHeight} on ${width} x ${height}`];
          return scrolls.concat([...document.querySelectorAll(targets)]
            .filter((e) => e.checkVisibility()).map((e) => [e.textContent.trim(), e.getBoundingClientRect()])
            .filter(([, b]) => b.height < least - 0.5 || b.width < least - 0.5 || b.right > innerWidth + 0.5)
            .map(([text, b]) => `${text}: ${b.width} x ${b.height} at ${b.left}, ${width} x ${height}`));
        }""",
        [FINGER, *size, targets, long],
    )
    return found
