"""Coded meaning of class names, for formats that want a code besides the name.

Codes are SNOMED CT's, from the context groups of DICOM PS3.16 for segments (CID 7150 for categories, CID 7151 for
types).
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEME = "SCT"


@dataclass(frozen=True)
class Code:
    """A concept of SNOMED CT: its number and its meaning in words."""

    value: str
    meaning: str


@dataclass(frozen=True)
class Meaning:
    """What a class is: the kind of thing, and the thing."""

    category: Code
    kind: Code


_TISSUE = Code("85756007", "Tissue")
_ANATOMY = Code("91723000", "Anatomical Structure")
_ABNORMAL = Code("49755003", "Morphologically Abnormal Structure")
_OBJECT = Code("260787004", "Physical object")
_MEANINGS = {
    "vessel": Meaning(_TISSUE, Code("59820001", "Blood Vessel")),
    "artery": Meaning(_TISSUE, Code("51114001", "Artery")),
    "vein": Meaning(_TISSUE, Code("29092000", "Vein")),
    "nerve": Meaning(_TISSUE, Code("91728009", "Nerve")),
    "bone": Meaning(_TISSUE, Code("3138006", "Bone")),
    "hippocampus": Meaning(_ANATOMY, Code("5366008", "Hippocampus")),
    "kidney": Meaning(_ANATOMY, Code("64033007", "Kidney")),
    "liver": Meaning(_ANATOMY, Code("10200004", "Liver")),
    "prostate": Meaning(_ANATOMY, Code("41216001", "Prostate")),
    "thyroid": Meaning(_ANATOMY, Code("69748006", "Thyroid")),
    "cyst": Meaning(_ABNORMAL, Code("367643001", "Cyst")),
    "lesion": Meaning(_ABNORMAL, Code("52988006", "Lesion")),
    "mass": Meaning(_ABNORMAL, Code("4147007", "Mass")),
    "tumor": Meaning(_ABNORMAL, Code("108369006", "Neoplasm")),
    "tumour": Meaning(_ABNORMAL, Code("108369006", "Neoplasm")),
    "wire": Meaning(_OBJECT, _OBJECT),
}
NOT_CODED = Meaning(_TISSUE, _TISSUE)
"""For a name without a code, as 3D Slicer codes segments of which it knows nothing."""


def meaning_of(name: str) -> Meaning:
    """The code of a class by its name, in any case; `NOT_CODED` for a name that is not in the table."""
    return _MEANINGS.get(name.strip().lower(), NOT_CODED)
