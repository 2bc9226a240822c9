"""Packages that come with edge-sdk."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from edge_sdk.errors import PackageError

DEMO_PACKAGE = "phantom-s-int8.edgepkg"
REPOSITORY_MODELS = Path(__file__).resolve().parent.parent / "models"


def shipped_package(name: str = DEMO_PACKAGE) -> Path:
    """Where a shipped package lies: in `models/` of a checkout, or among the files of the installed wheel.

    Raises:
        PackageError: It is in neither place.
    """
    checkout = REPOSITORY_MODELS / name
    if checkout.exists():
        return checkout
    try:
        installed = distribution("edge-sdk").files or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        if file.name == name:
            return Path(str(file.locate())).resolve()
    raise PackageError(
        "does not come with this installation",
        where=name,
        remedy="install edge-sdk from its wheel or a full checkout, or run edge-sdk demo --from-scratch",
    )
