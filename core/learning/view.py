"""How a picture is looked at before any feature is taken: cut, put in place, made small, brightened; as graph nodes.

A view ends in `planes`: 1 x 3 x height x width float32 RGB 0..255, both sizes multiples of 32, so that the backbone
pads every picture alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from core.learning.cutting import add_cutting
from core.learning.graph import GraphWriter, Port
from core.learning.means import add_means
from core.learning.registration import Registration, add_registration
from core.models.card import TensorSpec

#: Sizes are multiples of this, the stride of the deepest stage.
STEP_PX = 32
#: A stage-3 feature looks at so many pixels: one position of the grid.
CELL_PX = 16

Box = tuple[float, float, float, float]
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
LINEAR: dict[str, Any] = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}

#: What every graph of an inspection takes: one picture, height x width x 3, RGB.
IMAGE = TensorSpec("image", "uint8", (-1, -1, 3), "RGB, 0..255")
PLANES = TensorSpec("planes", "float32", (1, 3, -1, -1), "RGB, 0..255")


@dataclass(frozen=True, slots=True)
class View:
    """Pictures become `height_px` x `width_px`, or where `scale` is above 0, `scale` times their own size.

    `region` is (x, y, width, height) in shares of the picture, or of the median good part where `registration` puts
    the picture in its place. `brightness` above 0 is the mean that every picture is brought to by one factor.
    `masks` are rectangles like `region`, in shares of the picture, that nothing is seen of. With `scale`, sizes lie
    between `height_px` x `width_px` and `most_px` in either direction. Squares of `shrink` pixels become their mean
    before anything else, so that what is left is quickly brought to its size; not where `registration` takes single
    pixels.
    """

    height_px: int = 256
    width_px: int = 256
    scale: float = 0.0
    most_px: int = 1024
    region: Box = WHOLE
    registration: Registration | None = None
    brightness: float = 0.0
    masks: tuple[Box, ...] = ()
    shrink: int = 1

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the smallest map of features."""
        return self.height_px // CELL_PX, self.width_px // CELL_PX

    @property
    def masks_seen(self) -> tuple[Box, ...]:
        """The masks in shares of what is seen."""
        x, y, width, height = self.region
        return tuple(((m[0] - x) / width, (m[1] - y) / height, m[2] / width, m[3] / height) for m in self.masks)

    def bare(self) -> View:
        """The view without what can be done to its planes afterwards."""
        return replace(self, brightness=0.0, masks=())


def view_graph(view: View) -> onnx.ModelProto:
    """`image` to `planes`."""
    graph = GraphWriter()
    graph.node("Identity", add_view(graph, view), named=PLANES.name)
    return graph.model([port(IMAGE)], [port(PLANES)])


def add_view(graph: GraphWriter, view: View) -> str:
    """The name of the planes of the picture `image`."""
    if view.registration is not None:
        planes = _in_place(graph, view, view.registration)
    else:
        planes = _resized(graph, _cut(graph, view.region), view)
    if view.masks:
        planes = _masked(graph, planes, view)
    if view.brightness > 0:
        mean = graph.node("ReduceMean", planes, ints(graph, [1, 2, 3]), keepdims=1)
        factor = graph.node("Div", graph.constant(view.brightness), graph.node("Max", mean, graph.constant(1.0)))
        planes = graph.node("Mul", planes, factor)
    return planes


def _cut(graph: GraphWriter, region: Box) -> str:
    """The region of the picture, height x width x 3; the whole of it costs nothing."""
    if region == WHOLE:
        return "image"
    x, y, width, height = region
    size = graph.node("Cast", graph.node("Shape", "image", end=2), to=onnx.TensorProto.FLOAT)
    corners = []
    for shares in ((y, x), (y + height, x + width)):
        place = graph.node("Round", graph.node("Mul", size, graph.constant(shares)))
        corners.append(graph.node("Cast", place, to=onnx.TensorProto.INT64))
    return graph.node("Slice", "image", *corners, ints(graph, [0, 1]))


def _resized(graph: GraphWriter, picture: str, view: View) -> str:
    """The planes of a picture of any size, height x width x 3 uint8."""
    sides = _sides(graph, picture, view)
    if view.shrink > 1:
        sizes = graph.node("Concat", ints(graph, [1, 3]), sides, axis=0)
        means = add_means(graph, picture, view.shrink, view.shrink)
        return graph.node("Resize", means, "", "", sizes, antialias=1, **LINEAR)
    # It is squeezed as it comes: turning the large picture first would cost more.
    sizes = graph.node("Concat", ints(graph, [1]), sides, ints(graph, [3]), axis=0)
    small = graph.node(
        "Resize", graph.node("Unsqueeze", picture, ints(graph, [0])), "", "", sizes, antialias=1, **LINEAR
    )
    return graph.node("Cast", graph.node("Transpose", small, perm=[0, 3, 1, 2]), to=onnx.TensorProto.FLOAT)


def _sides(graph: GraphWriter, picture: str, view: View) -> str:
    """Height and width of the planes."""
    if view.scale == 0:
        return ints(graph, [view.height_px, view.width_px])
    size = graph.node("Cast", graph.node("Shape", picture, end=2), to=onnx.TensorProto.FLOAT)
    steps = graph.node("Round", graph.node("Mul", size, graph.constant(view.scale / STEP_PX)))
    fewest = graph.constant([view.height_px / STEP_PX, view.width_px / STEP_PX])
    bounded = graph.node("Min", graph.node("Max", steps, fewest), graph.constant(view.most_px / STEP_PX))
    return graph.node("Cast", graph.node("Mul", bounded, graph.constant(float(STEP_PX))), to=onnx.TensorProto.INT64)


def _in_place(graph: GraphWriter, view: View, registration: Registration) -> str:
    """The region of the median good part, taken from where the part lies in this picture."""
    place = add_registration(graph, "image", registration)
    return add_cutting(graph, "image", place, registration.shape_px, view.region, (view.height_px, view.width_px))


def _masked(graph: GraphWriter, planes: str, view: View) -> str:
    """Grey where nothing is to be seen."""
    keep = graph.constant(kept_map(view.masks_seen, 128)[None, None])
    sides = graph.node("Shape", planes, start=2)
    sizes = graph.node("Concat", ints(graph, [1, 1]), sides, axis=0)
    near = graph.node("Resize", keep, "", "", sizes, mode="nearest", coordinate_transformation_mode="asymmetric")
    grey = graph.constant(127.0)
    return graph.node("Add", graph.node("Mul", graph.node("Sub", planes, grey), near), grey)


def kept_map(masks: tuple[Box, ...], side: int) -> NDArray[np.float32]:
    """side x side: 1 where something may be seen, 0 where a mask lies."""
    kept = np.ones((side, side), np.float32)
    for x, y, width, height in masks:
        rows = slice(max(int(np.floor(y * side)), 0), max(int(np.ceil((y + height) * side)), 0))
        columns = slice(max(int(np.floor(x * side)), 0), max(int(np.ceil((x + width) * side)), 0))
        kept[rows, columns] = 0
    return kept


def ints(graph: GraphWriter, values: Any) -> str:
    return graph.constant(values, np.int64)


def port(spec: TensorSpec) -> Port:
    names = ("height", "width") if spec.dtype == "uint8" else ("one", "channels", "height", "width")
    shape: list[Any] = [size if size > 0 else names[axis] for axis, size in enumerate(spec.shape)]
    return Port(spec.name, np.dtype(spec.dtype), tuple(shape))
