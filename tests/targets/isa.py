"""What is known to go wrong on instruction sets that a test may meet."""

from __future__ import annotations

import pytest

from edge_sdk.device import describe_device


def expect_openvino_error_without_vnni(request: pytest.FixtureRequest, target: str = "openvino") -> None:
    """OpenVINO's INT8 kernels for AVX2 without VNNI differ from the reference by more than rounding on small random
    networks (seen: maximum 4 times, mean within twice the bound of VNNI). The bound stays; there it is a known defect.
    """
    isa = str(describe_device()["isa"].value)
    if target == "openvino" and "avx2" in isa and "vnni" not in isa:
        reason = "OpenVINO INT8 on AVX2 without VNNI differs by more than rounding (known defect, not solved)"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=False))
