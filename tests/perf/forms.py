"""The forms of the table: which network, made how, on which engine.

Every form lies in a folder that `export` filled; `open` gives a function from a patch to logits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.perf import networks
from tests.perf.settings import Settings

Infer = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Export = Callable[[Settings, Path, Path], None]
"""(settings, folder to fill, folder of what the form is made from)"""
Open = Callable[[Settings, Path], Infer]

PRUNED = {45: "hippocampus-s-pruned-int8.edgepkg", 22: "hippocampus-s-pruned-4x-int8.edgepkg"}
"""Share of the multiplications kept, in per cent, and the shipped package of such a network."""
TARGETS = ("openvino", "onnxruntime", "executorch")
NETWORK = tuple(f"edge_sdk/network/{name}.py" for name in ("blocks", "depthwise", "efficient_mednext", "variants"))
PUBLISHED = (*NETWORK, "tests/perf/networks.py")
_COMPRESSION = ("deploy_form", "folding", "up_phases", "observers", "quantizers", "student")
OURS = (
    *(*PUBLISHED, "edge_sdk/network/graph_module.py", "edge_sdk/graph.py"),
    *(f"quantization/{name}.py" for name in _COMPRESSION),
)


@dataclass(frozen=True)
class Form:
    """One row.

    Attributes:
        network: "as published", "ours" or "nnU-Net (DynUNet)".
        sources: Files and folders of the project that an export is made by: a change of them makes it anew.
        stride: Input voxels per logit voxel.
        needs: Another form's folder that the export reads.
        classes: Channels of the logits, where they are not the settings'.
    """

    name: str
    network: str
    engine: str
    precision: str
    sources: tuple[str, ...]
    export: Export
    open: Open
    stride: int = 2
    needs: str = ""
    classes: int | None = None


def _published_torch(settings: Settings, _folder: Path) -> Infer:
    import torch

    torch.set_num_threads(settings.threads)
    network = networks.published(settings)

    def infer(patch: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            logits: NDArray[np.float32] = network(torch.from_numpy(patch)).numpy()
            return logits

    return infer


def _openvino(precision: str) -> Open:
    def opened(settings: Settings, folder: Path) -> Infer:
        from targets.openvino.session import OpenVINOSession

        return OpenVINOSession(folder / "model.xml", precision=precision, threads=settings.threads).infer

    return opened


def _onnxruntime(settings: Settings, folder: Path) -> Infer:
    from targets.onnxruntime.session import ONNXRuntimeSession

    return ONNXRuntimeSession(folder / "model.onnx", precision="fp32", threads=settings.threads).infer


def _ours(target: str, precision: str) -> Form:
    def export(settings: Settings, folder: Path, graphs: Path) -> None:
        from edge_sdk.graph import load_graph
        from targets import registry

        registry.TARGETS[target].export(
            load_graph(graphs / f"{precision}.npz"), folder, settings.shape, settings.patches(2)
        )

    def opened(settings: Settings, folder: Path) -> Infer:
        from targets import registry

        return registry.TARGETS[target].open(folder, precision=precision, threads=settings.threads).infer

    sources = (*OURS, "targets/lowering", f"targets/{target}")
    return Form(f"ours-{target}-{precision}", "ours", target, precision, sources, export, opened, needs="ours-graphs")


def _shipped(name: str, network: str, package: str, precision: str) -> Form:
    """The network of a hippocampus package in models/, which has three classes."""
    sources = (
        "tests/perf/networks.py",
        "edge_sdk/graph.py",
        "targets/lowering",
        "targets/openvino",
        f"models/{package}",
    )
    export = networks.shipped_openvino(package, precision)
    return Form(name, network, "openvino", precision, sources, export, _openvino(precision), classes=3)


GRAPHS = Form("ours-graphs", "ours", "none", "both", OURS, networks.export_graphs, _published_torch)
"""Not a row: the deploy graphs that ours are exported from."""

FORMS = (
    Form("published-torch", "as published", "PyTorch eager", "fp32", PUBLISHED, networks.nothing, _published_torch),
    Form("published-openvino", "as published", "openvino", "fp32", PUBLISHED, networks.openvino, _openvino("fp32")),
    Form(
        *("published-onnxruntime-torchscript", "as published", "onnxruntime", "fp32"),
        *(PUBLISHED, networks.onnx_torchscript, _onnxruntime),
    ),
    Form(
        *("published-onnxruntime-dynamo", "as published", "onnxruntime", "fp32"),
        *(PUBLISHED, networks.onnx_dynamo, _onnxruntime),
    ),
    Form(
        *("published-openvino-ptq", "as published, default post-training quantization (NNCF)", "openvino", "int8"),
        *(PUBLISHED, networks.openvino_ptq, _openvino("int8")),
        needs="published-openvino",
    ),
    *(
        _ours(target, precision)
        for precision in ("int8", "fp32")
        for target in ("openvino", "onnxruntime", "executorch")
    ),
    *(
        _shipped(f"pruned-{kept}-openvino-{precision}", f"ours, pruned to {kept} % of the MACs", package, precision)
        for precision in ("int8", "fp32")
        for kept, package in PRUNED.items()
    ),
    Form(
        *("dynunet-openvino", "nnU-Net (MONAI DynUNet)", "openvino", "fp32"),
        *(("tests/perf/networks.py",), networks.dynunet_openvino, _openvino("fp32")),
        stride=1,
    ),
)
BY_NAME = {form.name: form for form in (GRAPHS, *FORMS)}
