"""Named coordinate frames and the transforms between them."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_sdk.errors import PoseError

_NAME = re.compile(r"^([A-Z]\w*?)To([A-Z]\w*)$")


def split_name(name: str) -> tuple[str, str]:
    """("Probe", "Tracker") of "ProbeToTracker".

    Raises:
        PoseError: The name is not of the form <From>To<To>, or ambiguous because a frame's name contains "To".
    """
    match = _NAME.match(name)
    if match is None or len(re.findall("To(?=[A-Z])", name)) != 1:
        raise PoseError(
            f"transform name {name!r} is not of the form <From>To<To>",
            remedy='name it like ProbeToTracker, with capitals and without "To" inside a coordinate frame\'s name',
        )
    return match[1], match[2]


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
