"""Where the still lies in a frame: the one step that everything after it stands on.

A camera on a shelf is nudged, sags, is cleaned. While a quick look says that nothing moved, the last place holds;
otherwise features are matched anew. Pictures are grey and of the working size; a place is a 3 x 3 matrix that takes a
point of the still, in working pixels, to a point of the frame.

Sources: Lowe (2004), SIFT with the ratio test; Fischler and Bolles (1981), RANSAC; Foroosh, Zerubia and Berthod (2002),
phase correlation, for the quick look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

#: The long side of the pictures that a frame is judged by.
WORKING_PX = 640
_FEATURES = 1500
_RATIO = 0.8
_RANSAC_PX = 2.0
_FEWEST_INLIERS = 12
_LEAST_INLIER_SHARE = 0.25
#: No camera is believed to have moved further than this share of the picture's long side: it is to be set up again.
_FURTHEST_SHARE = 0.15
#: Below this many pixels a shift is noise; such a place is kept.
_STILL_PX = 0.6
#: Share of the still's edges that are found again: from here on a place is believed.
_BELIEVED = 0.3
#: So much more of the edges must be found at another place before it is looked for.
_BETTER = 0.03
#: An edge: so many levels a pixel, and how near its direction must be, as a cosine.
_EDGE_LEVELS, _SAME_WAY = 12.0, 0.8
#: Fewer edges than this outside the slots: those of the goods count too.
_FEWEST_EDGES = 400

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """`agreement` is the share of the still's edges found again, 0..1; `lost` when nothing is believed any more."""

    matrix: Matrix = field(repr=False)
    agreement: float
    moved_px: float
    lost: bool = False


class Alignment:
    """Keeps the still's features and the last place that was believed."""

    def __init__(self, still: Grey, slots: NDArray[np.bool_] | None = None) -> None:
        """`slots` is where goods come and go: what stays put is looked at for whether a place is right."""
        self._still = still
        self._edges = _edges(still)
        self._slope = _slope(still)
        strong = np.hypot(*self._slope) > _EDGE_LEVELS
        fixed = strong if slots is None else strong & ~slots
        self._fixed = fixed if fixed.sum() >= _FEWEST_EDGES else strong
        self._window = cv2.createHanningWindow((still.shape[1], still.shape[0]), cv2.CV_32F)
        self._sift = cv2.SIFT.create(_FEATURES, contrastThreshold=0.02)
        self._points, self._descriptors = self._features(still)
        self._last: Matrix = np.eye(3)
        self._level = 1.0  # agreement to expect, from the place found last

    def find(self, frame: Grey) -> Place:
        """The still's place in `frame`, a grey picture of the working size."""
        agreement, shift_px = self._look(frame, self._last)
        good = agreement > max(_BELIEVED, 0.5 * self._level)
        if good and shift_px < _STILL_PX:
            return Place(self._last, agreement, 0.0)
        shifted = self._shifted(frame)
        if good and self._agreement(frame, shifted) < agreement + _BETTER:
            return Place(self._last, agreement, 0.0)  # goods that went look like a shift
        found = self._matched(frame)
        candidates = [self._last, *([] if found is None else [found]), shifted]
        best = max(candidates, key=lambda matrix: self._agreement(frame, matrix))
        after = self._agreement(frame, best)
        if after <= _BELIEVED:
            return Place(self._last, after, 0.0, lost=True)
        moved_px = _displacement(self._last, best, self._still.shape)
        self._last, self._level = best, after
        return Place(best, after, moved_px)

    def _look(self, frame: Grey, matrix: Matrix) -> tuple[float, float]:
        """Agreement in that place, and how far the picture is shifted from it."""
        seen = _edges(_pulled(frame, matrix, self._still.shape))
        (x, y), response = cv2.phaseCorrelate(self._edges, seen, self._window)
        shift_px = float(np.hypot(x, y)) if response > 0.05 else 0.0
        return self._agreement(frame, matrix), shift_px

    def _agreement(self, frame: Grey, matrix: Matrix) -> float:
        """The share of the still's fixed edges that lie in the frame too, the same way, within a pixel."""
        if not self._fixed.any():
            return 0.0
        seen = _slope(_pulled(frame, matrix, self._still.shape))[:, self._fixed]
        ours = self._slope[:, self._fixed]
        length = np.hypot(*seen)
        along = (seen * ours).sum(axis=0) / np.maximum(length * np.hypot(*ours), 1.0)
        return float(((along > _SAME_WAY) & (length > _EDGE_LEVELS / 3)).mean())

    def _shifted(self, frame: Grey) -> Matrix:
        """The last place, moved by the shift that phase correlation finds: for views with few features."""
        seen = _edges(_pulled(frame, self._last, self._still.shape))
        (x, y), _ = cv2.phaseCorrelate(self._edges, seen, self._window)
        return np.asarray(self._last @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]]), np.float64)

    def _matched(self, frame: Grey) -> Matrix | None:
        points, descriptors = self._features(frame)
        if len(points) < _FEWEST_INLIERS or len(self._points) < _FEWEST_INLIERS:
            return None
        pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(self._descriptors, descriptors, k=2)
        good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
        ours = np.array([self._points[match.queryIdx] for match in good]).reshape(-1, 2)
        theirs = np.array([points[match.trainIdx] for match in good]).reshape(-1, 2)
        # Goods repeat along a shelf: a match that leads further than a camera moves is another pack of the same.
        near = np.linalg.norm(ours - theirs, axis=1) < _FURTHEST_SHARE * max(self._still.shape)
        ours, theirs = ours[near], theirs[near]
        if len(ours) < _FEWEST_INLIERS:
            return None
        cv2.setRNGSeed(0)
        matrix, inliers = cv2.findHomography(ours, theirs, cv2.RANSAC, _RANSAC_PX, maxIters=2000, confidence=0.999)
        if matrix is None or inliers.sum() < max(_FEWEST_INLIERS, _LEAST_INLIER_SHARE * len(ours)):
            return None
        found = np.asarray(matrix, np.float64)
        furthest = _FURTHEST_SHARE * max(self._still.shape)
        return found if _displacement(np.eye(3), found, self._still.shape) <= furthest else None

    def _features(self, grey: Grey) -> tuple[NDArray[np.float32], Any]:
        even = cv2.createCLAHE(2.0, (8, 8)).apply(grey)
        points, descriptors = self._sift.detectAndCompute(even, None)
        return np.array([point.pt for point in points], np.float32).reshape(-1, 2), descriptors


