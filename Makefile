# make demo    sets everything up and replaces the background of the sample clip
# make test    sets everything up and runs the tests against the built wheel, as many at once as JOBS
# make test-devices   boots a system with cameras of its own under QEMU, and tests them (slow)
# make check   formatting, lint and types
# make bench   where the time goes on this machine
# make build   the wheel and the source archive, in dist/
# make dev     an editable install for working on the code

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
SOURCES := $(shell find src configs -type f -not -name '*.pyc')
DEMO := out
JOBS := 2

.PHONY: demo test test-devices check bench build dev clean
.DELETE_ON_ERROR:

demo: $(VENV)/package.stamp
	@mkdir -p $(DEMO)
	$(BIN)/mattebox run samples/clip.mp4 -b samples/backdrops/dusk-hills.jpg -o $(DEMO)/demo.mp4 --overwrite
	$(BIN)/python samples/before_after.py samples/clip.mp4 $(DEMO)/demo.mp4 $(DEMO)/demo.png
	@echo "The result:       $(abspath $(DEMO)/demo.mp4)"
	@echo "Before and after: $(abspath $(DEMO)/demo.png)"

test: $(VENV)/wheel.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(TESTS)

test-devices: $(VENV)/dev.stamp
	tests/devices/run.sh

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	PYTHONPATH=src $(BIN)/python -m mattebox_lab bench

build: $(VENV)/dev.stamp
	rm -rf dist
	$(BIN)/python -m build --no-isolation

dev: $(VENV)/dev.stamp
	$(PIP) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/package.stamp $(VENV)/wheel.stamp

clean:
	rm -rf $(VENV) dist build $(DEMO) .devices

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "mattebox needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# torch goes first and alone: whatever else is installed then finds the pinned build in place.
$(VENV)/torch.stamp: constraints.txt | $(BIN)/pip
	$(PIP) torch
	@touch $@

$(VENV)/package.stamp: $(VENV)/torch.stamp pyproject.toml $(SOURCES)
	$(PIP) --upgrade-strategy only-if-needed --force-reinstall --no-deps .
	$(PIP) .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/torch.stamp pyproject.toml
	$(PIP) "$(CURDIR)[dev]"
	@touch $@

$(VENV)/wheel.stamp: $(VENV)/dev.stamp $(SOURCES)
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation
	$(PIP) --force-reinstall --no-deps dist/*.whl
	@touch $@ $(VENV)/package.stamp
