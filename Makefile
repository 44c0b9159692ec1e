# make demo    set up and see the whole thing work
# make test    set up and run the tests
# make check   format, lint, types, imports and docs, as CI does
# make bench   the speed table
# make chaos   break it while it runs; make matrix, one thing after the other; make fuzz, spoiled payloads and answers; make properties, more examples
# make docs, make format, make lock and make clean do as they say
#
# The same without make stands in README.md.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV     := uv==0.13.9
COMPILE = $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

.PHONY: demo test check bench chaos chaos-compare matrix fuzz properties docs format lock clean
.DELETE_ON_ERROR:

demo: $(VENV)/run.stamp
	$(BIN)/bridge demo $(ARGS)

test: $(VENV)/dev.stamp
	$(BIN)/pytest -m "not slow" --numprocesses 4 --dist loadfile $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --quiet tests/test_project.py tests/test_shipped.py tests/test_capabilities.py

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks $(ARGS)

# N messages while everything breaks; the same SEED makes the same schedule (docs/chaos.md).
chaos: $(VENV)/dev.stamp
	$(BIN)/python -m chaos $(N) $(if $(SEED),--seed $(SEED)) $(ARGS)

# The bridge and plain RQ under the same kills, in one table; a quarter of an hour, most of it waiting for RQ.
chaos-compare: $(VENV)/dev.stamp
	$(BIN)/python -m chaos.compare $(N) $(if $(SEED),--seed $(SEED)) $(ARGS)

# Every point to die at, every answer of Redis, every doubt, and the tests of docs/faults.md (docs/matrix.md).
matrix: $(VENV)/dev.stamp
	$(BIN)/python -m matrix $(ARGS)

# N payloads, and answers, spoiled at random; the same SEED spoils them alike (tests/properties/test_fuzz.py).
fuzz: $(VENV)/dev.stamp
	FUZZ=$(or $(N),20000) SEED=$(or $(SEED),$(shell date +%s)) $(BIN)/pytest -s tests/properties/test_fuzz.py $(ARGS)

# Each property with so many times the examples of the suite, new ones each time.
properties: $(VENV)/dev.stamp
	EXAMPLES=$(or $(EXAMPLES),20) $(BIN)/pytest tests/properties $(ARGS)

# The pages that are made from the code: what each channel and helpdesk can do.
docs: $(VENV)/run.stamp
	$(BIN)/python docs/capabilities.py

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# New versions of everything, with their hashes, for every Linux and Python we run on.
lock: $(VENV)/pip.stamp
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install '$(UV)'
	printf 'pip\nsetuptools>=77\n' | $(COMPILE) --upgrade --no-annotate - -o requirements-build.lock
	$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --upgrade pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find bridge tests benchmarks chaos matrix -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment: a stamp for each step, so that nothing is installed twice ------------

$(VENV)/pip.stamp: requirements-build.lock
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is too old: 3.11 or newer is needed. Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements-build.lock
	@touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml $(VENV)/pip.stamp
	$(PIP) install --require-hashes --no-build-isolation -r requirements.lock
	PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(PIP) install --require-hashes --no-build-isolation -r requirements-dev.lock
	@touch $@
