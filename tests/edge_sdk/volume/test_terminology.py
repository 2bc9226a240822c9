"""Codes are those that pydicom's copy of the standard's context groups has."""

from __future__ import annotations

from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr.codedict import codes

from edge_sdk.volume.terminology import _MEANINGS, NOT_CODED, meaning_of


def values(cid: int) -> set[str]:
    return {getattr(codes.SCT, name).value for name in cid_concepts[cid]["SCT"]}


def test_every_code_is_of_its_context_group() -> None:
    meanings = [*_MEANINGS.values(), NOT_CODED]
    assert {meaning.category.value for meaning in meanings} <= values(7150)
    # A wire is no type of CID 7151; as in its category it is a physical object.
    assert {meaning.kind.value for meaning in meanings} - values(7151) == {"260787004"}


def test_names_are_looked_up_in_any_case() -> None:
    assert meaning_of(" Vessel ").kind.value == codes.SCT.BloodVessel.value
    assert meaning_of("anterior") == NOT_CODED
