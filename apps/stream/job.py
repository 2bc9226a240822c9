"""The whole of `edge-sdk stream`: from a URI, a package and a folder to the files in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from apps.inputs import read_configs
from apps.stream.plan import plan_volume
from apps.stream.recording import RecorderStage
from apps.stream.report import Accuracy, stream_report
from apps.stream.run import StreamOutcome, run_stream
from apps.stream.sinks import check_folder, keep_what_was_compounded, write_outputs
from apps.stream.uri import parse_source
from apps.sweep_warnings import warn, warn_of
from apps.sweeps import SweepOptions, load_sweep
from edge_sdk.inference.segmenter import VolumeSegmenter, check_tilewise
from edge_sdk.package import load_package
from edge_sdk.package_session import PackageSession
from edge_sdk.progress import Progress

Judge = Callable[[StreamOutcome, PackageSession], Accuracy]


def stream_to_folder(
    source: str,
    package: Path,
    folder: Path,
    *,
    options: SweepOptions | None = None,
    config: Sequence[Path] = (),
    target: str = "auto",
    threads: int | None = None,
    record: Path | None = None,
    title: str | None = None,
    judge: Judge | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Stream a recording and leave volume, mask, picture and reports.

    Args:
        source: A URI, see `parse_source`.
        package: An .edgepkg.
        folder: Where the files go; made if it is not there, and only once there is something to write.
        options: Poses, lag and pixel size given beside the recording.
        config: PLUS configurations with calibration and reconstruction settings; later files win.
        target: Of the package, or "auto".
        threads: For the network; None leaves it to the runtime.
        record: A sequence file to record the frames to, or None.
        title: Heading of picture and page; by default the recording's and the package's names.
        judge: Compares the result with known labels, while the session is open.
        progress: Called with (done, total, what).

    Returns:
        The report; its summary is what `stream_summary` gives.

    Raises:
        EdgeSdkError: An input cannot be used, or the package cannot stream; nothing is written.
        StreamError: A stage failed; what was compounded by then is kept in the folder under a name of its own.
    """
    uri = parse_source(source)
    check_folder(folder)
    plus = read_configs(config)
    sweep = load_sweep(uri.path, options, config=plus)
    with load_package(package) as opened:
        manifest = opened.manifest
        check_tilewise(manifest)
        plan = plan_volume(sweep, plus, manifest.spacing_mm)
        warn(plan.warnings)
        start = time.perf_counter()
        with opened.open(target, threads) as session:
            about = {"target": session.target, "open_s": round(time.perf_counter() - start, 3), **session.description}
            segmenter = VolumeSegmenter(session, manifest)
            recorder = RecorderStage(record, sweep) if record else None
            try:
                outcome = run_stream(
                    plan, uri.pacing, segmenter, manifest.spacing_mm, recorder=recorder, progress=progress
                )
            finally:
                recording = recorder.finish() if recorder else None
                if recording and recording.problem:
                    warn_of(recording.problem)
            if outcome.failure is not None:
                raise keep_what_was_compounded(folder, outcome)
            accuracy = judge(outcome, session) if judge else None
        report = stream_report(
            outcome,
            plan,
            source=source,
            pacing=uri.pacing,
            manifest=manifest,
            package_digest=opened.digest,
            session=about,
            accuracy=accuracy,
            recording=recording,
        )
    write_outputs(folder, outcome, report, manifest.labels, title or f"{uri.path.name} · {manifest.name}")
    return report
