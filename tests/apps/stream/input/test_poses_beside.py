"""Streams of recordings whose poses are given beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import nibabel
import numpy as np
import pytest

from apps.stream import job
from apps.sweeps import sweep_options
from edge_sdk.packages.manifest import Manifest
from edge_sdk.sweep.formats import write_sweep
from edge_sdk.sweep.formats.pose_table import write_pose_table
from edge_sdk.sweep.sweep import Sweep


class Opened:
    """A package whose session is the fixture's."""

    digest = "ab" * 32

    def __init__(self, manifest: Manifest, session: Any) -> None:
        self.manifest, self._session = manifest, session

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        return None

    def open(self, _target: str, _threads: int | None) -> Any:
        return self._session


def test_a_replay_takes_its_poses_from_a_table(
    tmp_path: Path, make_sweep: Callable[..., Sweep], session: Any, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "load_package", lambda _path: Opened(manifest, session))
    sweep = make_sweep(20)
    write_sweep(sweep, tmp_path / "own.igs.mha")
    write_sweep(replace(sweep, transforms={}), tmp_path / "bare.igs.mha")
    write_pose_table(sweep, tmp_path / "poses.csv")
    options = sweep_options(f"csv:{tmp_path / 'poses.csv'}", None, None, None)
    job.stream_to_folder(f"replay:{tmp_path / 'own.igs.mha'}?rate=max", tmp_path, tmp_path / "own")
    report = job.stream_to_folder(
        f"replay:{tmp_path / 'bare.igs.mha'}?rate=max", tmp_path, tmp_path / "beside", options=options
    )
    assert options.poses is not None
    assert report.source.rests_on == {"poses_from": options.poses.uri}
    own, beside = (nibabel.load(tmp_path / name / "volume.nii.gz") for name in ("own", "beside"))
    np.testing.assert_array_equal(np.asarray(beside.dataobj), np.asarray(own.dataobj))
    assert options.poses.uri in (tmp_path / "beside" / "report.html").read_text()
