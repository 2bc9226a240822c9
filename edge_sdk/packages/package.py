"""The deployable artifact: manifest, targets' files and self-test, each byte of them checked on opening."""

from __future__ import annotations

import hashlib
import tempfile
from functools import partial
from pathlib import Path

from edge_sdk.closing import Closing
from edge_sdk.errors import EdgeSdkError, PackageError, TargetError
from edge_sdk.latency import median_ms
from edge_sdk.packages.archive import extract
from edge_sdk.packages.first_open import first_open
from edge_sdk.packages.integrity import check_files, read_manifest_bytes
from edge_sdk.packages.manifest import SELFTEST, Manifest, parse_manifest
from edge_sdk.packages.selftest import SelfTestResult, SelfTestVector, read_selftest, run_selftest
from edge_sdk.packages.session import PackageSession
from edge_sdk.packages.target_choice import choose_target, require_threads, usable_target
from edge_sdk.packages.tuned import find_tuned, tuned_place
from edge_sdk.packages.writer import check_selftest, write_package
from edge_sdk.session import Target, artifacts_of, runtime_of

__all__ = ["Package", "load_package", "write_package"]

_TIMED_RUNS = 3


class Package(Closing):
    """An opened package; a context manager, whose unpacked files live as long as it does.

    Attributes:
        source: What was opened.
        folder: Where its files lie now.
        manifest: What it says about itself.
        digest: SHA-256 of the manifest, which holds the hashes of all else: the package's identity.
    """

    def __init__(self, source: str | Path) -> None:
        """
        Args:
            source: A package, directory or zip.

        Raises:
            PackageError: It is not there, not a package, altered, incomplete, or of a newer schema.
        """
        self.source = Path(source)
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None
        if self.source.is_dir():
            self.folder = self.source
        elif self.source.is_file():
            self._unpacked = tempfile.TemporaryDirectory(prefix="edgepkg-")
            self.folder = Path(self._unpacked.name)
        else:
            raise PackageError("there is no such package", where=source, remedy="check the path")
        try:
            if self._unpacked:
                extract(self.source, self.folder)
            content = read_manifest_bytes(self.folder, where=self.source)
            self.manifest: Manifest = parse_manifest(content, where=self.source)
            check_files(self.folder, self.manifest, where=self.source)
            self.selftest_vector: SelfTestVector = read_selftest(self.folder / SELFTEST, where=self.source)
            check_selftest(self.selftest_vector, self.manifest, where=self.source)
        except BaseException:
            self.close()
            raise
        self.digest = hashlib.sha256(content).hexdigest()

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets that the package holds."""
        return tuple(self.manifest.precision)

    def target(self, name: str) -> Target:
        """The named target, known to be in the package and able to run here.

        Raises:
            TargetError: It is neither, with the remedy.
        """
        return usable_target(name, self.manifest, where=self.source)

    def open(self, target: str = "auto", threads: int | None = None, *, even_if_wrong: bool = False) -> PackageSession:
        """Open the network on a target.

        Args:
            target: A name, where another device than the CPU is meant with it ("openvino:NPU"), or "auto": the
                fastest installed one that passes the self-test here, remembered per device and package.
            threads: For the runtime; None leaves it to the runtime.
            even_if_wrong: Open a named target, too, that fails the self-test on this device; for measurements.

        Raises:
            TargetError: The named target is missing here or in the package, its runtime crashes, hangs, refuses the
                network or fails the self-test, no target passes, or `threads` is not a number of threads.
        """
        require_threads(threads)
        if target != "auto":
            return self._open_named(target, threads, even_if_wrong=even_if_wrong)
        measure = partial(self._milliseconds, threads=threads)
        choice = choose_target(self.manifest, self.digest, threads, measure, where=self.source)
        return self._open_named(choice.target, threads, chosen=choice.summary)

    def artifact(self, target: str, threads: int | None = None) -> tuple[Path, str]:
        """The folder of a target's artifact, and its precision: what `edge-sdk tune` made for this device with as many
        threads, else the package's own.

        Raises:
            TargetError: See `target`.
        """
        tuned = find_tuned(tuned_place(self.digest, target, self.target(target).version(), threads))
        if tuned is not None:
            return tuned.folder, tuned.precision
        return artifacts_of(self.folder, target), self.manifest.precision[runtime_of(target)]

    def artifact_files(self) -> dict[str, Path]:
        """Every target's files: path inside the package → where it is unpacked."""
        return {inner: self.folder / inner for inner in self.manifest.files if "/" in inner}

    def selftest(self, target: str, threads: int | None = None) -> SelfTestResult:
        """Compare a target on this device with the reference logits; what fails is told in the result."""
        try:
            with self.open(target, threads, even_if_wrong=True) as session:
                return run_selftest(self.selftest_vector, session, self.manifest.precision[runtime_of(target)])
        except EdgeSdkError as error:
            precision = self.manifest.precision.get(runtime_of(target), "")
            bound = self.selftest_vector.bounds.get(runtime_of(target), 0.0)
            return SelfTestResult(target, precision, bound, problem=str(error))

    def _open_named(
        self, name: str, threads: int | None, *, even_if_wrong: bool = False, chosen: str | None = None
    ) -> PackageSession:
        usable = self.target(name)
        error = self._first_open(usable, name, threads)
        if error is not None and not even_if_wrong:
            self._require_right(name, error)
        folder, precision = self.artifact(name, threads)
        inner = usable.open(folder, precision=precision, threads=threads)
        return PackageSession(inner, self.manifest, chosen)

    def _first_open(self, usable: Target, name: str, threads: int | None) -> float | None:
        precision = self.manifest.precision[runtime_of(name)]
        return first_open(usable, name, self.folder, self.digest, precision=precision, threads=threads)

    def _milliseconds(self, name: str, threads: int | None) -> float:
        """Median milliseconds of an inference on a target that passes the self-test.

        The first opening ran the self-test on the package's own artifact, in a process of its own. It runs here only
        where that was not possible, or where another artifact is opened: one that `edge-sdk tune` made.

        Raises:
            EdgeSdkError: The target cannot run, or does not pass the self-test.
        """
        tested = self._first_open(self.target(name), name, threads) is not None
        own = self.artifact(name, threads)[0] == artifacts_of(self.folder, name)
        with self._open_named(name, threads) as session:
            if tested and own:
                session.infer(self.selftest_vector.patch)  # the first inference is slower
            else:
                result = run_selftest(self.selftest_vector, session, self.manifest.precision[name])
                if not result.passes:
                    raise TargetError(result.failure)
            return median_ms(session, self.selftest_vector.patch, _TIMED_RUNS)

    def _require_right(self, target: str, error: float) -> None:
        runtime = runtime_of(target)
        bound = self.selftest_vector.bounds[runtime]
        found = SelfTestResult(target, self.manifest.precision[runtime], bound, error)
        if not error <= bound:  # NaN is not right either
            notes = f" (the package's notes: {self.manifest.isa_notes})" if self.manifest.isa_notes else ""
            raise TargetError(
                f"{found.failure}{notes}",
                where=target,
                remedy="this device computes something else than the reference: choose another target, or auto",
            )

    def close(self) -> None:
        """Remove what was unpacked; sessions must be closed before."""
        if self._unpacked:
            self._unpacked.cleanup()


def load_package(path: str | Path) -> Package:
    """Open a package and check every byte of it.

    Raises:
        PackageError: It is not there, not a package, altered, incomplete, or of a newer schema.
    """
    return Package(path)
