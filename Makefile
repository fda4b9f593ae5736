# `make run` and `make test` set up what they need; run them again and they start at once.
.DEFAULT_GOAL := help
BIN := .venv/bin
# As many workers as there are processors, within what 4 GiB hold; `-n 0` in ARGS makes it one, with its output.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4
ARGS ?=
# The suite starts a hundred gateways: they need not compile themselves anew each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-quick setup sip speech check bench lock

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run:  ## set up and run the gateway, with a simulated call centre (ARGS='--config FILE' for your own)
	@requirements/setup.sh run
	@exec $(BIN)/tieline run $(ARGS)

test: setup  ## set up and run the whole suite, with a real Asterisk, SIPp and a browser
	@$(PYTEST) $(ARGS)

test-quick: setup  ## the suite without real PBXs and slow tests
	@$(PYTEST) -m "not live and not slow" $(ARGS)

setup:  ## .venv and system packages, nothing else
	@requirements/setup.sh test

sip:  ## build PJSIP's binding, for PBXs that are reached by SIP (PJPROJECT=FILE for a tarball of your own)
	@requirements/setup.sh sip
	@RECORD=$(RECORD) packaging/pjsua2/install.sh $(if $(PJPROJECT),'$(PJPROJECT)')

speech:  ## what hears and speaks on this machine, with its models (VOICES=FILE for a tarball of kokoro-js)
	@requirements/setup.sh speech
	@packaging/speech/install.sh $(if $(VOICES),'$(VOICES)')

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
	@PYTHONPATH=tests $(BIN)/python -m bench.pages_crowd --check
	@PYTHONPATH=tests $(BIN)/python -m bench.voice --check
	@PYTHONPATH=tests $(BIN)/python -m bench.sip --check
	@PYTHONPATH=tests $(BIN)/python -m bench.sip_jitter --check
	@PYTHONPATH=tests $(BIN)/python -m bench.understanding --check
	@PYTHONPATH=tests $(BIN)/python -m bench.ears --check
	@PYTHONPATH=tests $(BIN)/python -m bench.spoken --check
	@PYTHONPATH=tests $(BIN)/python -m bench.voice_answers --check
	@PYTHONPATH=tests $(BIN)/python -m bench.voice_faults --check
	@PYTHONPATH=tests $(BIN)/python -m bench.crm_backlog --check
	@PYTHONPATH=tests $(BIN)/python -m bench.run --check $(ARGS)

lock: setup  ## lock the newest versions that pyproject.toml allows
	@requirements/lock.sh