def working_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the working picture of a frame of that size."""
    scale = min(1.0, WORKING_PX / max(height, width))
    return max(16, round(height * scale)), max(16, round(width * scale))


def _pulled(picture: Grey, matrix: Matrix, shape: tuple[int, ...]) -> Grey:
    """What lies in `picture` where the still is."""
    if np.allclose(matrix, np.eye(3)):
        return picture
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(picture, matrix, (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(warped, np.uint8)


def pulled(picture: NDArray[np.uint8], matrix: Matrix, height: int, width: int) -> NDArray[np.uint8]:
    """`picture`, grey or colour, as it would look had the camera not moved; what it does not show is black."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(picture, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(warped, np.uint8)


def _edges(grey: Grey) -> NDArray[np.float32]:
    """Length of the gradient, bounded, so that one bright edge does not outweigh the shelf."""
    soft = cv2.GaussianBlur(grey, (0, 0), 1.2).astype(np.float32)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    length = cv2.magnitude(across, down)
    return np.asarray(np.minimum(length, 4.0 * float(length.mean()) + 1e-3), np.float32)


def _slope(grey: Grey) -> NDArray[np.float32]:
    """2 x height x width: levels a pixel across and down, soft enough to forgive a pixel of shift."""
    soft = cv2.GaussianBlur(grey, (0, 0), 1.5).astype(np.float32)
    slopes = [cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)]
    return np.asarray(np.stack(slopes), np.float32)


def _displacement(one: Matrix, other: Matrix, shape: tuple[int, ...]) -> float:
    """How far apart the corners lie at most, in pixels; infinite where a matrix turns the picture inside out."""
    height, width = shape[:2]
    corners = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float64)
    a, b = cv2.perspectiveTransform(corners, one), cv2.perspectiveTransform(corners, other)
    if not np.isfinite(b).all() or not cv2.isContourConvex(b.astype(np.float32)):
        return float("inf")
    return float(np.linalg.norm(a - b, axis=2).max())
