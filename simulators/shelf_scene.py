"""A rendered shelf bay with its truth: what stands in each slot, who is before it, how camera and light are now.

The picture is drawn in the still's place; then the camera's shift, the light and the noise are laid over it. `mask`
and `covered` say which pixels of the frame, and which slots, people are before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.shelf_packs import Picture, pack

_RAIL_PX = 14


@dataclass(frozen=True, slots=True)
class Light:
    """`gain` and `cast` per colour multiply, `slope` is the change from left to right, `gamma` bends."""

    gain: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    slope: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera looks: shift in pixels, turn in degrees, zoom."""

    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    zoom: float = 1.0

    def matrix(self, height: int, width: int) -> NDArray[np.float64]:
        """Takes a point of the still to a point of the frame."""
        turned = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), self.turn, self.zoom), np.float64)
        turned[:, 2] += np.array(self.shift)
        return np.vstack([turned, [0, 0, 1]]).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    picture: Picture = field(repr=False)
    people: NDArray[np.bool_] = field(repr=False)  # in the frame
    people_in_still: NDArray[np.bool_] = field(repr=False)  # the same, in the still's place


@dataclass(slots=True)
class _Place:
    """One slot: where it is, and which product stands in each facing (None: gone), with its own offset and turn."""

    name: str
    box: tuple[int, int, int, int]  # left, top, right, bottom
    product: int
    standing: list[int | None]
    offsets: list[tuple[int, int, float]]


