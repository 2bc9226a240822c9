"""What a package holds, and what its targets really execute."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sdk.errors import TargetError

if TYPE_CHECKING:
    from edge_sdk.package import Package
    from edge_sdk.session import ExecutedOperator


def describe_package(package: Package) -> dict[str, Any]:
    """The manifest, the targets as they stand on this device, and the files with their sizes."""
    from edge_sdk.target_choice import known_targets

    manifest = package.manifest
    known = known_targets()
    sizes = {inner: (package.folder / inner).stat().st_size for inner in manifest.files}
    targets = []
    for name, precision in manifest.precision.items():
        problem = known[name].missing() if name in known else "not known to this installation"
        targets.append(
            {
                "target": name,
                "precision": precision,
                "bytes": sum(size for inner, size in sizes.items() if inner.startswith(f"{name}/")),
                "here": problem or f"version {known[name].version()}",
            }
        )
    said = manifest.model_dump(mode="json", exclude={"files", "precision", "checksum"})
    return {
        "kind": "package",
        "integrity": "every hash is right",
        "digest": package.digest,
        "package_bytes": _size(package.source),
        **said,
        "targets": targets,
        "files": [{"file": inner, "bytes": sizes[inner], "sha256": digest} for inner, digest in manifest.files.items()],
    }


def executed_operators(package: Package, target: str | None, threads: int | None) -> dict[str, Any]:
    """What each installed target (or the named one) executes for the self-test patch, by operator and precision.

    Raises:
        TargetError: The named target cannot run here, or none can.
    """
    found: dict[str, Any] = {}
    for name in [target] if target else package.targets:
        try:
            runtime = package.target(name)
        except TargetError as error:
            if target:
                raise
            found[name] = {"not_run": error.what}
            continue
        operators = runtime.inspect(
            package.folder / name,
            package.selftest_vector.patch,
            precision=package.manifest.precision[name],
            threads=threads,
        )
        found[name] = {
            "operators": [asdict(item) for item in operators],
            "by_precision": share_by_precision(operators),
        }
    if all("not_run" in entry for entry in found.values()):
        raise TargetError(
            "none of the package's targets can run here", where=package.source, remedy="see edge-sdk doctor"
        )
    return found


def share_by_precision(operators: list[ExecutedOperator]) -> list[dict[str, Any]]:
    """Operators, their share, milliseconds and share of the time, by precision; what takes most first.

    Times are None where the runtime does not time single operators.
    """
    total = total_milliseconds(operators)
    rows = []
    for precision in {item.precision for item in operators}:
        of_it = [item for item in operators if item.precision == precision]
        spent = total_milliseconds(of_it)
        rows.append(
            {
                "precision": precision,
                "operators": len(of_it),
                "share_of_operators": len(of_it) / len(operators),
                "ms": spent,
                "share_of_time": spent / total if total and spent is not None else None,
            }
        )
    return sorted(rows, key=lambda row: (-(row["ms"] or 0.0), -row["operators"]))


def total_milliseconds(operators: list[ExecutedOperator]) -> float | None:
    """Sum of the operators' times; None unless the runtime timed every one."""
    times = [item.milliseconds for item in operators if item.milliseconds is not None]
    return sum(times) if len(times) == len(operators) else None


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
