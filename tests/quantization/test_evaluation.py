"""What the gate looks at is what `segment` and `verify` give, to the bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge_sdk.errors import RecipeError
from edge_sdk.inference.accuracy import score_cases
from edge_sdk.inference.cases import find_cases
from edge_sdk.inference.segment import segment
from edge_sdk.metrics import dice_per_class
from edge_sdk.network import efficient_mednext
from edge_sdk.network.module_session import ModuleSession
from edge_sdk.packages.manifest import Inference
from edge_sdk.packages.session import PackageSession
from quantization.draft_manifest import draft_manifest
from quantization.evaluation import dice_on, evaluate
from quantization.recipe import Recipe, read_recipe
from quantization.surface_distance import hd95_per_class


def test_a_misspelt_key_of_inference_names_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('[data]\nlabels = { 0 = "background", 1 = "x" }\n[inference]\nblendin = "gaussian"\n')
    with pytest.raises(RecipeError, match=r"unknown key inference\.blendin, did you mean inference\.blending"):
        read_recipe(path)


@pytest.mark.parametrize("blending", ["centre-crop", "gaussian"])
def test_evaluate_segment_and_verify_see_the_same_masks(recipe: Recipe, data_folder: Path, blending: str) -> None:
    recipe = recipe.model_copy(update={"inference": Inference(blending=blending, overlap=0.5)})  # type: ignore[arg-type]
    torch.manual_seed(0)
    network = efficient_mednext("T", 1, 2, 4, 4).eval()
    cases = find_cases(data_folder)[:2]
    manifest = draft_manifest(recipe, name="n", precision={"torch": "fp32"}, cases=0)
    assert manifest.inference.blending == blending

    found = evaluate(network, cases, recipe, manifest)
    with PackageSession(ModuleSession(network), manifest) as session:
        by_verify = score_cases(session, cases)
        for case in cases:
            image, truth = case.read(recipe.label_names)
            mask = segment(session, image)
            dice, distance = dice_per_class(mask.voxels, truth.voxels, [1]), hd95_per_class(mask, truth, [1])
            assert found.cases[case.identity] == {1: dice[1]}
            assert by_verify[case.identity] == dice
            assert found.hd95_cases is not None
            assert found.hd95_cases[case.identity] == {1: distance[1]}
    for mean, by_case in ((found.mean, found.cases), (found.hd95_mean_mm, found.hd95_cases or {})):
        assert mean == pytest.approx(np.mean([values[1] for values in by_case.values()]))
    assert dice_on(cases, recipe)(network) == found.mean
