"""The deployable artefact: manifest, targets' files and self-test, each byte of them checked on opening."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from edge_sdk.closing import Closing
from edge_sdk.errors import EdgeSdkError, PackageError
from edge_sdk.files import sha256
from edge_sdk.manifest import NAME, SELFTEST, Manifest, parse_manifest
from edge_sdk.package_archive import extract
from edge_sdk.package_session import PackageSession
from edge_sdk.package_writer import write_package
from edge_sdk.selftest import SelfTestResult, SelfTestVector, compare, read_selftest
from edge_sdk.session import Target
from edge_sdk.target_choice import choose_target, usable_target

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

    def open(self, target: str = "auto", threads: int | None = None) -> PackageSession:
        """Open the network on a target.

        Args:
            target: A name, or "auto": the fastest installed one that passes the self-test here, remembered
                per device and package.
            threads: For the runtime; None leaves it to the runtime.

        Raises:
            TargetError: The named target is missing here or in the package, or no target passes.
        """
        if target == "auto":
            target = choose_target(self, threads)
        inner = self.target(target).open(
            self.folder / target, precision=self.manifest.precision[target], threads=threads
        )
        return PackageSession(inner, self.manifest)

    def selftest(self, target: str, threads: int | None = None) -> SelfTestResult:
        """Compare a target on this device with the reference logits; what fails is told in the result."""
        try:
            with self.open(target, threads) as session:
                return compare(self.selftest_vector, session, self.manifest.precision[target])
        except EdgeSdkError as error:
            precision = self.manifest.precision.get(target, "")
            bound = self.selftest_vector.bounds.get(target, 0.0)
            return SelfTestResult(target, precision, bound, problem=str(error))

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
