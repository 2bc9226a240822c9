"""Which cases teach, which guide decisions, and which are looked at once, at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from edge_sdk.errors import TrainingError
from edge_sdk.inference.cases import Case
from quantization.recipe import DataRecipe
from quantization.records.run_record import CaseNames


@dataclass(frozen=True)
class DatasetSplit:
    """Disjoint sets of cases.

    Attributes:
        training: Weights are fitted to them.
        validation: Curves and choices (what to prune, which layers stay float) look at them.
        test: Only finished models are measured on them; nothing is tuned on them.
    """

    training: list[Case]
    validation: list[Case]
    test: list[Case]

    @property
    def gate(self) -> list[Case]:
        """The cases that the gate compares forms on: the test cases, or without any the validation cases."""
        return self.test or self.validation

    def names(self) -> CaseNames:
        """Names of the cases of each part."""
        training, validation, test = ([case.name for case in part] for part in self.by_name().values())
        return CaseNames(training=training, validation=validation, test=test)

    def contents(self) -> dict[str, str]:
        """Name of each case to the digest of its image and labels, as `Case.content`."""
        return {case.name: case.content for part in self.by_name().values() for case in part}

    def by_name(self) -> dict[str, list[Case]]:
        """Name of the part to its cases."""
        return {"training": self.training, "validation": self.validation, "test": self.test}


def split_cases(cases: Sequence[Case], data: DataRecipe, seed: int) -> DatasetSplit:
    """Split by the seed: `data.test_cases` for the test, `data.validation_fraction` of the others for validation.

    Raises:
        TrainingError: No case is left to train on.
    """
    order = np.random.default_rng(seed).permutation(len(cases))
    others = max(0, len(cases) - data.test_cases)
    validating = round(data.validation_fraction * others)
    if validating >= others:
        raise TrainingError(
            f"{len(cases)} cases, of which {data.test_cases} are test cases and {validating} are for validation: "
            "none is left to train on",
            remedy="give more cases, or smaller data.test_cases and data.validation_fraction",
        )
    cuts = (0, data.test_cases, data.test_cases + validating, len(cases))
    test, validation, training = ([cases[i] for i in sorted(order[a:b])] for a, b in pairwise(cuts))
    return DatasetSplit(training, validation, test)
