"""What the graph of an inspection is made of, for those who add to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import onnx

from core.learning.benefit import Judged
from core.learning.choice import Choice
from core.learning.head import Head
from core.learning.inspector import inspector_graph
from core.learning.place_gaussian import PlaceGaussian
from core.learning.place_scoring import MapNorm
from core.learning.plan import Plan


@dataclass(frozen=True, slots=True)
class Learnt:
    """`backbone` is the feature graph that `gaussian` and `norm` were fitted with; `good` are the pictures that were
    taught from, each judged by what was taught without its part and before any `head`."""

    choice: Choice = field(repr=False)
    backbone: onnx.ModelProto = field(repr=False)
    gaussian: PlaceGaussian = field(repr=False)
    norm: MapNorm = field(repr=False)
    good: Judged = field(repr=False)
    head: Head | None = field(default=None, repr=False)

    @property
    def plan(self) -> Plan:
        return self.choice.plan

    def model(self) -> bytes:
        """The inspector graph."""
        seen = self.plan.seen
        graph = inspector_graph(self.backbone, seen.view, seen.places, self.gaussian, self.norm, self.head)
        return bytes(graph.SerializeToString())
