"""One bay of a simulated store as its camera sees it: rendered packs that follow the pieces, now and then a passer-by.

The folder holds what a shelf camera is set up with (`plan.toml`, `still.png`) and the newest frame, `view/view.png`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.shelf_packs import Picture
from simulators.shelf_people import Person
from simulators.shelf_scene import ShelfScene
from simulators.store_facts import FLOOR
from simulators.store_products import Product
from simulators.store_world import World

BAY = "A1"
ROWS, COLUMNS = 3, 5
_SIZE = (480, 800)
_PASSES_EVERY_S = (25.0, 70.0)
_STEPS = (5, 9)  # frames that somebody is seen

People = list[tuple[Picture, NDArray[np.uint8]]]


class Bay:
    def __init__(self, folder: Path, products: Sequence[Product], seed: int) -> None:
        self.folder = folder
        self._scene = ShelfScene(seed, ROWS, COLUMNS, _SIZE)
        self._rng = random.Random(f"bay {seed}")
        self._draws = np.random.default_rng([seed, 11])
        self.products = self._choose(products)
        self._passing: Iterator[People] = iter(())
        self._next_s = self._rng.uniform(*_PASSES_EVERY_S)
        self._shown: Any = None

    def _choose(self, products: Sequence[Product]) -> Mapping[str, Product]:
        """Slot to product: those that empty their shelf fastest."""
        busiest = sorted(products, key=lambda product: -product.per_day / product.capacity)
        return dict(zip(self._scene.names, busiest, strict=False))

    @property
    def planned(self) -> dict[str, int]:
        """Facings by product, as the still shows them."""
        return {self.products[slot["name"]].gtin: slot["facings"] for slot in self._scene.plan()["slots"]}

    @property
    def standing(self) -> dict[str, tuple[str, int, int]]:
        """Where the planogram has them: fixture, shelf, slot."""
        places = {}
        for name, product in self.products.items():
            row, column = name.removeprefix("r").split("c")
            places[product.gtin] = BAY, int(row), int(column)
        return places

    def set_up(self) -> None:
        """Writes plan and still, unless they are there already. Raises OSError."""
        (self.folder / "view").mkdir(parents=True, exist_ok=True)
        plan, text = self.folder / "plan.toml", self._plan()
        if (self.folder / "still.png").exists() and plan.exists() and plan.read_text("utf-8") == text:
            return
        plan.write_text(text, "utf-8")
        _write(self.folder / "still.png", self._scene.still())
        _write(self.folder / "view" / "view.png", self._scene.frame().picture)

    def _plan(self) -> str:
        text = f'bay = "{BAY}"\n'
        for slot in self._scene.plan()["slots"]:
            product = self.products[slot["name"]]
            _, shelf, number = self.standing[product.gtin]
            text += (
                f'\n[[slots]]\nname = "{shelf}-{number}"\nproduct = "{product.gtin}"\n'
                f"box = {[round(share, 4) for share in slot['box']]}\nfacings = {slot['facings']}\n"
            )
        return text

    def facings(self) -> dict[str, int]:
        """By product, as they stand in the picture now."""
        return {self.products[name].gtin: there for name, there in self._scene.facings().items()}

    def follow(self, world: World) -> None:
        """As many facings stand there as the shelf is full, emptied one after the other."""
        for name, product in self.products.items():
            planned = self.planned[product.gtin]
            share = min(1.0, world.on_hand(product.gtin, FLOOR) / product.capacity)
            wanted = math.ceil(planned * share)
            there = self._scene.facings()[name]
            if wanted > there:
                self._scene.refill(name)
                there = planned
            self._scene.take(name, there - wanted)

    def look(self, now_s: float) -> bool:
        """Writes a frame when something is to be seen that was not; whether it did. `now_s` counts from the begin."""
        people = self._people(now_s)
        seen = self._scene.facings(), bool(people)
        if seen == self._shown and not people:
            return False
        self._shown = seen
        _write(self.folder / "view" / "view.png", self._scene.frame(people).picture)
        return True

    def _people(self, now_s: float) -> People:
        if now_s >= self._next_s:
            self._next_s = now_s + self._rng.uniform(*_PASSES_EVERY_S)
            self._passing = self._pass_by()
        return next(self._passing, [])

    def _pass_by(self) -> Iterator[People]:
        last = self._rng.randint(*_STEPS)
        person = Person.drawn(0, last, self._draws)
        for frame in range(last + 1):
            drawn = person.at(frame, *_SIZE)
            yield [] if drawn is None or not drawn[1].any() else [drawn]


def _write(path: Path, picture: Picture) -> None:
    """Whole or not at all. Raises OSError."""
    done, content = cv2.imencode(".png", picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise OSError(f"{path}: the picture cannot be written as PNG")
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content.tobytes())
    part.replace(path)
