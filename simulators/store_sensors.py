"""Shelf cameras and tag readers of a simulated store: what they say of the pieces, and where they err."""

from __future__ import annotations

from dataclasses import dataclass

from simulators.store_facts import BACKROOM, FLOOR, ShelfRead, TagRead
from simulators.store_products import Product
from simulators.store_scene import Scene

_LOW = 0.5  # of the facings


@dataclass(slots=True)
class _Look:
    """A mistake stays while the slot looks the same, as it does with a camera."""

    truly: int = -1
    error: int = 0
    blocked_looks: int = 0
    told: tuple[str, int] = ("", 0)
    told_utc_s: float = 0.0


class ShelfCameras:
    """Facings with something in front: a lower bound of the pieces. Told when it changes, and again after a while."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._looks = {number: _Look() for number, product in enumerate(scene.products) if product.camera}

    def look(self) -> None:
        for number, look in self._looks.items():
            self._look_at(number, self._scene.products[number], look)

    def _look_at(self, number: int, product: Product, look: _Look) -> None:
        scene, settings = self._scene, self._scene.settings
        truly = scene.stocks[number].visible
        if truly != look.truly:
            mistaken = scene.rng.random() < settings.camera_mistaken
            look.error = scene.rng.choice((-1, 1, 1)) if mistaken else 0
            look.truly = truly
        if look.blocked_looks:
            look.blocked_looks -= 1
        elif scene.rng.random() < settings.camera_blocked / 3:
            look.blocked_looks = 3
        facings = min(product.facings, max(0, truly + look.error))
        says = ("blocked", 0) if look.blocked_looks else (_state(facings, product.facings), facings)
        now_utc_s = scene.now_utc_s
        if says != look.told or now_utc_s - look.told_utc_s >= settings.camera_repeats_s:
            look.told, look.told_utc_s = says, now_utc_s
            scene.tell(ShelfRead(product.gtin, says[0], says[1], product.facings, now_utc_s, now_utc_s))


def _state(facings: int, planned: int) -> str:
    if not facings:
        return "empty"
    return "low" if facings <= _LOW * planned else "full"


class TagReaders:
    """Each product has a share of tags that read (metal, liquids); a few of the other zone read through the wall."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        read = scene.settings.tag_read
        self._shares = {
            number: scene.rng.betavariate(read * 40, (1 - read) * 40)
            for number, product in enumerate(scene.products)
            if product.tagged
        }

    def round(self) -> None:
        scene = self._scene
        through = scene.settings.tag_through_wall
        for number, share in self._shares.items():
            stock = scene.stocks[number]
            near, far = stock.floor + stock.astray, stock.backroom
            gtin, now_utc_s = scene.products[number].gtin, scene.now_utc_s
            for zone, here, beyond in ((FLOOR, near, far), (BACKROOM, far, near)):
                tags = self._draw(here, share) + self._draw(beyond, through)
                scene.tell(TagRead(gtin, zone, tags, now_utc_s, now_utc_s))

    def _draw(self, pieces: int, share: float) -> int:
        draw = self._scene.rng.random
        return sum(1 for _ in range(pieces) if draw() < share)
