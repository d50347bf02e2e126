# Two commands do everything on a machine with python3 and make:
#   make demo   installs Jinku into .venv and runs a platform's day from end to end
#   make test   installs Jinku with its tools into .venv and runs every check
# and a third needs Java 17 as well:
#   make test-scale   installs Apache Flink into .venv-flink and compares features on a cluster of this machine's own
VENV := .venv
BIN := $(VENV)/bin
FLINK := .venv-flink
PYTHON ?= python3

.PHONY: demo test test-scale check suite lock clean

demo: $(VENV)/.run $(VENV)/.font
	$(BIN)/jinku demo --out demo-out --force

test: check suite

check: $(VENV)/.dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

suite: $(VENV)/.dev $(VENV)/.font $(VENV)/.browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.run: $(VENV)/bin/python requirements/run.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements/dev.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.run

# Reports in Chinese need a Chinese font; without one they are made in English and say so.
$(VENV)/.font: $(VENV)/bin/python
	@ls /usr/share/fonts/*/*/*.tt[cf] 2>/dev/null | grep -qiE 'wqy|cjk|notosanssc|sourcehan' \
	  || { apt-get update -q && apt-get install -y -q fonts-wqy-microhei poppler-utils; } >/dev/null 2>&1 \
	  || echo "No Chinese font could be installed: reports in Chinese are left out."
	@touch $@

# The page that customers check receipts on is tried in a real browser; without one those tests skip and say so.
$(VENV)/.browser: $(VENV)/bin/python
	@command -v chromium >/dev/null \
	  || { apt-get update -q && apt-get install -y -q --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo "No Chromium could be installed: tests in a browser are left out."
	@touch $@

# Features on a cluster. Flink pins old numpy, pandas and pyarrow, so it has an environment of its own.
test-scale: $(VENV)/.dev $(FLINK)/.ready
	JINKU_SCALE=1 JINKU_FLINK=$(FLINK) timeout 900 $(BIN)/python -m pytest -n 0 -p no:cacheprovider -rs tests/scale

$(FLINK)/.java:
	@mkdir -p $(FLINK)
	@{ [ -n "$$JAVA_HOME" ] && [ -x "$$JAVA_HOME/bin/java" ]; } || command -v java >/dev/null \
	  || { apt-get update -q && apt-get install -y -q --no-install-recommends openjdk-17-jre-headless; } >/dev/null 2>&1 \
	  || { echo "make test-scale needs Java 17 and could not install openjdk-17-jre-headless: install it, then try again."; exit 1; }
	@touch $@

$(FLINK)/.ready: requirements/flink.txt $(FLINK)/.java
	$(PYTHON) -m venv $(FLINK) || { apt-get install -y python3-venv && $(PYTHON) -m venv $(FLINK); }
	$(FLINK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/flink.txt
	touch $@

# Needs uv (https is spoken to whatever index pip is set up for; no host is written into the files).
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra risk --group build -o requirements/run.txt
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra risk --group build --group dev -o requirements/dev.txt
	echo 'apache-flink==2.3.0' | uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header - -o requirements/flink.txt

clean:
	rm -rf $(VENV) $(FLINK) demo-out .mypy_cache .ruff_cache .pytest_cache
