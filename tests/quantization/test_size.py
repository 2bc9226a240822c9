from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.graph import Conv, Graph, Input, Quantize
from edge_sdk.network import efficient_mednext
from quantization.deploy_form import deploy_graph
from quantization.records.forms import FormSize
from quantization.size import size_of


@pytest.mark.parametrize(
    ("variant", "parameters", "gmac"), [("T", 1.55, 19.7), ("S", 3.31, 35.8), ("M", 2.17, 31.0), ("L", 2.19, 51.4)]
)
def test_published_networks_have_the_sizes_of_the_paper(variant: str, parameters: float, gmac: float) -> None:
    found = size_of(efficient_mednext(variant, 1, 14, deep_supervision=True), (96, 96, 96))
    assert found.parameters / 1e6 == pytest.approx(parameters, abs=0.006)
    assert found.macs / 1e9 == pytest.approx(gmac, rel=0.003)


def test_what_only_training_runs_does_not_count() -> None:
    plain, supervised = (efficient_mednext("T", 1, 3, 8, 8, deep_supervision=deep) for deep in (False, True))
    assert size_of(plain, (32, 32, 32)) == size_of(supervised, (32, 32, 32))


def test_a_graph_is_counted_by_hand() -> None:
    weight, bias = np.ones((4, 1, 3, 3, 3), np.float32), np.zeros(4, np.float32)
    graph = Graph(
        (
            Input(name="input", channels=1),
            Quantize(name="q", inputs=("input",), scale=1.0, zero_point=0, low=0, high=255),
            Conv(name="a", inputs=("q",), weight=weight, bias=bias, stride=(2, 2, 2), padding=(1, 1, 1)),
        )
    )
    # 4×4×4 voxels, each of 4 channels the sum of 27 products
    assert size_of(graph, (8, 8, 8)) == FormSize(parameters=4 * 27 + 4, macs=4**3 * 4 * 27)


def test_the_deploy_form_multiplies_less_in_its_up_blocks() -> None:
    network = efficient_mednext("T", 1, 2, 8, 8, norm="batch", activation="relu").eval()
    assert size_of(deploy_graph(network), (32, 32, 32)).macs < size_of(network, (32, 32, 32)).macs
