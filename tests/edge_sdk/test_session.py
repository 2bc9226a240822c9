"""How a session is described in reports."""

from __future__ import annotations

from edge_sdk.session import SessionDescription


def test_known_values_keep_the_order_of_reports() -> None:
    described = SessionDescription(
        "onnxruntime 1.2",
        device="CPU",
        providers=("CPUExecutionProvider",),
        precision="",
        threads=2,
        compiled="compiled now",
        patch_shape=(1, 1, 8, 8, 8),
        chosen="fastest of onnxruntime 1.0 ms",
    )
    assert list(described.known()) == [
        "runtime",
        "device",
        "providers",
        "precision",
        "threads",
        "compiled",
        "patch_shape",
        "chosen",
    ]


def test_unknown_values_are_left_out() -> None:
    assert SessionDescription("torch 2", threads=4).known() == {"runtime": "torch 2", "threads": 4}
