# Two commands do all the set-up from a bare checkout: `make demo` and `make test`.
PYTHON ?= python3
DATA_FLAGS ?=

.PHONY: venv demo test test-arm64 lint bench clean

venv: .venv/.ready

# torch first and pinned: a later, open requirement would fetch another build of several gigabytes.
.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip
	.venv/bin/python -m pip install --quiet torch==2.13.0
	.venv/bin/python -m pip install --quiet -e '.[test]'
	touch $@

# A device installation: one runtime, no torch.
.venv-demo/.ready: pyproject.toml models/phantom-s-int8.edgepkg
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip install --quiet --upgrade pip
	.venv-demo/bin/python -m pip install --quiet '.[openvino]'
	touch $@

demo: .venv-demo/.ready
	.venv-demo/bin/edge-sdk demo --out demo-out

test: venv lint
	scripts/install_chromium.sh
	.venv/bin/python -m pytest --cov --cov-report=term:skip-covered

# Needs root: debootstrap, binfmt_misc and chroot do.
test-arm64: venv
	tests/arm64/run.sh

lint: venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: venv
	.venv/bin/python -m tests.perf.engines -o bench-out --patch 64 96 --threads 2 1
	.venv/bin/python -m tests.perf.overhead -o bench-out
	.venv/bin/python -m tests.perf.start_up -o bench-out
	.venv/bin/python -m tests.perf.reconstruction -o bench-out
	.venv/bin/python -m tests.perf.live -o bench-out

clean:
	rm -rf .venv .venv-demo demo-out bench-out build *.egg-info
