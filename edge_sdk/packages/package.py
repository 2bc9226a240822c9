"""The deployable artifact: manifest, targets' files and self-test, each byte of them checked on opening."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from edge_sdk.closing import Closing
from edge_sdk.errors import EdgeSdkError, PackageError, TargetError
from edge_sdk.files import sha256
from edge_sdk.packages.archive import extract
from edge_sdk.packages.first_open import first_open
from edge_sdk.packages.manifest import NAME, SELFTEST, Manifest, parse_manifest
from edge_sdk.packages.selftest import SelfTestResult, SelfTestVector, compare, read_selftest
from edge_sdk.packages.session import PackageSession
from edge_sdk.packages.target_choice import choose_target, require_threads, usable_target
from edge_sdk.packages.tuned import find_tuned, tuned_place
from edge_sdk.packages.writer import check_selftest, write_package
from edge_sdk.session import Target, artifacts_of, runtime_of

__all__ = ["Package", "load_package", "write_package"]

_REMEDY = "get the package again from its source"


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
            content = _read_manifest(self.folder, self.source)
            self.manifest: Manifest = parse_manifest(content, where=self.source)
            _check_files(self.folder, self.manifest, self.source)
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
        choice = choose_target(self, threads) if target == "auto" else None
        name = choice.target if choice else target
        usable = self.target(name)
        own = self.manifest.precision[runtime_of(name)]
        error = first_open(usable, name, self.folder, self.digest, precision=own, threads=threads)
        if error is not None and not even_if_wrong:
            self._require_right(name, error)
        folder, precision = self.artifact(name, threads)
        inner = usable.open(folder, precision=precision, threads=threads)
        return PackageSession(inner, self.manifest, choice.told() if choice else None)

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
                return compare(self.selftest_vector, session, self.manifest.precision[runtime_of(target)])
        except EdgeSdkError as error:
            precision = self.manifest.precision.get(runtime_of(target), "")
            bound = self.selftest_vector.bounds.get(runtime_of(target), 0.0)
            return SelfTestResult(target, precision, bound, problem=str(error))

    def _require_right(self, target: str, error: float) -> None:
        runtime = runtime_of(target)
        bound = self.selftest_vector.bounds[runtime]
        found = SelfTestResult(target, self.manifest.precision[runtime], bound, error)
        if error > bound:
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


def _read_manifest(folder: Path, source: Path) -> bytes:
    try:
        return (folder / NAME).read_bytes()
    except OSError as cause:
        raise PackageError(f"{NAME} is missing", where=source, remedy="give an .edgepkg") from cause


def _check_files(folder: Path, manifest: Manifest, source: Path) -> None:
    found = {item.relative_to(folder).as_posix() for item in folder.rglob("*") if not item.is_dir()} - {NAME}
    if unknown := sorted(found - set(manifest.files)):
        raise PackageError(
            f"{unknown[0]} is not in the manifest", where=source, remedy="remove the file, or " + _REMEDY
        )
    for inner, expected in manifest.files.items():
        if inner not in found:
            raise PackageError(f"{inner} is missing", where=source, remedy=_REMEDY)
        if sha256(folder / inner) != expected:
            raise PackageError(f"{inner} was altered: its SHA-256 is not the manifest's", where=source, remedy=_REMEDY)
    for needed in (SELFTEST, *(f"{target}/" for target in manifest.precision)):
        if not any(inner == needed or inner.startswith(needed) for inner in manifest.files):
            raise PackageError(f"{needed} is missing", where=source, remedy=_REMEDY)
