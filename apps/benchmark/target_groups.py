"""The groups of a benchmark report that each target has: how fast, how right and how large it is."""

from __future__ import annotations

from pydantic import ConfigDict

from apps.report.group import ReportGroup
from apps.report.measured import NotMeasured
from apps.report.statistics import Statistics

Setting = str | int | float | bool | list[str] | list[int]
"""A setting of a runtime's session, as the session describes it."""


class RuntimeGroup(ReportGroup):
    """The runtime and how it was set; the session's other settings follow as fields of their own.

    Attributes:
        precision: "int8" or "fp32"; of a tuned target also its plan.
        runtime: Name and full version, as the runtime gives them.
        device: Name of the device that it ran on, as the runtime gives it.
        threads: That it used.
        version: Version of the runtime's distribution.
        cpus_allowed: Numbers of the processors that the process might use.
        pinning: How threads were bound to processors.
        denormals: Whether they were flushed to zero.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Setting]

    precision: str | NotMeasured
    runtime: str | NotMeasured
    device: str | NotMeasured
    threads: int | str | NotMeasured
    version: str | NotMeasured
    cpus_allowed: list[int] | NotMeasured
    pinning: str | NotMeasured
    denormals: str | NotMeasured


class StartupGroup(ReportGroup):
    """Times until a session is ready, ms.

    Attributes:
        package_check_ms: Unpacking the package and checking its hashes.
        cold_open_ms: The first opening; `cold_open_is` says what it holds.
        warm_open_ms: A later opening; `warm_open_is` says what it holds.
        load_ms: Reading the network, apart from compiling it.
        compile_ms: Compiling it.
    """

    package_check_ms: float | NotMeasured
    cold_open_ms: float | NotMeasured
    warm_open_ms: float | NotMeasured
    load_ms: float | NotMeasured
    compile_ms: float | NotMeasured
    cold_open_is: str | NotMeasured
    warm_open_is: str | NotMeasured


class LatencyGroup(Statistics):
    """Latency of one patch.

    Attributes:
        first_ms: The first inference, which does not count.
        warmup_ms: The inferences of the warm-up, which do not count.
        measured_seconds: From the begin of the first counted inference to the end of the last.
    """

    first_ms: float | NotMeasured
    warmup_ms: list[float] | NotMeasured
    measured_seconds: float | NotMeasured


class EnergyGroup(ReportGroup):
    """Energy of the counted inferences.

    Attributes:
        joules_per_inference: Mean.
        mean_watts: Mean power.
        joules: Energy of all of them, J.
        scope: What the counters cover.
    """

    joules_per_inference: float
    mean_watts: float
    joules: float
    scope: str


class ThermalState(ReportGroup):
    """The CPU at one moment.

    Attributes:
        frequency_mhz: Its clock.
        temperature_c: The hottest sensor.
        throttle_count: How often its cores were throttled since the system started.
    """

    frequency_mhz: float | NotMeasured
    temperature_c: float | NotMeasured
    throttle_count: int | NotMeasured


class DecileDrift(ReportGroup):
    """Whether the last inferences were slower than the first.

    Attributes:
        first_ms, last_ms: Medians of the first and the last tenth of the samples, in order of time.
        last_to_first: Their ratio.
    """

    first_ms: float
    last_ms: float
    last_to_first: float


class ThermalGroup(ReportGroup):
    """Clock, temperature and throttling.

    Attributes:
        start, end: The CPU before and after the counted inferences.
        throttled_times: How often it was throttled between them.
        deciles: First against last inferences.
    """

    start: ThermalState | NotMeasured
    end: ThermalState | NotMeasured
    throttled_times: int | NotMeasured
    deciles: DecileDrift | NotMeasured


class EngineErrorGroup(ReportGroup):
    """Distance of the target's logits from the reference's.

    Attributes:
        against: The reference.
        max_error, mean_error: Of |logit - reference|.
        class_change_share: Share of logit voxels whose class differs.
        bound: Largest allowed `max_error`.
        passes: Whether it stays within the bound.
    """

    against: str | NotMeasured
    max_error: float
    mean_error: float | NotMeasured
    class_change_share: float | NotMeasured
    bound: float | NotMeasured
    passes: bool | NotMeasured


class MemoryGroup(ReportGroup):
    """Resident memory of the target's process, MB (10⁶ bytes).

    Attributes:
        baseline_rss_mb: Before the runtime; `baseline_is` says what is loaded then.
        inference_peak_above_baseline_mb: Peak until the last counted inference.
        end_to_end_peak_above_baseline_mb: Peak until the volume was segmented.
    """

    baseline_rss_mb: float | NotMeasured
    inference_peak_above_baseline_mb: float | NotMeasured
    end_to_end_peak_above_baseline_mb: float | NotMeasured
    baseline_is: str | NotMeasured


class EndToEndGroup(ReportGroup):
    """A whole volume into its mask.

    Attributes:
        volume_ms: Statistics of the whole.
        pre_ms, infer_ms, post_ms: Medians of the time before, in and after the network.
        tiles: Patches of the volume.
        sweep_to_mask_ms: Compounding and the median of the whole.
        frames_dropped: Of a live sweep.
        joules_per_volume: Energy.
    """

    volume_ms: Statistics | NotMeasured
    pre_ms: float
    infer_ms: float
    post_ms: float
    tiles: int | NotMeasured
    sweep_to_mask_ms: float | NotMeasured
    frames_dropped: int | NotMeasured
    joules_per_volume: float | NotMeasured


class ThroughputGroup(ReportGroup):
    """Work per second.

    Attributes:
        patches_per_second, patch_voxels_per_second: Rates of the network alone.
        mode: How the inferences follow each other.
        volumes_per_second, voxels_per_second: Rates of whole volumes.
    """

    patches_per_second: float | NotMeasured
    patch_voxels_per_second: float | NotMeasured
    mode: str | NotMeasured
    volumes_per_second: float | NotMeasured
    voxels_per_second: float | NotMeasured
