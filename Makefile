# Each target is a command that a user could type; `make demo` and `make test` need Python 3.11 and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-web lint bench clean

demo: $(VENV)/ready
	$(BIN)/maskreid demo --out runs/demo

test: lint
	$(BIN)/pytest

# The page in Debian's Chromium, which is installed where that is possible.
test-web: $(VENV)/ready
	@command -v chromium >/dev/null || if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; else echo "make test-web needs chromium: apt-get install --no-install-recommends chromium" >&2; exit 2; fi
	$(BIN)/pytest -m browser tests/web

lint: $(VENV)/ready
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

# Minutes on a quiet machine, with 4 GB for torchreid; larger sizes: see the head of each script.
bench: $(VENV)-bench/ready $(VENV)/ready
	$(VENV)-bench/bin/python benchmarks/evaluation.py --size market1501
	$(VENV)-bench/bin/python benchmarks/evaluation.py --size market1501 --process
	$(VENV)-bench/bin/python benchmarks/reranking.py --size half --repeat 3
	$(VENV)-bench/bin/python benchmarks/training.py input
	$(BIN)/python benchmarks/training.py step --repeat 1
	$(BIN)/python benchmarks/training.py floor
	$(BIN)/python benchmarks/embedding.py --images 256
	$(BIN)/python benchmarks/gallery.py search --entries 20000
	$(BIN)/python benchmarks/web.py

$(VENV)-bench/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/pip install --quiet --constraint constraints.txt --editable .
	$(VENV)-bench/bin/pip install --quiet --no-deps pyppbox-torchreid==1.4.1.0
	touch $@

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-bench runs/demo
