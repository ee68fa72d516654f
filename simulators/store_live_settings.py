"""How a live simulated store is set up, as settings and as a command line."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from simulators.store_calendar import Calendar
from simulators.store_settings import WorldSettings

PRODUCTS = 200
#: Tills that send each sale at once; one more drops files.
ONLINE_TILLS = ("1", "2")
_REFILLS_H = tuple(7.5 + quarter / 4 for quarter in range(54))


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """`home` holds the store's own files, `data` the box's; `url` is its back office's address."""

    home: Path
    data: Path
    url: str = "http://127.0.0.1:8103"
    llrp_port: int = 5084
    store_url: str = ""

    @property
    def calendar(self) -> Path:
        return self.home / "calendar.json"

    @property
    def secret(self) -> Path:
        return self.home / "pos-secret"

    @property
    def staff(self) -> Path:
        """The PIN with which the simulated staff sign in."""
        return self.home / "staff-pin"

    @property
    def drop(self) -> Path:
        return self.home / "drop"

    @property
    def past(self) -> Path:
        """What its day one was imported from, and the older sales that are still to be handed in."""
        return self.home / "past"

    @property
    def bay(self) -> Path:
        return self.home / "bay"

    def command(self) -> list[str]:
        """The same store as a command line, for whoever runs it as a process of its own."""
        words = [sys.executable, "-m", "simulators.store", "--home", str(self.home), "--data", str(self.data),
                 "--url", self.url, "--llrp-port", str(self.llrp_port)]  # fmt: skip
        return words + (["--store-url", self.store_url] if self.store_url else [])


def parser(description: str) -> argparse.ArgumentParser:
    wanted = argparse.ArgumentParser(prog="python -m simulators.store", description=description)
    wanted.add_argument("--home", type=Path, required=True, help="the store's own files: calendar, secret, drop, bay")
    wanted.add_argument("--data", type=Path, required=True, help="data directory of the box")
    wanted.add_argument("--url", default="http://127.0.0.1:8103", help="address of the back office")
    wanted.add_argument("--llrp-port", type=int, default=5084, help="where the simulated RFID reader listens")
    wanted.add_argument("--store-url", default="", help="as in [store] url of the box")
    return wanted


def settings_of(arguments: argparse.Namespace) -> LiveSettings:
    return LiveSettings(arguments.home, arguments.data, arguments.url, arguments.llrp_port, arguments.store_url)


def world_settings(calendar: Calendar) -> WorldSettings:
    """A busy store of 200 products: two or three sales a minute, refills every quarter of an hour. Tills are offline
    by their links; cameras and readers look for themselves."""
    return WorldSettings(
        products=PRODUCTS, begin_utc_s=calendar.begin_s, demand=5.0, basket_lines=1.2, tagged_share=0.06,
        camera_share=0.0, tag_round_s=86_400.0, offline_per_week=0.0, refill_hours=_REFILLS_H, refill_below=0.35,
        refill_skipped=0.6, refill_unrecorded=0.02, count_days=(3, 7, 14),
    )  # fmt: skip
