# `make run` and `make test` set up what they need; run them again and they start at once.
.DEFAULT_GOAL := help
BIN := .venv/bin
ARGS ?=

.PHONY: help run test test-quick setup check bench lock

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run:  ## set up and run the gateway, with a simulated call centre (ARGS='--config FILE' for your own)
	@requirements/setup.sh run
	@exec $(BIN)/tieline run $(ARGS)

test: setup  ## set up and run the whole suite, with a real Asterisk, SIPp and a browser
	@$(BIN)/python -m pytest $(ARGS)

test-quick: setup  ## the suite without real PBXs and slow tests
	@$(BIN)/python -m pytest -m "not live and not slow" $(ARGS)

setup:  ## .venv and system packages, nothing else
	@requirements/setup.sh test

check: setup  ## format, lint, types, import layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## measure against the peers and fail under a bar
	@PYTHONPATH=tests $(BIN)/python -m bench.store --check
	@PYTHONPATH=tests $(BIN)/python -m bench.latency --check
	@PYTHONPATH=tests $(BIN)/python -m bench.pop --check
	@PYTHONPATH=tests $(BIN)/python -m bench.pages_restart --check
	@PYTHONPATH=tests $(BIN)/python -m bench.run --check $(ARGS)

lock: setup  ## lock the newest versions that pyproject.toml allows
	@requirements/lock.sh
