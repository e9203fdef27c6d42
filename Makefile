# Two commands: `make run` serves the dashboard, `make test` checks everything. Both set up .venv first and
# do nothing twice: a stamp is renewed only when a requirements file changes. What is served is installed from
# requirements.txt, file by file with its hash; the rest comes on top of it, and may not change it (tests/unit/test_pins.py).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

SECONDS := 60
NUMBER := 150
# A Milvus server for `test-scale`; without one only Milvus Lite is tried.
MILVUS ?=
# pip compiles what it installs on one core, which takes longer than to install it; so it is done afterwards, on all.
define install
$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile $(1)
@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
@touch $@
endef

.PHONY: run test test-scale check lint engine-tests other-tests page-tests search-tests format fuzz mutants lock browser clean

run: $(VENV)/.run-ready
	$(BIN)/streamlit run app.py

test: check

check: $(VENV)/.dev-ready browser
	$(MAKE) --no-print-directory -j2 lint engine-tests other-tests page-tests search-tests
	$(BIN)/python -m pytest tests/e2e/serving

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m core verify

# Two of them at a time, in this order. Tests of the server under load want the computer for themselves, and come last.
engine-tests:
	$(BIN)/python -m pytest tests/app tests/unit/engine

other-tests:
	$(BIN)/python -m pytest tests/unit --ignore=tests/unit/engine

page-tests:
	$(BIN)/python -m pytest tests/e2e/pages

search-tests:
	$(BIN)/python -m pytest tests/e2e/search

format: $(VENV)/.dev-ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Each reader of bytes from outside, for so many seconds: make fuzz SECONDS=600. What it finds is kept in tests/seeds/.
fuzz: $(VENV)/.dev-ready
	$(BIN)/python tests/fuzz.py $(SECONDS)

# Changes one thing in core/engine and asks the unit tests, so many times: make mutants NUMBER=500 for a surer score.
# It may be interrupted, and goes on where it was. A change may do anything: run it where it can do no harm.
mutants: $(VENV)/.dev-ready $(VENV)/.tools-ready
	$(BIN)/python tests/mutants.py $(NUMBER)

# After a change of requirements.in: all that it needs, on every platform. LOCK=--upgrade takes newer ones where it may.
lock: $(VENV)/.tools-ready
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" --output-file requirements.txt requirements.in $(LOCK)

# What is in Milvus and on Ray (docs/scale.md), also against a server: make test-scale MILVUS=http://127.0.0.1:19530.
test-scale: $(VENV)/.scale-ready
	VITRINE_TEST_MILVUS="$(MILVUS)" $(BIN)/python -m pytest -rs tests/unit/engine/index/test_contract.py \
		tests/unit/engine/catalogues/test_addressed.py tests/unit/own/large tests/app/test_milvus.py

# The end-to-end tests drive a real Chromium, best its headless shell. Where that can be installed, it is.
browser:
	@command -v chromium-headless-shell >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	     && { apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1 \
	          || apt-get install -y -qq --no-install-recommends chromium >/dev/null; }; } \
	|| command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null \
	|| echo "No Chromium here: the end-to-end tests will be skipped."

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.txt | $(BIN)/python
	$(call install,--require-hashes -r requirements.txt)

$(VENV)/.dev-ready: requirements-dev.txt requirements-compare.txt $(VENV)/.run-ready
	$(call install,-r requirements-dev.txt)

$(VENV)/.tools-ready: requirements-tools.txt | $(BIN)/python
	$(call install,-r requirements-tools.txt)

$(VENV)/.scale-ready: requirements-scale.txt $(VENV)/.dev-ready
	$(call install,-r requirements-scale.txt)

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
