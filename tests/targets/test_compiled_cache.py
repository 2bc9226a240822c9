"""What is compiled once: taken at the next start, never for another artifact, never damaged."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from targets import compiled_cache
from targets.compiled_cache import TAKEN, compiled_folder, entry_for, load_compiled, store_compiled
from targets.registry import TARGETS
from tests.targets import graphs

KEPT = "compiled now, kept for the next start"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(params=["openvino", "onnxruntime"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def exported(name: str, folder: Path, activation: str = "relu") -> Path:
    patch = graphs.random_patch()
    TARGETS[name].export(graphs.tiny_graph(activation=activation), folder, (8, 8, 8), patch)
    return folder


def opened(name: str, folder: Path, threads: int = 1) -> tuple[str, Any]:
    with TARGETS[name].open(folder, precision="int8", threads=threads) as session:
        return session.description.compiled, session.infer(graphs.random_patch())


def test_second_opening_takes_it_and_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    exported(name, tmp_path / "a")
    how, first = opened(name, tmp_path / "a")
    assert how == KEPT
    (tmp_path / "a").rename(tmp_path / "b")  # a package is unpacked to a new folder each time
    how, second = opened(name, tmp_path / "b")
    assert how == TAKEN
    assert np.array_equal(first, second)
    assert np.array_equal(first, opened(name, tmp_path / "b", threads=2)[1])


def test_another_artifact_in_the_same_place_is_compiled(name: str, tmp_path: Path) -> None:
    _, first = opened(name, exported(name, tmp_path / "a"))
    how, second = opened(name, exported(name, tmp_path / "a", activation="hardswish"))
    assert how == KEPT
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda _: b"", lambda b: b[:-1] + b"?"])
def test_damaged_entry_is_compiled_anew(name: str, tmp_path: Path, damage: Any) -> None:
    folder = exported(name, tmp_path / "a")
    _, first = opened(name, folder)
    (entry,) = compiled_folder().iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    how, second = opened(name, folder)
    assert how == KEPT
    assert np.array_equal(first, second)
    assert opened(name, folder)[0] == TAKEN


def test_whole_entry_that_the_runtime_does_not_take_is_compiled_anew(name: str, tmp_path: Path) -> None:
    folder = exported(name, tmp_path / "a")
    opened(name, folder)
    (entry,) = compiled_folder().iterdir()
    store_compiled(entry, b"of another version")
    assert opened(name, folder)[0] == KEPT


def test_cache_that_cannot_be_written_does_not_stop_the_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = exported(name, tmp_path / "a")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "file" / "below"))
    how, logits = opened(name, folder)
    assert how.startswith("compiled now, not kept: cannot be written (")
    assert np.isfinite(logits).all()


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cache, "LARGEST_BYTES", 300)
    (artifact := tmp_path / "model").write_bytes(b"x")
    entries = [entry_for([artifact], number) for number in range(3)]
    for age, entry in zip((30, 20), entries, strict=False):
        store_compiled(entry, bytes(100))
        os.utime(entry, (entry.stat().st_mtime - age,) * 2)
    assert load_compiled(entries[0]) == bytes(100)  # used just now
    store_compiled(entries[2], bytes(100))
    assert [load_compiled(entry) is not None for entry in entries] == [True, False, True]
    assert store_compiled(entries[1], bytes(301)).startswith("compiled now, not kept: 0 MB are more")
