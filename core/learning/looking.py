"""Features of pictures and of their copies, computed once: kept in memory while choosing, on disk for the next time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from core.inference.session import Session
from core.learning.augment import Move, moved
from core.learning.backbone import Weights
from core.learning.inspector import FEATURES, feature_graph
from core.learning.pictures import Image
from core.learning.view import IMAGE, PLANES, View, view_graph
from core.models.card import Card, TensorSpec

#: Rows x columns x channels. Half precision: its rounding is far below what good parts differ by.
Features = NDArray[np.float16]

_MOST_KEPT_BYTES = 512 * 2**20


class FeatureStore:
    """Features by what they were made of, in files of `folder`; the longest unused go when it holds too much."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_KEPT_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Features | None:
        """None when it is not there or cannot be read."""
        path = self._folder / f"{key}.npy"
        try:
            found = np.load(path, allow_pickle=False)
            os.utime(path)
        except (OSError, ValueError, EOFError):
            return None
        return found if found.dtype == np.float16 and found.ndim == 3 else None

    def put(self, key: str, features: Features) -> None:
        """A full disk is no reason to stop: then it is only not kept."""
        draft = self._folder / f"{key}.part"
        try:
            with draft.open("wb") as file:
                np.save(file, features, allow_pickle=False)
            draft.replace(self._folder / f"{key}.npy")
        except OSError:
            draft.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Removes the longest unused until the rest fits."""
        files = sorted(((path.stat(), path) for path in self._folder.glob("*.npy")), key=lambda one: -one[0].st_mtime)
        held = 0
        for state, path in files:
            held += state.st_size
            if held > self._most_bytes:
                path.unlink(missing_ok=True)


class Looker:
    """Looks at pictures through views. `looked` counts how often the backbone ran.

    `backbone` is a feature graph; by default that of `weights` as they are.
    """

    def __init__(
        self, weights: Weights, store: FeatureStore | None = None, backbone: onnx.ModelProto | None = None
    ) -> None:
        self.backbone = feature_graph(weights) if backbone is None else backbone
        model = self.backbone.SerializeToString()
        self._backbone = Session(model, _card("features", PLANES, FEATURES))
        self._identity = hashlib.sha256(model).digest()
        self._views: dict[View, tuple[Session, bytes]] = {}
        self._store = store
        self._kept: dict[str, Features] = {}
        self._ways: dict[str, tuple[View, Move | None]] = {}
        self.looked = 0

    def look(
        self, view: View, image: Image, pixels: bytes, moves: Sequence[Move | None], *, keep: bool = False
    ) -> list[Features]:
        """The features of `image` (hash `pixels`) after each move; None is the picture as it is.

        `keep` holds them in memory for the next time.
        """
        _, identity = self._session(view)
        keys = [hashlib.sha256(identity + pixels + repr(move).encode()).hexdigest() for move in moves]
        found = [self._known(key) for key in keys]
        if any(features is None for features in found):
            planes = self.planes(view, image)
            stretch = _stretch(view, image, planes)
            for index, move in enumerate(moves):
                if found[index] is None:
                    features = self._features(planes if move is None else moved(planes, move, stretch))
                    found[index] = features
                    if self._store is not None:
                        self._store.put(keys[index], features)
        result = [features for features in found if features is not None]
        if keep:
            self._kept.update(zip(keys, result, strict=True))
            self._ways.update((key, (view, move)) for key, move in zip(keys, moves, strict=True))
        return result

    def planes(self, view: View, image: Image) -> NDArray[np.float32]:
        """What the backbone gets of `image`."""
        session, _ = self._session(view)
        return np.asarray(session.run({IMAGE.name: np.ascontiguousarray(image)})[PLANES.name])

    def forget(self, view: View | None = None, moves: Sequence[Move | None] = ()) -> None:
        """Lets go of what was kept in memory, but for what was seen through `view` after `moves`."""
        gone = [key for key, (one, move) in self._ways.items() if one != view or move not in moves]
        for key in gone:
            del self._kept[key], self._ways[key]

    def _known(self, key: str) -> Features | None:
        known = self._kept.get(key)
        return known if known is not None or self._store is None else self._store.get(key)

    def _features(self, planes: NDArray[np.float32]) -> Features:
        self.looked += 1
        found = self._backbone.run({PLANES.name: planes})[FEATURES.name][0]
        return np.ascontiguousarray(found.transpose(1, 2, 0)).astype(np.float16)

    def _session(self, view: View) -> tuple[Session, bytes]:
        known = self._views.get(view)
        if known is None:
            model = view_graph(view).SerializeToString()
            identity = hashlib.sha256(self._identity + model).digest()
            known = self._views[view] = Session(model, _card("view", IMAGE, PLANES)), identity
        return known


def _stretch(view: View, image: Image, planes: NDArray[np.float32]) -> float:
    """How much wider a pixel of the planes is on the part than high."""
    height, width = image.shape[:2]
    seen = (view.region[2] * width) / (view.region[3] * height)
    return float(seen * planes.shape[2] / planes.shape[3])


def _card(name: str, taken: TensorSpec, given: TensorSpec) -> Card:
    return Card(
        name=name, version="1", kind=name, inputs=(taken,), outputs=(given,),
        intended_use="Looking at pictures that are taught from", licence="Apache-2.0",
    )  # fmt: skip
