"""What changed is told once a minute at most, the oldest change first."""

from __future__ import annotations

from retail.work.news import TOLD_EVERY_S, News


def _told(news: News, at: float, most: int = 9) -> list[str]:
    told: list[str] = []
    for gtin in news.due(at, lambda: len(told) < most):
        told.append(gtin)
    return told


def test_what_changed_first_is_told_first_and_each_once() -> None:
    news = News()
    for gtin in ("b", "a", "b", "c"):
        news.add(gtin)
    assert news.next_utc_s() is not None
    assert _told(news, 1000.0, most=2) == ["b", "a"]
    assert news.next_utc_s() == 0.0  # the rest waits for no minute
    assert _told(news, 1000.0) == ["c"]
    assert news.next_utc_s() is None


def test_what_was_told_waits_a_minute() -> None:
    news = News()
    news.add("a")
    assert _told(news, 1000.0) == ["a"]
    news.add("a")
    news.add("b")
    assert _told(news, 1001.0) == ["b"]
    assert news.next_utc_s() == 1000.0 + TOLD_EVERY_S
    assert _told(news, 1000.0 + TOLD_EVERY_S) == ["a"]
