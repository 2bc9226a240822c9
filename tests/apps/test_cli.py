"""The shape of the command line: exit statuses, one-line failures, global switches, start-up time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from apps import cli
from apps.console import SWITCHES
from edge_sdk.errors import EdgeSdkError
from tests.apps.commands_fixtures import bright_half

PYTHON = [sys.executable, "-c", "from apps.cli import main; main()"]


def edge_sdk(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PYTHON, *arguments], capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(autouse=True)
def switches() -> None:
    SWITCHES.quiet = SWITCHES.debug = False


def program(error: BaseException) -> typer.Typer:
    """A command line whose one command fails in this way."""

    def command() -> None:
        raise error

    made = typer.Typer(cls=cli._Group, callback=cli._switches, pretty_exceptions_enable=False)
    made.command("fail")(cli._guarded(command))
    return made


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (EdgeSdkError("is bad", where="a.mha", remedy="mend it"), 1, "edge-sdk: a.mha: is bad; mend it"),
        (KeyboardInterrupt(), 130, "edge-sdk: interrupted"),
        (FileNotFoundError(2, "No such file", "x"), 1, "edge-sdk: x: No such file"),
        (MemoryError(), 1, "edge-sdk: out of memory"),
        (ZeroDivisionError("division\nby zero"), 1, "a fault of edge-sdk (ZeroDivisionError: division by zero)"),
    ],
)
def test_failures_are_one_line(error: BaseException, status: int, line: str) -> None:
    outcome = CliRunner().invoke(program(error), ["fail"])
    assert outcome.exit_code == status
    assert line in outcome.stderr
    assert outcome.stderr.count("\n") == 1
    assert outcome.stdout == ""


@pytest.mark.parametrize("arguments", [["--debug", "fail"], ["fail", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(arguments: list[str]) -> None:
    outcome = CliRunner().invoke(program(EdgeSdkError("is bad")), arguments)
    assert outcome.exit_code == 1
    assert "Traceback" in outcome.stderr
    assert outcome.stderr.endswith("edge-sdk: is bad\n")


def test_every_command_of_the_contract_is_there_and_explains_every_option() -> None:
    assert set(cli.COMMANDS) == {
        "demo", "simulate", "inspect", "reconstruct", "convert", "calibrate-time", "train", "compress",
        "compress-report", "export", "verify", "segment", "stream", "benchmark", "compare", "doctor", "tune", "cost",
        "recover",
    }  # fmt: skip
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name} has no help"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["segment"], ["inspect", "--nonsense", "x"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli.app, arguments).exit_code == 2


def test_version() -> None:
    outcome = CliRunner().invoke(cli.app, ["--version"])
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("edge-sdk 0.")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, apps.cli;"
        "heavy = {'torch','numba','cv2','nibabel','nrrd','openvino','onnxruntime','matplotlib','pydantic','numpy.fft'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_letters_that_the_output_cannot_show_are_escaped(tmp_path: Path) -> None:
    image = bright_half(tmp_path / "Höhle.nii.gz")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    found = subprocess.run([*PYTHON, "inspect", image], capture_output=True, text=True, check=False, env=environment)
    assert found.returncode == 0, found.stderr
    assert "H\\xf6hle.nii.gz" in found.stdout


def test_missing_file_from_a_shell(tmp_path: Path) -> None:
    outcome = edge_sdk("inspect", str(tmp_path / "absent.mha"))
    assert outcome.returncode == 1
    assert outcome.stderr == f"edge-sdk: {tmp_path}/absent.mha: there is no such file; check the path\n"
