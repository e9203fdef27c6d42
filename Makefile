# Two commands: `make run` serves the dashboard, `make test` checks everything. Both set up .venv first and
# do nothing twice: a stamp is renewed only when a requirements file changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

SECONDS := 60

.PHONY: run test check format fuzz browser clean

run: $(VENV)/.run-ready
	$(BIN)/streamlit run app.py

test: check

check: $(VENV)/.dev-ready browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m core verify
	$(BIN)/python -m pytest

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Each reader of bytes from outside, for so many seconds: make fuzz SECONDS=600. What it finds is kept in tests/seeds/.
fuzz: $(VENV)/.dev-ready
	$(BIN)/python tests/fuzz.py $(SECONDS)

# The end-to-end tests drive a real Chromium. Where there is none and it can be installed, it is.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	|| echo "No Chromium here: the end-to-end tests will be skipped."

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev-ready: requirements-dev.txt requirements-compare.txt requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run-ready

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
