"""What a site says about one shelf camera: a table `[[retail.bays]]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from core.settings import STRICT_KEYS, Count, Lasting, Name


@dataclass(frozen=True)
class BaySettings:
    """`plan` and `still` are files: the slots drawn over the reference still, and the still, taken with nobody before
    the shelf; `empty_still` shows the bay without goods, where one was taken. A frame is looked at `every` so often. A
    word is said when `confirm_frames` frames agree, a wrong or unknown product after `doubtful_frames`. `camera` names
    the kind of frame source, `options` are its own. A kept picture is written with each change, and `picture_every`."""

    __pydantic_config__ = STRICT_KEYS
    name: Name
    plan: Annotated[str, Field(min_length=1)]
    still: Annotated[str, Field(min_length=1)]
    empty_still: str = ""
    camera: Literal["camera.folder", "camera.genicam", "camera.rtsp", "camera.usb", "camera.video"] = "camera.rtsp"
    options: Mapping[str, Any] = field(default_factory=dict)
    every: Lasting = 1.0
    confirm_frames: Count = 3
    doubtful_frames: Count = 6
    lost_after: Lasting = 10.0
    told_every: Lasting = 60.0
    picture_every: Lasting = 600.0

    @property
    def station(self) -> str:
        """The name of its station and of its device."""
        return f"bay-{self.name}"

    @property
    def camera_device(self) -> str:
        """The name of the camera's process."""
        return f"camera-{self.name}"
