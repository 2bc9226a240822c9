"""Exports, each in a process of its own, kept in a work folder until something they are made from changes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from edge_sdk.files import atomic_path
from tests.perf.forms import BY_NAME, Form
from tests.perf.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
STAMP = "made_from.json"
LIBRARIES = ("torch", "openvino", "nncf", "onnx", "onnxscript", "onnxruntime", "executorch", "torchao", "monai")


@dataclass(frozen=True)
class Export:
    """A form's folder, or why there is none."""

    folder: Path
    problem: str | None = None


def last_line(text: str) -> str:
    """The line of a failed process's output that tells why."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


class Exporter:
    """Makes what is not there yet, and what is out of date."""

    def __init__(self, settings: Settings, work: Path) -> None:
        self.settings, self.folder = settings, work / settings.export_key
        self.made: dict[str, Export] = {}

    def export(self, form: Form) -> Export:
        """The form's folder, made with what it needs where it must be."""
        if form.name not in self.made:
            self.made[form.name] = self._export(form)
        return self.made[form.name]

    def _export(self, form: Form) -> Export:
        folder = self.folder / form.name
        source = self.export(BY_NAME[form.needs]) if form.needs else None
        if source and source.problem:
            return Export(folder, source.problem)
        stamp = self._stamp(form)
        if (folder / STAMP).is_file() and (folder / STAMP).read_text() == stamp:
            return Export(folder)
        print(f"exporting {form.name} …", flush=True)
        start = time.perf_counter()
        shutil.rmtree(folder, ignore_errors=True)
        with atomic_path(folder) as part:
            part.mkdir()
            arguments = ["export", form.name, self.settings.to_json(), str(part), str(source.folder if source else "")]
            done = subprocess.run(
                [sys.executable, "-m", "tests.perf.form_worker", *arguments],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            problem = None if done.returncode == 0 else f"export: {last_line(done.stderr)} (status {done.returncode})"
            (part / "log.txt").write_text(done.stderr)
            if problem is None:
                (part / STAMP).write_text(stamp)
        print(f"  {problem or 'done'}, {time.perf_counter() - start:.1f} s", flush=True)
        return Export(folder, problem)

    def _stamp(self, form: Form) -> str:
        """Hash of the code that makes it and of what it needs, and versions of the libraries."""
        found = hashlib.sha256()
        for source in form.sources:
            place = ROOT / source
            for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                found.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
        needed = self._stamp(BY_NAME[form.needs]) if form.needs else ""
        return json.dumps({"sources": found.hexdigest(), "needs": needed, "versions": versions()}, indent=1)


def versions() -> dict[str, str]:
    """Of the libraries that take part."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
