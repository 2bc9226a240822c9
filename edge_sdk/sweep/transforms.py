"""Named coordinate frames and the transforms between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError

_IMAGE = "Image"
_BETWEEN = re.compile("To(?=[^a-z])", re.DOTALL)
"""Where the name of a transform divides, as PLUS takes it: at a "To" before anything but a small letter."""


def split_name(name: str) -> tuple[str, str]:
    """("Probe", "Tracker") of "ProbeToTracker", by the rule of PLUS.

    Names of coordinate frames may hold digits, hyphens, blanks, colons and other signs. One that begins with a small
    letter is capitalized, as PLUS does.

    Raises:
        PoseError: The name is not of the form <From>To<To>, or ambiguous because a frame's name contains "To".
    """
    places = [match.start() for match in _BETWEEN.finditer(name)]
    if len(places) != 1 or places[0] == 0:
        raise PoseError(
            f"transform name {name!r} is not of the form <From>To<To>",
            remedy='name it like ProbeToTracker, with a capital after "To", and without "To" before a capital, digit '
            "or sign inside a coordinate frame's name",
        )
    return capitalized(name[: places[0]]), capitalized(name[places[0] + 2 :])


def capitalized(frame: str) -> str:
    """A coordinate frame's name as PLUS has it: a small first letter (a to z) becomes a capital."""
    return frame[0].upper() + frame[1:] if "a" <= frame[:1] <= "z" else frame


def canonical_name(name: str) -> str:
    """A transform's name with both coordinate frames capitalized: "probeToTracker" is PLUS's "ProbeToTracker".

    Raises:
        PoseError: It is no transform's name.
    """
    return "To".join(split_name(name))


def is_transform_name(name: str) -> bool:
    """Whether a name is of the form <From>To<To>."""
    try:
        split_name(name)
    except PoseError:
        return False
    return True


def pixel_frame(names: Iterable[str]) -> str:
    """Coordinate frame of a recording's pixels, as the transforms tell that come with its frames.

    PLUS stores a cropped recording with ImageToCroppedImage: the pixels are then those of CroppedImage.

    Args:
        names: Names of the transforms that come with the frames.

    Returns:
        "Image", or the only other image frame that a transform leads to from there.
    """
    ends = [split_name(name) for name in names]
    derived = {end for start, end in ends if start == _IMAGE and end != _IMAGE and end.endswith(_IMAGE)}
    return derived.pop() if len(derived) == 1 else _IMAGE


def carries_pixels(name: str, image: str) -> bool:
    """Whether a transform starts or ends at an image frame, so that it scales pixels and need not be rigid.

    Args:
        name: Name of the transform.
        image: Coordinate frame of the pixels; others are told by names that end with "Image".
    """
    return any(frame == image or frame.endswith(_IMAGE) for frame in split_name(name))


class TransformGraph:
    """Transforms between coordinate frames; finds a path and composes it.

    A transform AToB takes points of A to B (p_B = AToB · p_A) and is also used backwards, inverted.
    """

    def __init__(self, transforms: Mapping[str, NDArray[np.float64]] | None = None) -> None:
        """
        Args:
            transforms: 4×4 matrices by name, such as {"ImageToProbe": …}.
        """
        self._matrices: dict[str, NDArray[np.float64]] = {}
        self._neighbors: dict[str, dict[str, tuple[str, bool]]] = {}
        for name, matrix in (transforms or {}).items():
            self.add(name, matrix)

    def add(self, name: str, matrix: NDArray[np.float64]) -> None:
        """Add, or replace, the transform `name` ("ProbeToTracker") with a 4×4 matrix.

        Raises:
            PoseError: The name or the shape is wrong, or the matrix has no inverse.
        """
        source, destination = split_name(name)
        matrix = np.asarray(matrix, np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-15:
            raise PoseError(f"transform {name} must be a finite 4×4 matrix that has an inverse")
        self._matrices[name] = matrix
        self._neighbors.setdefault(source, {})[destination] = (name, False)
        self._neighbors.setdefault(destination, {})[source] = (name, True)

    def path(self, source: str, destination: str) -> list[tuple[str, bool]]:
        """Shortest chain of transforms, each with whether it is used inverted; empty where source is destination.

        Raises:
            PoseError: There is no chain; says how far one gets from either end.
        """
        came_from: dict[str, tuple[str, str, bool]] = {}
        queue = deque([source])
        while queue and destination not in came_from and source != destination:
            here = queue.popleft()
            for there, (name, inverted) in self._neighbors.get(here, {}).items():
                if there != source and there not in came_from:
                    came_from[there] = (here, name, inverted)
                    queue.append(there)
        if source != destination and destination not in came_from:
            known = source in self._neighbors
            raise PoseError(self._gap(source, destination, came_from), remedy=_remedy(source, known))
        chain: list[tuple[str, bool]] = []
        while destination != source:
            destination, name, inverted = came_from[destination]
            chain.append((name, inverted))
        return chain[::-1]

    def resolve(self, source: str, destination: str) -> NDArray[np.float64]:
        """The 4×4 matrix from `source` to `destination`, through as few transforms as possible.

        Raises:
            PoseError: The two are not connected.
        """
        result = np.eye(4)
        for name, inverted in self.path(source, destination):
            matrix = self._matrices[name]
            result = (np.linalg.inv(matrix) if inverted else matrix) @ result
        return result

    def _gap(self, source: str, destination: str, reached: Mapping[str, object]) -> str:
        names = ", ".join(sorted(self._matrices)) or "none"
        if source not in self._neighbors:
            missing = f"no transform starts or ends at {source}"
        elif destination not in self._neighbors:
            missing = f"no transform starts or ends at {destination}"
        else:
            missing = f"nothing leads from {', '.join(sorted({source, *reached}))} to {destination}"
        return f"cannot resolve {source}To{destination}: {missing} (given: {names})"


def _remedy(source: str, known: bool) -> str:
    if source == "Image" and not known:
        return (
            "give the PLUS configuration that holds ImageToProbe (--config PLUS.xml), or the size of a pixel "
            "(--pixel-spacing MM), from which it is assumed"
        )
    return "add the missing transform to the recording or to the configuration"
