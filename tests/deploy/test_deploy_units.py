"""What deploy/ holds is understood by the programs that will read it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from apps.cli import app
from apps.stream.core.settings import read_settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
STREAM, KIOSK = (DEPLOY / f"edge-sdk-{name}.service" for name in ("stream", "kiosk"))
ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")


def values(unit: Path, key: str) -> list[str]:
    """All that a unit says for a key, in its order."""
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def with_programs_that_are_here(content: str, folder: Path, name: str) -> Path:
    """The unit, with every program replaced by one that this machine has: systemd looks whether they exist."""
    path = folder / name
    path.write_text(re.sub(r"^(Exec\w+=)/\S+", rf"\1{shutil.which('true')}", content, flags=re.MULTILINE))
    return path


def verify(unit: Path) -> str:
    """What systemd finds wrong with a unit."""
    assert ANALYZE is not None
    words = [ANALYZE, "verify", "--man=no", str(unit)]
    said = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    return "\n".join(line for line in said.splitlines() if unit.name in line)


@needs_systemd
@pytest.mark.parametrize("unit", [STREAM, KIOSK], ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong(tmp_path: Path, unit: Path) -> None:
    assert verify(with_programs_that_are_here(unit.read_text(), tmp_path, unit.name)) == ""


@needs_systemd
def test_systemd_would_tell_a_misspelt_key(tmp_path: Path) -> None:
    content = STREAM.read_text().replace("ProtectHome=", "ProtectHomes=")
    assert "ProtectHomes" in verify(with_programs_that_are_here(content, tmp_path, STREAM.name))


@needs_systemd
def test_systemd_rates_the_stream_as_little_exposed(tmp_path: Path) -> None:
    assert ANALYZE is not None
    unit = with_programs_that_are_here(STREAM.read_text(), tmp_path, STREAM.name)
    words = [ANALYZE, "security", "--offline=true", "--no-pager", "--threshold=25", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


def test_the_command_line_understands_what_the_unit_starts() -> None:
    (line,) = values(STREAM, "ExecStart")
    program, subcommand, *options = shlex.split(line)
    assert (Path(program).name, subcommand) == ("edge-sdk", "stream")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    given = commands[subcommand].make_context(subcommand, options).params
    assert {name: value for name, value in given.items() if value not in (None, ())} == {
        "settings": Path("/etc/edge-sdk/cart.toml"),
        "view": True,
    }


def test_what_the_example_writes_lies_where_the_unit_may_write() -> None:
    settings = read_settings(DEPLOY / "cart.toml")
    (state,) = values(STREAM, "StateDirectory")
    for path in (settings.output.folder, settings.recording.path):
        assert path is not None
        assert path.is_relative_to(Path("/var/lib") / state)


def test_the_kiosk_shows_the_address_of_the_example() -> None:
    viewer = read_settings(DEPLOY / "cart.toml").viewer
    (line,) = values(KIOSK, "ExecStart")
    assert shlex.split(line)[-1] == f"http://{viewer.host}:{viewer.port}/"


def test_the_udev_rules_make_the_names_that_the_example_uses() -> None:
    rules = [line for line in (DEPLOY / "99-edge-sdk.rules").read_text().splitlines() if not line.startswith("#")]
    term = r"[A-Z]+(?:\{\w+\})?(?:==|\+=|=)\"[^\"]*\""
    assert all(re.fullmatch(rf"{term}(?:, {term})*", rule) for rule in rules)
    made = {name for rule in rules for name in re.findall(r'SYMLINK\+="([^"]+)"', rule)}
    settings = read_settings(DEPLOY / "cart.toml")
    used = {uri.partition("/dev/")[2] for uri in (settings.source.uri, settings.poses.uri) if uri}
    assert used == made
