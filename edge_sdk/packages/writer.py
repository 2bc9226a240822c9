"""Writing a package: files, hashes, manifest; as one sealed zip or as a directory."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from edge_sdk.errors import PackageError
from edge_sdk.files import atomic_path, sha256
from edge_sdk.packages.archive import seal
from edge_sdk.packages.manifest import NAME, SELFTEST, Manifest, parse_manifest
from edge_sdk.packages.selftest import SelfTestVector, write_selftest
from edge_sdk.version import __version__

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_package(
    path: str | Path,
    *,
    manifest: Manifest,
    files: Mapping[str, Path],
    selftest: SelfTestVector,
    as_directory: bool = False,
) -> Path:
    """Write a package; equal content gives equal bytes.

    Args:
        path: Where; usually ends in .edgepkg.
        manifest: What to say; `files`, `checksum` and `sdk_version` are filled in here.
        files: Path inside the package, such as "openvino/model.xml" → file to copy.
        selftest: What the targets are held against; with a bound for every target.
        as_directory: Write a directory instead of a zip.

    Returns:
        `path`.

    Raises:
        PackageError: A target without files or bound, a file that belongs to no target, or a shape that
            disagrees with the manifest.
    """
    path = Path(path)
    _check(path, manifest, files, selftest)
    with tempfile.TemporaryDirectory() as scratch:
        vector = Path(scratch) / SELFTEST
        write_selftest(selftest, vector)
        content = dict(sorted({**files, SELFTEST: vector}.items()))
        hashes = {inner: sha256(source) for inner, source in content.items()}
        full = manifest.model_copy(update={"files": hashes, "sdk_version": __version__})
        head = full.serialize()
        parse_manifest(head, where=path)  # `model_copy` does not validate
        with atomic_path(path, replace_directory=(path / NAME).is_file()) as temporary:
            if as_directory:
                _write_directory(temporary, head, content)
            else:
                _write_zip(temporary, head, content)
    return path


def _write_directory(folder: Path, head: bytes, content: Mapping[str, Path]) -> None:
    for inner, source in content.items():
        place = folder / inner
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, place)
    (folder / NAME).write_bytes(head)


def _write_zip(path: Path, head: bytes, content: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(_entry(NAME), head)
        for inner, source in content.items():
            archive.writestr(_entry(inner), source.read_bytes())
    seal(path)


def _entry(inner: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(inner, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _check(path: Path, manifest: Manifest, files: Mapping[str, Path], selftest: SelfTestVector) -> None:
    targets = set(manifest.precision)
    folders = {inner.split("/")[0] for inner in files}
    if targets != folders:
        raise PackageError(
            f"targets {sorted(targets)} were declared, but files were given for {sorted(folders)}",
            where=path,
            remedy="give every target's files under its own name, and no others",
        )
    check_selftest(selftest, manifest, where=path)


def with_artifact(files: Mapping[str, Path], target: str, artifact: Iterable[Path]) -> dict[str, Path]:
    """The files of a package with others in the place of a target's own."""
    kept = {inner: file for inner, file in files.items() if not inner.startswith(f"{target}/")}
    return {**kept, **{f"{target}/{file.name}": file for file in artifact}}


def check_selftest(selftest: SelfTestVector, manifest: Manifest, *, where: object) -> None:
    """Refuse a self-test of another network, or of other targets, than the manifest's.

    Raises:
        PackageError: Such a self-test.
    """
    targets = set(manifest.precision)
    if targets != set(selftest.bounds):
        raise PackageError(
            f"targets {sorted(targets)} were declared, but bounds were given for {sorted(selftest.bounds)}",
            where=where,
            remedy="give a self-test bound for every target",
        )
    patch = (1, manifest.in_channels, *manifest.patch)
    logits = (1, len(manifest.labels), *(size // manifest.output_stride for size in manifest.patch))
    if selftest.patch.shape != patch or selftest.reference.shape != logits:
        raise PackageError(
            f"self-test has shapes {selftest.patch.shape} and {selftest.reference.shape}, "
            f"the manifest says {patch} and {logits}",
            where=where,
            remedy="make the self-test with the patch and labels of the manifest",
        )