class ShelfScene:
    """`rows` shelves of `columns` slots; every slot was full when the still was taken."""

    def __init__(self, seed: int, rows: int = 2, columns: int = 3, size: tuple[int, int] = (360, 640)) -> None:
        self.height, self.width = size
        self._rng = np.random.default_rng([seed, 5])
        self._seed = seed
        self.wall = self._wall()
        self.light, self.view = Light(), View()
        self._places = self._slots(rows, columns)
        self._drawn: tuple[object, Picture] | None = None

    # --- what the set-up knows --------------------------------------------------------------------------------

    def plan(self) -> dict[str, Any]:
        """As the plan's TOML would say it."""
        slots = []
        for place in self._places.values():
            left, top, right, bottom = place.box
            box = [left / self.width, top / self.height, (right - left) / self.width, (bottom - top) / self.height]
            slots.append({"name": place.name, "product": f"product-{place.product}", "box": box,
                          "facings": len(place.standing)})  # fmt: skip
        return {"bay": f"scene-{self._seed}", "slots": slots}

    def still(self) -> Picture:
        """The bay as it was set up, with the camera's noise."""
        return self._noisy(self._bay().copy())

    # --- what happens -----------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        return list(self._places)

    def take(self, name: str, facings: int = 1) -> None:
        """Customers take the rightmost facings that are there."""
        place = self._places[name]
        for index in reversed(range(len(place.standing))):
            if facings and place.standing[index] is not None:
                place.standing[index] = None
                facings -= 1

    def refill(self, name: str, product: int | None = None) -> None:
        """All facings, put down a little askew; another `product` is misplaced."""
        place = self._places[name]
        chosen = place.product if product is None else product
        place.standing = [chosen] * len(place.standing)
        place.offsets = [self._askew() for _ in place.standing]

    def truth(self) -> dict[str, str]:
        """The state of each slot in the words of the shelf camera, whatever can be seen of it."""
        said = {}
        for place in self._places.values():
            there = sum(product is not None for product in place.standing)
            wrong = any(product not in (None, place.product) for product in place.standing)
            low = max(1, len(place.standing) // 3)
            said[place.name] = (
                "wrong" if wrong else "empty" if there == 0
                else "low" if there <= low and there < len(place.standing) else "full"
            )  # fmt: skip
        return said

    def facings(self) -> dict[str, int]:
        return {name: sum(one is not None for one in place.standing) for name, place in self._places.items()}

    def centre(self, name: str) -> tuple[float, float]:
        left, top, right, bottom = self._places[name].box
        return (left + right) / 2, (top + bottom) / 2

    def frame(self, people: Sequence[tuple[Picture, NDArray[np.uint8]]] = ()) -> Frame:
        """What the camera sees now; `people` are pictures with masks, drawn in this order before the shelf."""
        bay = self._bay().copy()
        mask = np.zeros((self.height, self.width), bool)
        for picture, own in people:
            bay[own > 0] = picture[own > 0]
            mask |= own > 0
        matrix = self.view.matrix(self.height, self.width)
        size = (self.width, self.height)
        moved = cv2.warpPerspective(bay, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        soft = cv2.warpPerspective(mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
        return Frame(self._noisy(self._lit(np.asarray(moved, np.uint8))), np.asarray(soft > 0.02), mask)

    # --- drawing ----------------------------------------------------------------------------------------------

    def _wall(self) -> Picture:
        tone = self._rng.integers(70, 200)
        base = np.clip(tone + self._rng.integers(-15, 16, 3), 20, 235).astype(np.float32)
        wall = np.tile(base, (self.height, self.width, 1))
        wall *= np.linspace(1.05, 0.85, self.height, dtype=np.float32)[:, None, None]
        grain = self._rng.normal(0, 4, (self.height // 4 + 1, self.width // 4 + 1, 1)).astype(np.float32)
        large = np.asarray(cv2.resize(grain, (self.width, self.height)), np.float32)
        return np.asarray(np.clip(wall + large[..., None], 0, 255), np.uint8)

    def _slots(self, rows: int, columns: int) -> dict[str, _Place]:
        places = {}
        margin, gap = self.width // 20, self.width // 40
        row_height = (self.height - self.height // 12) // rows
        widths = self._rng.uniform(0.8, 1.2, (rows, columns))
        for row in range(rows):
            top = self.height // 24 + row * row_height
            bottom = top + row_height - _RAIL_PX - 4
            room = self.width - 2 * margin - gap * (columns - 1)
            left = float(margin)
            for column in range(columns):
                right = left + room * widths[row, column] / widths[row].sum()
                facings = int(self._rng.integers(1, 4))
                product = int(self._rng.integers(1, 10_000))
                name = f"r{row + 1}c{column + 1}"
                offsets = [(0, 0, 0.0)] * facings
                box = (round(left), top, round(right), bottom)
                places[name] = _Place(name, box, product, [product] * facings, offsets)
                left = right + gap
        return places

    def _bay(self) -> Picture:
        key = tuple((tuple(place.standing), tuple(place.offsets)) for place in self._places.values())
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = (key, self._draw())
        return self._drawn[1]

    def _draw(self) -> Picture:
        bay = self.wall.copy()
        for bottom in sorted({place.box[3] for place in self._places.values()}):
            cv2.rectangle(bay, (0, bottom), (self.width, bottom + _RAIL_PX), (205, 205, 200), -1)
            for x in range(20, self.width, 46):
                tag = (x, bottom + 3), (x + 24, bottom + _RAIL_PX - 3)
                cv2.rectangle(bay, *tag, (250, 250, 240), -1)
                cv2.putText(bay, f"{(x * 7 + bottom) % 90 + 10}", (x + 3, bottom + 11), 0, 0.3, (20, 20, 20), 1)
        for place in self._places.values():
            self._draw_slot(bay, place)
        return bay

    def _draw_slot(self, bay: Picture, place: _Place) -> None:
        left, top, right, bottom = place.box
        each = (right - left) / len(place.standing)
        for index, product in enumerate(place.standing):
            if product is None:
                continue
            width = round(each * 0.8)
            height = round((bottom - top) * (0.75 + (product % 5) * 0.04))
            shift_x, shift_y, turn = place.offsets[index]
            x = round(left + each * index + (each - width) / 2) + shift_x
            y = bottom - height + shift_y
            picture, cover = pack(product, height, width)
            if turn:
                spun = cv2.getRotationMatrix2D((width / 2, height), turn, 1.0)
                picture = np.asarray(cv2.warpAffine(picture, spun, (width, height)), np.uint8)
                cover = np.asarray(cv2.warpAffine(cover, spun, (width, height)), np.float32)
            area = bay[y : y + height, x : x + width]
            alpha = cover[: area.shape[0], : area.shape[1], None]
            area[:] = (area * (1 - alpha) + picture[: area.shape[0], : area.shape[1]] * alpha).astype(np.uint8)

    def _askew(self) -> tuple[int, int, float]:
        return int(self._rng.integers(-2, 3)), 0, float(self._rng.uniform(-1.5, 1.5))

    def _lit(self, picture: Picture) -> Picture:
        light = self.light
        across = 1 + light.slope * np.linspace(-1, 1, self.width, dtype=np.float32)[None, :, None]
        gain = light.gain * np.array(light.cast, np.float32) * across
        return np.asarray(np.clip(picture * gain, 0, 255), np.uint8)

    def _noisy(self, picture: Picture) -> Picture:
        noise = self._rng.normal(0, 2.5, picture.shape).astype(np.float32)
        noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
