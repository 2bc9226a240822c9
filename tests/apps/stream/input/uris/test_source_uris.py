"""Source URIs and the pace they ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stream.input.recorded.pacing import Pacing
from apps.stream.input.uris.sources import CameraUri, PeerUri, ReplayUri, parse_source
from edge_sdk.errors import EdgeSdkError

PATHS = st.text(st.characters(exclude_characters="?", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@given(path=PATHS, rate=st.floats(0.01, 100))
def test_path_and_rate_come_back(path: str, rate: float) -> None:
    parsed = parse_source(f"replay:{path}?rate={rate!r}")
    assert isinstance(parsed, ReplayUri)
    assert parsed.path == Path(path)
    assert parsed.pacing == Pacing(rate=rate)


@given(path=PATHS)
def test_without_options_the_recorded_speed(path: str) -> None:
    parsed = parse_source(f"replay:{path}")
    assert isinstance(parsed, ReplayUri)
    assert parsed.path == Path(path)
    assert parsed.pacing == Pacing(rate=1.0, fps=None)


@given(text=st.text(max_size=60) | st.text(max_size=20).map(lambda rest: f"replay:a?{rest}x"))
def test_any_text_is_understood_or_refused_in_one_line(text: str) -> None:
    try:
        assert isinstance(parse_source(text), ReplayUri | CameraUri | PeerUri)
        return
    except EdgeSdkError as error:
        caught = error
    assert "\n" not in str(caught)
    assert "replay:FILE" in str(caught) or "igtl://HOST" in str(caught)


@pytest.mark.parametrize("unpaced", ["0", "0.0", "max"])
def test_rate_zero_is_as_fast_as_possible(unpaced: str) -> None:
    parsed = parse_source(f"replay:s.igs.mha?rate={unpaced}")
    assert isinstance(parsed, ReplayUri)
    pacing = parsed.pacing
    assert pacing.unpaced
    assert pacing.offsets(np.array([1.0, 2.0])) is None


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("screen:0", "'screen'"),
        ("camera:", "names no camera"),
        ("camera:?fps=30", "names no camera"),
        ("sweep.igs.mha", "is not a source URI"),
        ("", "--source"),
        ("replay:", "names no file"),
        ("replay:a?speed=2", "'speed'"),
        ("replay:a?rate=-1", "rate=-1"),
        ("replay:a?rate=nan", "rate=nan"),
        ("replay:a?fps=0", "fps=0"),
        ("replay:a?fps=x", "fps=x"),
        ("replay:a?fps=inf", "fps=inf"),
        ("replay:a?", "no option"),
        ("replay:a?rate=1&fps=2", "takes one of"),
        ("replay:a?fps=1&fps=2", "'fps' is given twice"),
        ("replay:a?rat=2", "'rat' is not known, did you mean 'rate'"),
        ("camera:0?seize=2x2", "'seize' is not known, did you mean 'size'"),
        ("camera:0?size=big", "size=big"),
        ("replay:a?loop=0", "loop=0"),
        ("replay:a?loop=1.5", "loop=1.5"),
    ],
)
def test_what_does_not_work_is_named_with_what_does(uri: str, says: str) -> None:
    with pytest.raises(EdgeSdkError, match="replay:FILE") as caught:
        parse_source(uri)
    assert says in str(caught.value)


def test_offsets_follow_the_time_stamps_and_never_go_back() -> None:
    stamps = np.array([10.0, 10.5, 10.4, 12.0])
    assert Pacing(rate=2.0).offsets(stamps) == pytest.approx([0, 0.25, 0.25, 1.0])
    assert Pacing(fps=4.0).offsets(stamps) == pytest.approx([0, 0.25, 0.5, 0.75])


@pytest.mark.parametrize("stamps", [[1.0, 1.0, 1.0], [0.0, np.nan]])
def test_a_recording_without_time_stamps_needs_fps(stamps: list[float]) -> None:
    with pytest.raises(EdgeSdkError, match=r"a\.mha: has no time stamps.*\?fps=30"):
        Pacing().offsets(np.array(stamps), where="a.mha")
    assert Pacing(fps=10).offsets(np.array(stamps)) is not None


def test_rounds_follow_each_other_without_a_gap() -> None:
    stamps = np.array([3.0, 3.1, 3.2, 3.3])
    assert Pacing(loops=3).duration(stamps) == pytest.approx(0.4)
    assert Pacing(rate=2.0).duration(stamps) == pytest.approx(0.2)
    assert Pacing(fps=10).duration(stamps) == pytest.approx(0.4)
    parsed = parse_source("replay:a?fps=30&loop=5")
    assert isinstance(parsed, ReplayUri)
    assert parsed.pacing == Pacing(fps=30.0, loops=5)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("camera:0", CameraUri(0)),
        ("camera:/dev/video2", CameraUri("/dev/video2")),
        ("camera:1?size=1920x1080&fps=29.97", CameraUri(1, (1920, 1080), 29.97)),
        ("camera:http://10.0.0.3/a?size=big", CameraUri("http://10.0.0.3/a?size=big")),
        ("camera:http://127.0.0.1:80/a.mjpeg", CameraUri("http://127.0.0.1:80/a.mjpeg")),
        ("igtl://localhost:18945/Image_Reference", PeerUri("localhost", 18945, "Image_Reference")),
        ("igtl://10.0.0.2", PeerUri("10.0.0.2", 18944, None)),
        ("igtl://[::1]:5/", PeerUri("::1", 5, None)),
    ],
)
def test_live_sources(uri: str, expected: object) -> None:
    assert parse_source(uri) == expected


@pytest.mark.parametrize("uri", ["igtl:", "igtl://", "igtl:a", "igtl://a:99999/b", "igtl://a:x/b", "igtl://a?b=1"])
def test_peers_that_are_none(uri: str) -> None:
    with pytest.raises(EdgeSdkError, match="igtl://HOST"):
        parse_source(uri)
