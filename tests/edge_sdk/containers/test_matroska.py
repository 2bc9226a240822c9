"""Matroska: files written from the specification read back, and damaged ones end where they are damaged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_sdk.containers.matroska import SUBTITLE, VIDEO, parse_matroska
from tests.edge_sdk.containers.matroska_files import block, group, matroska, text_track, video_track

FILE = matroska(
    [video_track((2, 1)), text_track(2, "Field")],
    [(500, [block(1, 0, b"abcdef"), group(2, 0, b"one\0")]), (1500, [block(1, -40, b"ghijkl")])],
)


def test_tracks_and_blocks_are_found() -> None:
    found = parse_matroska(FILE)
    assert found is not None
    assert found.muxer.startswith("libwebm")
    assert found.tick == 0.001
    video, text = found.tracks
    assert (video.kind, video.codec, video.color_space, video.size) == (VIDEO, "V_UNCOMPRESSED", "RV24", (2, 1))
    assert [each.time for each in video.blocks] == [0.5, 1.46]
    assert [FILE[each.start : each.end] for each in video.blocks] == [b"abcdef", b"ghijkl"]
    assert (text.kind, text.name, FILE[text.blocks[0].start : text.blocks[0].end]) == (SUBTITLE, "Field", b"one\0")


def test_live_recordings_without_sizes_are_read_alike() -> None:
    clusters = [(0, [block(1, 0, b"a")]), (40, [block(1, 0, b"b")]), (80, [block(1, 0, b"c")])]
    found = parse_matroska(matroska([video_track((1, 1))], clusters, sized=False))
    assert found is not None
    assert found.video is not None
    assert [each.time for each in found.video.blocks] == [0, 0.04, 0.08]


def test_other_files_are_none() -> None:
    assert parse_matroska(b"RIFF" + bytes(100)) is None
    assert parse_matroska(b"") is None


@given(st.integers(0, len(FILE)), st.binary(max_size=40))
def test_damage_ends_in_what_was_read_before(cut: int, junk: bytes) -> None:
    found = parse_matroska(FILE[:cut] + junk)
    for track in found.tracks if found else ():
        assert all(each.start <= each.end <= cut + len(junk) for each in track.blocks)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    parse_matroska(FILE[:40] + data)
