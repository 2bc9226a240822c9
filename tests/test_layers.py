"""Arrows point downwards only: between the packages, between their rooms, and between modules, without a circle.

Torch stays where it is needed.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
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
# Room → rooms that it may import. A room is a folder or a module below the package, the longest name that fits;
# TOP are the modules that lie in no room, and each room may import itself.
TOP = ""
ROOMS: dict[str, dict[str, set[str]]] = {
    "edge_sdk": {
        TOP: set(),
        "containers": {TOP},
        "packages": {TOP},
        "network": {TOP},
        "volume": {TOP, "containers"},
        "sweep": {TOP, "containers", "volume"},
        "volume.reconstruct": {TOP, "volume", "sweep"},  # a sweep into a volume: above both
        "inference": {TOP, "packages", "volume"},
        "simulation": {TOP, "volume", "sweep", "volume.reconstruct"},
    },
    "targets": {
        TOP: set(),  # base, compiled_cache, probe, registry, probe_worker: the circle test orders them
        "lowering": set(),
        "openvino": {TOP, "lowering"},
        "onnxruntime": {TOP, "lowering"},
        "executorch": {TOP, "lowering"},
    },
    "apps.stream": {
        "core": set(),
        "pipeline": {"core"},
        "input": {"core", "pipeline"},
        "work": {"core", "pipeline"},
        "results": {"core", "pipeline", "work"},
        "outlets": {"core", "pipeline", "input", "work"},
        TOP: {"core", "pipeline", "input", "work", "results", "outlets"},
    },
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


def module_name(source: str) -> str:
    """The dotted name of a file's module: "edge_sdk/network/__init__.py" → "edge_sdk.network"."""
    return source.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_name(source): source for source in SOURCES}


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


def modules_used(source: str) -> set[str]:
    """Modules of ours that a file imports, also inside functions and for the type checker.

    `from package import name` is an import of the module `package.name` where there is one, else of the package.
    That a package's `__init__` runs before its modules do is not counted.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / source).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else f"{node.module}" for name in names}
    return found & MODULES.keys()


USED = {module: modules_used(source) - {module} for module, source in MODULES.items()}


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """The nodes of one circle in the graph; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def room_of(module: str, package: str) -> str:
    """The room of `ROOMS[package]` that a module lies in."""
    inner = module.removeprefix(package).removeprefix(".")
    fitting = [room for room in ROOMS[package] if room and (inner == room or inner.startswith(f"{room}."))]
    return max(fitting, key=len, default=TOP)


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert set(circle({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == {"b", "c"}


def test_no_module_imports_itself_through_others() -> None:
    assert circle(USED) == []


@pytest.mark.parametrize("package", ROOMS)
def test_rooms_import_only_what_they_may(package: str) -> None:
    wrong = set()
    for module in (name for name in MODULES if name.startswith(f"{package}.")):
        room = room_of(module, package)
        for used in (name for name in USED[module] if name.startswith(f"{package}.")):
            if room_of(used, package) not in {room, *ROOMS[package][room]}:
                wrong.add(f"{module} → {used}")
    assert wrong == set()


@pytest.mark.parametrize("package", LAYERS)
def test_modules_do_not_import_the_root(package: str) -> None:
    assert [module for module in MODULES if module.startswith(f"{package}.") and package in USED[module]] == []


def test_rooms_form_no_circle() -> None:
    assert [circle(rooms) for rooms in ROOMS.values() if circle(rooms)] == []


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_is_there(package: str) -> None:
    found = {room_of(module, package) for module in MODULES if module.startswith(f"{package}.")}
    assert found == set(ROOMS[package])


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
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert printed.stdout.strip() == "[]"
