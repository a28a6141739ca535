# Two commands set everything up: `make demo` to see mygo work, `make test` to check it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A notice of the theme's makers, on every build.
export NO_MKDOCS_2_WARNING := 1
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test coverage docs lint clean

demo: $(VENV)/installed  ## Install and run the main job on the built-in graph.
	$(BIN)/mygo quickstart

test: $(VENV)/installed-dev  ## Install what the tests need and run every check.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2
	$(BIN)/mkdocs build --strict --quiet -f .mkdocs.yml

coverage: $(VENV)/installed-dev  ## Run the tests with branch coverage, in twice the time.
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term

docs: $(VENV)/installed-dev  ## Write the generated pages and build the site into site/.
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict -f .mkdocs.yml

lint: $(VENV)/installed-dev  ## Format, then check style and types.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch comes first: a later package must find the pinned build and leave it alone.
$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) torch torchvision
	$(PIP) -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info site .mypy_cache .ruff_cache .pytest_cache
