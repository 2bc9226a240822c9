"""The forms of a finished compression, read back from its run folder."""

from __future__ import annotations

from edge_sdk.graph import Graph
from edge_sdk.network.checkpoints import load_network
from edge_sdk.network.efficient_mednext import EfficientMedNeXt
from edge_sdk.network.published import load_published
from quantization.deploy_form import deploy_graph
from quantization.records.forms import DEPLOY, INT8, PRUNED_FORM, PUBLISHED
from quantization.run_folder import CHECKPOINT, PRUNED, STUDENT, RunFolder
from quantization.training import build_network


def published_network(run: RunFolder) -> EfficientMedNeXt:
    """The network that the run began with, in evaluation mode.

    Raises:
        TrainingError: The run holds no checkpoint of its recipe's network.
    """
    return load_published(build_network(run.recipe), run.path / CHECKPOINT).eval()


def forms_of(run: RunFolder) -> dict[str, Graph | EfficientMedNeXt]:
    """Every form of a run, from the published one to INT8.

    Raises:
        TrainingError: The run was not compressed, or a file of it is missing or damaged.
    """
    float_graph, int8 = run.graph("fp32"), run.graph("int8")
    forms: dict[str, Graph | EfficientMedNeXt] = {PUBLISHED: published_network(run)}
    if (run.path / PRUNED).is_file():
        forms[DEPLOY] = deploy_graph(load_network(run.path / STUDENT))
        forms[PRUNED_FORM] = float_graph
    else:
        forms[DEPLOY] = float_graph
    forms[INT8] = int8
    return forms
