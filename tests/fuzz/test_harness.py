"""The harness sees what it is there to see."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.fuzz import harness as harness_module
from tests.fuzz.damage import LARGEST, apply
from tests.fuzz.harness import Harness
from tests.fuzz.worker import Sample

SAMPLES = [Sample({"f": b".ound"}, "f", "tests.fuzz.faulty_readers:misbehave")]


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    with Harness(SAMPLES, tmp_path_factory.mktemp("fuzz") / "read") as made:
        yield made


@pytest.fixture(autouse=True)
def _saved_files_vanish(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def turn_into(what):
    """A damage that makes the first byte `what`."""
    return [(2, 0, (ord(".") ^ ord(what)) - 1)]


def test_damage_is_what_it_says():
    assert apply(b".ound", turn_into("x")) == b"xound"
    assert apply(b"DimSize = 5 4 3\n", [(7, 1, 5)]) == b"DimSize = 5 255 3\n"
    assert apply(b"\1\2\3\4", [(11, 1, 4)], spots=(0, 2)) == b"\1\2\0\0"
    assert apply(b"DimSize = 5 4 3\n", [(11, 1, 4)]) == b"DimSize = 3 4 3\n"
    for what in range(13):
        for where in (0, 3, 5000, LARGEST):
            assert isinstance(apply(b"", [(what, where, LARGEST)]), bytes)


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("x", "fault.*KeyError"),
        ("m", "fault.*MemoryError"),
        ("h", "fault.*MemoryError"),
        ("c", "crash.*-11.*misbehave"),
        ("q", "fault.*SystemExit"),
    ],
)
def test_faults_are_seen_and_their_files_kept(harness, what, outcome):
    with pytest.raises(AssertionError, match=f"(?s){outcome}") as caught:
        harness.check(0, 0, turn_into(what))
    saved = Path(str(caught.value).split(": ")[1].split(" ")[0])
    assert saved.read_bytes() == what.encode() + b"ound"
    harness.check(0, 0, turn_into("e"))  # and it goes on


def test_a_hang_is_seen(harness, monkeypatch):
    monkeypatch.setattr(harness_module, "LIMIT_S", 0.5)
    with pytest.raises(AssertionError, match="hang: "):
        harness.check(0, 0, turn_into("l"))
    monkeypatch.setattr(harness_module, "WALL_S", 1.0)
    with pytest.raises(AssertionError, match="hang: "):
        harness.check(0, 0, turn_into("s"))


def test_errors_and_reads_are_counted(tmp_path):
    with Harness(SAMPLES, tmp_path / "read") as made:
        made.check(0, 0, turn_into("e"))
        made.check(5, 7, [(4, 8 * 3 + 3, 3)])
        assert made.outcomes == {"refused": 1, "read": 1}
