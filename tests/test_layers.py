"""Arrows point downwards only: apps → quantization, targets → edge_sdk; torch stays where it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("edge_sdk", "quantization", "targets", "apps")
ABOVE_OR_BESIDE = {
    "edge_sdk": {"quantization", "targets", "apps"},
    "quantization": {"targets", "apps"},
    "targets": {"quantization", "apps"},
    "apps": set[str](),
}
TORCH = {"torch", "torchao", "torch_pruning", "monai"}
NEEDS_TORCH = (
    "edge_sdk/network/",
    "quantization/",
    "targets/openvino/export.py",
    "targets/onnxruntime/export.py",
    "targets/executorch/export.py",
    "targets/lowering/local_grids.py",  # runs the graph for ranges; only executorch/export.py imports it
    "targets/executorch/session.py",  # ExecuTorch's Python binding takes and gives torch tensors
)
HEAVY = ("torch", "openvino", "onnxruntime", "executorch", "numba", "cv2", "matplotlib", "nibabel")
SOURCES = [path.relative_to(ROOT).as_posix() for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))]


def imported(source: str) -> Iterator[str]:
    """Full names of the modules that a file imports, at any depth, but not those for the type checker alone."""
    pending: list[ast.AST] = [ast.parse((ROOT / source).read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import"
            yield f"{node.module}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending += ast.iter_child_nodes(node)


def packages(source: str) -> set[str]:
    """The top-level packages that a file imports."""
    return {name.partition(".")[0] for name in imported(source)}


def test_imports_point_downwards() -> None:
    found = {source: packages(source) & ABOVE_OR_BESIDE[source.partition("/")[0]] for source in SOURCES}
    assert {source: wrong for source, wrong in found.items() if wrong} == {}


def test_torch_stays_where_it_is_needed() -> None:
    found = {source: packages(source) & TORCH for source in SOURCES if not source.startswith(NEEDS_TORCH)}
    assert {source: wrong for source, wrong in found.items() if wrong} == {}


def test_what_needs_torch_is_imported_by_exports_alone() -> None:
    users = [source for source in SOURCES if "targets.lowering.local_grids" in imported(source)]
    assert users == ["targets/executorch/export.py"]


@pytest.mark.parametrize("place", [place for place in NEEDS_TORCH if not place.endswith("export.py")])
def test_every_exception_is_still_needed(place: str) -> None:
    assert any(packages(source) & TORCH for source in SOURCES if source.startswith(place))


def test_the_command_line_starts_without_what_is_heavy() -> None:
    code = f"import sys, apps.cli; print([name for name in {HEAVY} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"
