from __future__ import annotations

import sys

import pytest

from apps import form_latency
from apps.form_latency import FormLatency
from edge_sdk.errors import TargetError
from edge_sdk.network import efficient_mednext
from quantization.deploy_form import deploy_graph


@pytest.mark.slow
def test_a_module_and_a_graph_are_timed_together() -> None:
    pytest.importorskip("openvino")
    published = efficient_mednext("T", 1, 2, 8, 8).eval()
    graph = deploy_graph(efficient_mednext("T", 1, 2, 8, 8, norm="batch", activation="relu").eval())
    found = FormLatency((32, 32, 32), rounds=2, threads=1)({"published": published, "deploy": graph})
    assert set(found.forms) == {"published", "deploy"}
    for timing in found.forms.values():
        assert len(timing.samples_ms) == 2
        assert min(timing.samples_ms) > 0
        assert timing.artifact_bytes > 4 * graph.nodes[1].weight.size  # type: ignore[attr-defined]
    assert found.conditions["threads"] == 1
    assert found.conditions["rounds"] == 2
    assert found.described()["forms"]["deploy"]["median_ms"] == found.forms["deploy"].median_ms


def test_a_worker_that_fails_is_told_with_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_latency, "WORKER", (sys.executable, "-c", "raise SystemExit('no such core')"))
    with pytest.raises(TargetError, match=r"status 1 \(no such core\)"):
        FormLatency((32, 32, 32))({})
