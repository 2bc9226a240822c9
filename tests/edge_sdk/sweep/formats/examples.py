"""Sweeps for tests of reading and writing."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_sdk.sweep.sweep import OK, Sweep, TrackedTransform

_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,11}", fullmatch=True)
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), max_size=20)
_TAKEN = {"Timestamp", "ImageStatus", "Status", "Comment", "Kinds", "PixelSpacing"}
_STATUS = st.sampled_from([OK, "INVALID", "MISSING", "OUT_OF_VIEW", "REQ_TIMEOUT"])
_NUMBERS = st.floats(allow_nan=False)


def example(count=3, shape=(4, 5), kind=np.uint8):
    """A sweep with one transform and two fields per frame."""
    random = np.random.default_rng(0)
    matrices = random.normal(size=(count, 4, 4)) / 3
    return Sweep(
        images=random.integers(0, 120, (count, *shape)).astype(kind),
        timestamps=1840749.750288 + np.arange(count) / 7,
        transforms={"ProbeToTracker": TrackedTransform(matrices, (OK,) * count)},
        image_status=(OK,) * count,
        fields=tuple({"FrameNumber": str(i), "UnfilteredTimestamp": repr(i / 7)} for i in range(count)),
        header={"MyOwn": "kept"},
    )


@st.composite
def transforms(draw, count):
    matrices = draw(arrays.arrays(np.float64, (count, 4, 4), elements=_NUMBERS))
    status = draw(st.lists(_STATUS, min_size=count, max_size=count))
    for index in draw(st.sets(st.integers(0, count - 1))):
        matrices[index], status[index] = np.nan, draw(st.sampled_from(["MISSING", "OUT_OF_VIEW"]))
    return TrackedTransform(matrices, tuple(status))


def free_names(*taken):
    return _NAMES.filter(lambda name: name not in {*_TAKEN, *taken} and not name.endswith(("Transform", "Status")))


@st.composite
def sweeps(draw):
    """Any sweep that sequence files can hold."""
    count = draw(st.integers(1, 3))
    kind = draw(st.sampled_from([np.uint8, np.int16, np.uint16, np.float32, np.float64, np.int32]))
    shape = draw(st.sampled_from([(count, 2, 3), (count, 1, 1), (count, 3, 2, 3), (count, 2, 2, 4), (count, 0, 0)]))
    images = draw(arrays.arrays(kind if 0 not in shape else np.uint8, shape))
    names = draw(st.sets(st.sampled_from(["ProbeToTracker", "Stylus-1 leftTo3D", "Probe:2ToX"])))
    return Sweep(
        images=images,
        timestamps=draw(arrays.arrays(np.float64, count, elements=st.floats(allow_nan=True))),
        transforms={name: draw(transforms(count)) for name in sorted(names)},
        image_status=tuple(draw(st.lists(_STATUS, min_size=count, max_size=count))),
        fields=tuple(draw(st.lists(st.dictionaries(free_names(), _TEXT, max_size=3), min_size=count, max_size=count))),
        header={
            **draw(st.dictionaries(free_names(), _TEXT, max_size=3)),
            "Kinds": draw(st.sampled_from(["domain domain list", "domain domain time"])),
            "Comment": draw(_TEXT),
            "UltrasoundImageType": draw(st.sampled_from(["BRIGHTNESS", "RF_REAL", "XX"])),
        },
        pixel_spacing=draw(st.none() | st.tuples(*[st.floats(1e-300, 1e300)] * 2)),
    )


def assert_equal(read, sweep):
    """Every field of a sweep, to the last bit; the header may have more."""
    assert read.images.dtype == sweep.images.dtype
    np.testing.assert_array_equal(read.images, sweep.images, strict=True)
    np.testing.assert_array_equal(read.timestamps, sweep.timestamps)
    assert {*read.transforms} == {*sweep.transforms}
    for name, transform in sweep.transforms.items():
        np.testing.assert_array_equal(read.transforms[name].matrices, transform.matrices)
        assert read.transforms[name].status == transform.status
    assert read.image_status == sweep.image_status
    assert read.fields == sweep.fields
    assert read.header.items() >= sweep.header.items()
    assert read.pixel_spacing == sweep.pixel_spacing
