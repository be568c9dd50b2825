# Everything here works from a clean checkout with Python 3.11+ and make; `make help` lists it.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# where it is set, each process of each hub would compile all its modules anew: half of the time of a start
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := postgresql mosquitto mosquitto-clients chromium

SECONDS := 3600
CASES := 200
.PHONY: help setup console up test screenshots bench-console train understood fuzz fuzz-smoke schemathesis check format docs bench bench-smoke bench-scenes smoke-engine soak reconnect recovery-scenes lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.made  ## the virtual environment, nothing else

$(VENV)/.made: pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; on Debian: apt-get install python3 python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) (about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 src  # as pip does for a wheel: without it, where Python may write none, every start compiles all it loads
	@touch $@

PAGES := src/unisono/api/page/console/.made
console: $(PAGES)  ## the web console, built into the package

$(PAGES): $(VENV)/.made console/package-lock.json console/index.html console/vite.config.ts $(shell find console/src console/public -type f ! -name api.gen.ts 2>/dev/null)
	@scripts/console
	@touch $@

up: setup  ## a hub with a demonstration home, car and line; PORT=9000 for another port, FLAGS="--mqtt-port 1884 ..." for more; Ctrl-C stops it
	@$(MAKE) -s --no-print-directory console || echo "The console was not built (see above): a plain page stands in for it." >&2
	@$(BIN)/unisono up --demo --data ./data $(if $(PORT),--http-port $(PORT)) $(FLAGS)

# a file of tests each, and one more of them than there are cores: much of the time they wait for processes. In the order
# of their names, which mixes those that wait with those that do not and has short ones at the end.
WORKERS := $(shell n=$$(($$(getconf _NPROCESSORS_ONLN) + 1)); echo $$((n < 4 ? n : 4)))
BESIDE := --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

test: setup console  ## every test, with real engines; Debian packages are installed when missing and root
	@scripts/debian $(PACKAGES)
	@$(BIN)/python -m pytest -q $(BESIDE) --cov --cov-report= $(TESTS)
	@$(BIN)/python -m coverage report --include='$(PURE)' --fail-under=100 --skip-covered --show-missing

COMMA := ,
SPACE := $(subst ,, )
# the half of notify/ that decides, as apart from the half that does
TELLING := audience message pace plan quiet reach service verdict webpush
# the assistant: all of it, and the language that reads by itself
ANSWERING := *.py answer/* languages/zh/*
PURE := src/unisono/errors.py,src/unisono/thing/*,src/unisono/access/*,src/unisono/wire/*,src/unisono/dialect/*,src/unisono/twin/*,src/unisono/scene/*,$(subst $(SPACE),$(COMMA),$(ANSWERING:%=src/unisono/assist/%)),$(subst $(SPACE),$(COMMA),$(TELLING:%=src/unisono/notify/%.py))

screenshots: setup console  ## the pictures of the user's guide, from a hub with its demonstration place
	@fc-list :lang=zh 2>/dev/null | grep -q . || npm install --silent --no-audit --no-fund --prefix build/font @fontsource-variable/noto-sans-sc@5
	@UNISONO_PICTURES=$(CURDIR)/docs/guide $(BIN)/python -m pytest -q tests/console/test_guide.py -k pictures

bench-console: setup console  ## a minute of 2,000 things at 5,000 changes a second before a browser, and its first load
	@UNISONO_MEASURE=1 $(BIN)/python -m pytest -q -s tests/console/test_crowd.py tests/console/test_budget.py

train: setup  ## the assistant's linear models anew, from generated sentences; a few seconds
	@$(BIN)/python scripts/train.py

understood: setup  ## what the assistant makes of the shared sentences: the table by category, and every miss
	@$(BIN)/python -m pytest -q -s tests/assist/test_understanding.py tests/assist/test_home_assistant.py

fuzz: setup  ## an hour of coverage-guided fuzzing of the MQTT parser; SECONDS=60 for a minute
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

schemathesis: setup  ## the API's description against a real hub, 200 requests a route; CASES=1000 for more
	@UNISONO_SCHEMA_CASES=$(CASES) $(BIN)/python -m pytest -q -s --timeout 0 tests/security/test_description.py

fuzz-smoke: setup  ## twenty seconds of it
	@$(BIN)/python -m tests.fuzz --seconds 20 --quiet

check: setup  ## what must hold of every commit beside the tests: style, types, import rules, licences, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/licences.py
	@$(BIN)/python scripts/error_codes.py --check
	@echo "checks passed"

format: setup  ## bring the code into its form
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

docs: setup  ## write the documents that are made from code
	@$(BIN)/python scripts/error_codes.py

bench: setup  ## all benchmarks beside Mosquitto, NATS and amqtt; half an hour on a quiet machine
	@scripts/debian mosquitto
	@for b in ingest latency ways delivery connections recovery scenes understand; do $(BIN)/unisono bench $$b || exit 1; done

bench-scenes: setup  ## the engine of scenes beside Home Assistant, which is installed under build/
	@$(BIN)/python scripts/bench_scenes.py

soak: setup  ## ten minutes at 80 % of the maximum in rough company, then every promise is checked
	@$(BIN)/unisono bench soak

reconnect: setup  ## ten thousand clients at once, and again: nobody may be refused
	@$(BIN)/unisono bench reconnect

recovery-scenes: setup  ## fifty kills of a hub whose scenes are at work: every effect is counted where it arrives
	@$(BIN)/unisono bench recovery --kills 0 --no-restart --peers none --scenes 50

# the longest first; much of the time they wait, and their figures mean nothing
SMOKES := recovery ingest connections latency delivery ways scenes soak fairness reconnect understand
bench-smoke: setup  ## every benchmark for a few seconds: whether they run, not how fast
	@scripts/debian mosquitto
	@$(MAKE) -s --no-print-directory --jobs=3 --output-sync=target $(SMOKES:%=smoke-%) smoke-engine

smoke-%:
	@$(BIN)/unisono bench $* --quick

smoke-engine:
	@$(BIN)/python scripts/bench_scenes.py --quick --rounds 1 --no-peer

lock: setup  ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --no-header \
		--no-emit-index-url --no-annotate pyproject.toml -o requirements.lock

clean:  ## remove what was set up; ./data stays
	rm -rf $(VENV) console/node_modules src/unisono/api/page/console build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
