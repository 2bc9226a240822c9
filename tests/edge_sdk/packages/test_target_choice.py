"""target="auto": the fastest that is right, remembered."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from edge_sdk.device_memory import cache_folder
from edge_sdk.errors import TargetError
from edge_sdk.packages.package import Package
from edge_sdk.packages.selftest import SelfTestResult, SelfTestVector, run_selftest
from edge_sdk.packages.target_choice import known_targets
from edge_sdk.packages.tuned import keep_tuned, tuned_place
from edge_sdk.session import Session
from tests.edge_sdk.fakes import FakeSession, FakeTarget, fake_targets, toy_package


class SlowTarget(FakeTarget):
    def open(self, folder: Path, *, precision: str, threads: int | None = None) -> FakeSession:
        session = super().open(folder, precision=precision, threads=threads)
        infer = session.infer

        def slow(patch: Any) -> Any:
            time.sleep(0.01)
            return infer(patch)

        session.infer = slow  # type: ignore[method-assign]
        return session


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return toy_package(tmp_path / "toy.edgepkg", "slow", "fast", "wrong", "absent")


def open_auto(package: Path) -> str:
    with Package(package) as opened, opened.open() as session:
        return session.target


def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeTarget]:
    return fake_targets(
        monkeypatch,
        SlowTarget("slow"),
        FakeTarget("fast"),
        FakeTarget("wrong", error=9.0),
        FakeTarget("absent", missing="not installed"),
    )


def test_fastest_right_one_is_taken_and_remembered(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = table(monkeypatch)
    assert open_auto(package) == "fast"
    measured = {name: target.opened for name, target in targets.items()}
    assert measured == {"slow": 1, "fast": 2, "wrong": 0, "absent": 0}
    assert open_auto(package) == "fast"
    assert targets["slow"].opened == 1, "the second process must not measure again"


@pytest.fixture
def tested_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Targets whose self-test ran in this process, in order."""
    names: list[str] = []

    def counted(vector: SelfTestVector, session: Session, precision: str) -> SelfTestResult:
        names.append(session.target)
        return run_selftest(vector, session, precision)

    monkeypatch.setattr("edge_sdk.packages.package.run_selftest", counted)
    return names


def test_each_self_test_runs_once_on_a_first_opening(
    package: Path, monkeypatch: pytest.MonkeyPatch, tested_here: list[str]
) -> None:
    targets = table(monkeypatch)
    assert open_auto(package) == "fast"
    assert {name: target.probed for name, target in targets.items()} == {"slow": 1, "fast": 1, "wrong": 1, "absent": 0}
    assert tested_here == []
    assert open_auto(package) == "fast"
    assert sum(target.probed for target in targets.values()) == 3
    assert tested_here == []


def test_self_test_runs_here_where_no_process_can_be_started(
    package: Path, monkeypatch: pytest.MonkeyPatch, tested_here: list[str]
) -> None:
    targets = table(monkeypatch)
    for target in targets.values():
        target.apart_is_impossible = True
    with Package(package) as opened, opened.open() as session:
        assert session.target == "fast"
        assert "not wrong: self-test error 9" in (session.description.chosen or "")
    assert tested_here == ["slow", "fast", "wrong"]


def test_tuned_artifact_is_tested_here(
    package: Path, monkeypatch: pytest.MonkeyPatch, tested_here: list[str], tmp_path: Path
) -> None:
    table(monkeypatch)
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "weights.bin").write_bytes(b"slow")
    with Package(package) as opened:
        place = tuned_place(opened.digest, "slow", "1.2.3", None)
        keep_tuned(place, tmp_path / "tuned", "int8", {})
    assert open_auto(package) == "fast"
    assert tested_here == ["slow"]


