"""The networks with random weights, and their exports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.perf.settings import NORMALIZATION, Settings

DYNUNET_FILTERS = (32, 64, 128, 256, 320)
CALIBRATION_PATCHES = 8
WEIGHT_LIMIT = 63
MODELS = Path(__file__).resolve().parent.parent.parent / "models"


def nothing(_settings: Settings, _folder: Path, _source: Path) -> None:
    """What runs from the code itself needs no export."""


def published(settings: Settings) -> Any:
    """EfficientMedNeXt as published: GroupNorm, GELU, early exit."""
    return _network(settings, norm="group", activation="gelu")


def openvino(settings: Settings, folder: Path, _source: Path) -> None:
    """The published form as OpenVINO IR."""
    _save_ir(published(settings), settings, folder)


def dynunet_openvino(settings: Settings, folder: Path, _source: Path) -> None:
    """nnU-Net's usual 3D network for one channel, logits at full resolution, as OpenVINO IR."""
    import torch
    from monai.networks.nets import DynUNet

    torch.manual_seed(settings.seed)
    network = DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=settings.classes,
        kernel_size=[3] * 5,
        strides=[1, 2, 2, 2, 2],
        upsample_kernel_size=[2] * 4,
        filters=list(DYNUNET_FILTERS),
    )
    _save_ir(network.eval(), settings, folder)


def openvino_ptq(settings: Settings, folder: Path, source: Path) -> None:
    """The published form quantized by NNCF with its defaults."""
    import nncf
    import openvino as ov

    model = ov.Core().read_model(source / "model.xml")
    patches = [patch[None] for patch in settings.patches(CALIBRATION_PATCHES)]
    ov.save_model(nncf.quantize(model, nncf.Dataset(patches)), folder / "model.xml", compress_to_fp16=False)


def shipped_openvino(package: str, precision: str) -> Callable[[Settings, Path, Path], None]:
    """The network of a package in models/, lowered again for these patches; its speed does not depend on its data."""

    def export(settings: Settings, folder: Path, _source: Path) -> None:
        from apps.package_graph import graph_of
        from edge_sdk.packages.package import Package
        from targets.registry import TARGETS

        with Package(MODELS / package) as opened:
            graph = graph_of(opened)
        graph = graph if precision == "int8" else graph.without_quantization()
        TARGETS["openvino"].export(graph, folder, settings.shape, settings.patches(1))

    return export


def onnx_torchscript(settings: Settings, folder: Path, _source: Path) -> None:
    """The published form through torch's TorchScript exporter."""
    _save_onnx(settings, folder, dynamo=False)


def onnx_dynamo(settings: Settings, folder: Path, _source: Path) -> None:
    """The published form through torch's dynamo exporter."""
    _save_onnx(settings, folder, dynamo=True)


def export_graphs(settings: Settings, folder: Path, _source: Path) -> None:
    """The deploy form with random weights: fp32.npz, and int8.npz with calibrated scales."""
    import torch

    from edge_sdk.graph import save_graph
    from quantization.deploy_form import deploy_graph
    from quantization.observers import calibrated_graph
    from quantization.recipe import Quantize
    from quantization.student import estimate_statistics

    patches = settings.patches(2)
    network = _network(settings, norm="batch", activation="relu")
    # Without statistics of its own, the signal of a random network would fade into denormal numbers.
    with torch.no_grad():
        estimate_statistics(network, lambda _: (torch.from_numpy(patches), torch.empty(0)), 1)
    graph = deploy_graph(network)
    save_graph(graph, folder / "fp32.npz")
    plan = Quantize(weight_limit=WEIGHT_LIMIT)
    save_graph(calibrated_graph(graph, patches, NORMALIZATION, plan), folder / "int8.npz")


def _network(settings: Settings, *, norm: Any, activation: Any) -> Any:
    import torch

    from edge_sdk.network import efficient_mednext

    torch.manual_seed(settings.seed)
    width = settings.width
    network = efficient_mednext(settings.variant, 1, settings.classes, width, width, norm=norm, activation=activation)
    return network.eval()


def _save_ir(network: Any, settings: Settings, folder: Path) -> None:
    import openvino as ov
    import torch

    patch = torch.from_numpy(settings.patches(1))
    with torch.no_grad():
        model = ov.convert_model(network, example_input=patch, input=[tuple(patch.shape)])
    ov.save_model(model, folder / "model.xml", compress_to_fp16=False)


def _save_onnx(settings: Settings, folder: Path, *, dynamo: bool) -> None:
    import torch

    torch.onnx.export(
        published(settings),
        (torch.from_numpy(settings.patches(1)),),
        str(folder / "model.onnx"),
        input_names=["patch"],
        output_names=["logits"],
        dynamo=dynamo,
    )
