"""Where shipped packages are found."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from apps import shipped
from edge_sdk.errors import PackageError


def test_the_checkout_comes_first_then_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "REPOSITORY_MODELS", tmp_path / "models")
    wheel = tmp_path / "share" / "edge-sdk" / "models" / "a.edgepkg"
    file = SimpleNamespace(name="a.edgepkg", locate=lambda: wheel)
    monkeypatch.setattr(shipped, "distribution", lambda _name: SimpleNamespace(files=[file]))
    assert shipped.shipped_package("a.edgepkg") == wheel
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.edgepkg").write_bytes(b"")
    assert shipped.shipped_package("a.edgepkg") == tmp_path / "models" / "a.edgepkg"
    with pytest.raises(PackageError, match=r"b\.edgepkg: does not come with this installation; .*--from-scratch"):
        shipped.shipped_package("b.edgepkg")