def test_measured_again_when_the_remembered_one_is_gone(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = table(monkeypatch)
    assert open_auto(package) == "fast"
    targets["fast"].reason = "uninstalled"
    assert open_auto(package) == "slow"


def test_damaged_memory_is_measured_again(package: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    table(monkeypatch)
    open_auto(package)
    (memory,) = own_cache.glob("target-*")
    gone = '{"target": "gone", "milliseconds": {}, "passed_over": {}}'
    for content in ("", "[]", '{"target": "fast"}', '{"target": "fast", "milliseconds": [], "passed_over": 1}', gone):
        memory.write_text(content)
        assert open_auto(package) == "fast"


def test_read_only_cache_does_not_stop_the_work(package: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    table(monkeypatch)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EDGE_SDK_CACHE", str(tmp_path / "file" / "below"))
    assert open_auto(package) == "fast"


def test_choice_and_what_was_passed_over_are_told(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(monkeypatch)["slow"].crash = "the runtime crashes: signal SIGSEGV"
    for _ in ("measured", "remembered"):
        with Package(package) as opened, opened.open() as session:
            told = session.description.chosen or ""
        assert re.fullmatch(
            r"fastest of fast \d+\.\d ms; not slow: the runtime crashes: signal SIGSEGV; not wrong: self-test error "
            r"9\.\d+ > 0\.5; not absent: target 'absent' cannot run here: not installed",
            told,
        )


def test_first_opening_is_tried_apart_once_for_each_version(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = fake_targets(monkeypatch, FakeTarget("fast"))["fast"]
    monkeypatch.setattr("edge_sdk.packages.first_open._tried", {})
    with Package(package) as opened:
        opened.open("fast")
        monkeypatch.setattr("edge_sdk.packages.first_open._tried", {})  # as in another process
        opened.open("fast")
        assert target.probed == 1
        monkeypatch.setattr(target, "version", lambda: "1.2.4")
        opened.open("fast", threads=2)
        assert target.probed == 2


def test_target_that_crashes_is_refused_and_tried_again(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = fake_targets(monkeypatch, FakeTarget("fast"))["fast"]
    target.crash = "the runtime crashes"
    with Package(package) as opened:
        for _ in range(2):
            with pytest.raises(TargetError, match="fast: the runtime crashes"):
                opened.open("fast")
    assert (target.probed, target.opened) == (2, 0)


@pytest.mark.parametrize("threads", [0, -1, 1025, 2.0, True, "2"])
def test_what_is_no_number_of_threads_is_refused(package: Path, monkeypatch: pytest.MonkeyPatch, threads: Any) -> None:
    targets = table(monkeypatch)
    with Package(package) as opened:
        for name in ("fast", "auto"):
            with pytest.raises(TargetError, match=rf"threads is {threads!r}, a whole number from 1 to 1024 expected; "):
                opened.open(name, threads=threads)
    assert not any(target.probed for target in targets.values())


def test_device_after_a_colon(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(monkeypatch)
    with Package(package) as opened:
        with opened.open("fast:CPU") as session:
            assert session.target == "fast"
        with pytest.raises(TargetError, match=r"no device 'NPU'; choose one of fast:CPU"):
            opened.open("fast:NPU")
        with pytest.raises(TargetError, match=r"'other:NPU' is not in the package; choose one of slow, fast"):
            opened.open("other:NPU")


def test_all_reasons_are_told_when_none_is_right(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_targets(monkeypatch, FakeTarget("wrong", error=9.0), FakeTarget("absent", missing="not installed"))
    with (
        Package(package) as opened,
        pytest.raises(TargetError, match=r"wrong: self-test error 9\.\d+ > 0\.5; absent: .*not"),
    ):
        opened.open()


def test_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("EDGE_SDK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "edge-sdk"


def test_installed_targets_are_the_three() -> None:
    assert set(known_targets()) == {"openvino", "onnxruntime", "executorch"}


def test_an_error_that_is_no_number_is_not_within_the_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = FakeTarget("alpha")
    monkeypatch.setattr(target, "probe", lambda *_arguments, **_options: float("nan"))
    fake_targets(monkeypatch, target)
    with Package(toy_package(tmp_path / "toy.edgepkg")) as package, pytest.raises(TargetError):
        package.open("alpha")
