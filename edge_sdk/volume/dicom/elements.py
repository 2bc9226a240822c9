"""Small parts of data sets: items, codes, numbers, and what made an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.valuerep import DSfloat

from edge_sdk.version import __version__


def equipment() -> dict[str, str]:
    """Attributes of the equipment that made an object: this software."""
    return {
        "Manufacturer": "edge-sdk",
        "ManufacturerModelName": "edge-sdk",
        "DeviceSerialNumber": "none",
        "SoftwareVersions": __version__,
    }


def decimals(values: Sequence[float]) -> list[DSfloat]:
    """As decimal strings of at most 16 characters, DICOM's DS."""
    return [DSfloat(value, auto_format=True) for value in values]


def item(**values: Any) -> Dataset:
    """A data set of these attributes."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def coded(code: Code) -> Dataset:
    """A code as an item of a code sequence."""
    return item(CodeValue=code.value, CodingSchemeDesignator=code.scheme_designator, CodeMeaning=code.meaning)
