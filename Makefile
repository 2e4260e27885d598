# Every command of the book. CI, the README and CONTRIBUTING call these targets and nothing else.

# The first Python from 3.11 on that can make an environment; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3 python, \
	$(shell $(p) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
EXTRAS ?= deep,book,dev
# `make LOCK= …` takes the newest versions that pyproject.toml admits.
LOCK ?= --constraint constraints.txt
PIP := $(PY) -m pip --disable-pip-version-check
SITE := _build/html
PORT ?= 8000
WORKERS ?= 2
SEED ?= 1
# What failed stands last, a line each.
SUMMARY := --tb=short --force-short-summary -rsfE
# Strictly: an output that holds an address or a time breaks a rule instead of being sanitised away.
# Patiently: cells and kernels may take long, for a busy machine is no failure.
STORED_NOTEBOOKS := --nbval --nbval-current-env --nbval-cell-timeout=600 --nbval-kernel-startup-timeout=300

.DEFAULT_GOAL := help
.PHONY: help install book serve test lint notebooks proofs shuffle bench wheel launch set-repository relock clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(READY)  ## set up .venv with the locked packages (the other commands do it themselves)

# The stamp is younger than what it was made from, so a second run installs nothing.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv was found." \
		"Install one (Debian: python3 and python3-venv) or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet $(LOCK) --editable ".[$(EXTRAS)]"
	@touch $@

# Clean, because Sphinx reports the warnings of a page only when it reads that page.
book: $(READY)  ## build the site into _build/html, warnings are errors
	rm -rf _build
	$(VENV)/bin/jupyter-book build . -W -n --keep-going --quiet
	@echo "The book is built. Open $(CURDIR)/$(SITE)/index.html, or type: make serve"

serve: $(READY)  ## show the built site on http://127.0.0.1:8000
	@test -f $(SITE)/index.html || $(MAKE) book
	$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

test: lint book  ## lint, types, a clean build, then every test: units, notebooks, site, repository
	$(PY) -m pytest $(SUMMARY) -n $(WORKERS) --dist loadscope $(STORED_NOTEBOOKS) tests coursekit chapters

lint: $(READY)  ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

notebooks: $(READY)  ## execute every notebook anew and store its outputs
	$(PY) -m tests.notebooks.store

proofs: $(READY)  ## half an hour or more: the chapters as on other machines, seeded bugs; goes on where it stopped
	$(PY) -m tests.proofs $(if $(FRESH),--fresh)

shuffle: $(READY)  ## the unit tests in a drawn order: make shuffle SEED=2
	$(PY) -m pytest $(SUMMARY) -n $(WORKERS) --dist loadscope -p tests.repo.shuffled --shuffle $(SEED) \
		--ignore tests/site --ignore tests/notebooks tests coursekit

bench: $(READY)  ## speed and memory against other libraries, as ratios
	$(PY) -m benchmarks

wheel: $(READY)  ## build the wheel of coursekit into dist/
	$(PY) -m build --wheel --no-isolation --outdir dist .

launch: $(READY)  ## write the content of the launch branch (what Colab and Binder open) into _build/launch
	rm -rf _build/launch
	$(PY) .ci/launch_branch.py _build/launch

set-repository: $(READY)  ## write the repository's address everywhere: make set-repository URL=https://…
	@test -n "$(URL)" || { echo "Say which: make set-repository URL=https://github.com/owner/name" >&2; exit 1; }
	$(PY) .ci/set_repository.py "$(URL)"

relock: $(READY)  ## write constraints.txt anew from what is installed in .venv
	$(PY) .ci/relock.py

clean:  ## remove what was built; the environment stays (remove .venv by hand)
	rm -rf _build build dist .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
