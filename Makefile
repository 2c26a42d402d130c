# Everything on a fresh machine: `make demo` and `make test`. The environment is made here, in .venv, once.
PYTHON ?= python3
PENCHANT := .venv/bin/python

# A folder of further real data; the core tests need none of it.
ifneq ($(wildcard ../shared/data),)
export PENCHANT_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo test check style bench peers clean

demo: .venv/installed  ## real data, fit, compare, show
	.venv/bin/penchant demo

test: style  ## all checks; the last line counts passed, failed and skipped tests
	$(PENCHANT) -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: style  ## style and types
	$(PENCHANT) -m mypy

style: .venv/installed
	$(PENCHANT) -m ruff check .
	$(PENCHANT) -m ruff format --check .

bench: .venv/installed  ## measured numbers, written to bench/results
	@set -e; for file in $(sort $(wildcard bench/*.py)); do echo "== $$file"; $(PENCHANT) $$file; done
	@$(PENCHANT) bench/rig/readme.py

peers: .venv/installed  ## other libraries on the same cut, each in an environment of its own
	$(PENCHANT) bench/peers/run.py
	@$(PENCHANT) bench/rig/readme.py

# Constraints pin every version, so that no one gets a GPU build of gigabytes or an untested mix.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PENCHANT) -m pip install --disable-pip-version-check --no-compile -c constraints.txt -e '.[language,test]'
	touch $@

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
