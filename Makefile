# make demo: a bot, a visitor and you talk in a chat; make demo ONCE=1: without you.  make test: everything is tested.
# make fuzz SECONDS=60: what reads a server's bytes gets bytes of all kinds.  make soak: losses and cycles for ten minutes.
# make soak-cluster: three servers, Redis and 2,000 clients for ten minutes (CLUSTER=--help says what can be set).
# make loops: plain loops of emit, counted with acknowledgements (LOOPS=--help says which).
# make mutate MODULE=sioclient/protocol/outbox.py: which changes of a module do its own tests not notice?
# make table: writes into docs/versions.md which servers the tests have proven.
# make docs: the site, in docs/_build/html; a warning or a broken link fails.
# make bench: both fronts and the server are measured beside others (ARGS=--quick for a first look); docs/speed.md says more.
# All need Python 3.10 or later and make; what else they need they install into .venv and tests/servers.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRA := dev
SECONDS := 60
CYCLES := 10000

.PHONY: demo test fuzz soak soak-cluster loops mutate table docs bench clean

demo: $(VENV)/demo
	@$(BIN)/python chatbot.py $(if $(ONCE),--once)

test: $(VENV)/ready
	@$(BIN)/python -m tests.servers || echo "The tests that need a real server will be skipped."
	@$(BIN)/python -m tests.typing
	@echo "Running the tests."
	@$(BIN)/python -m pytest $(ARGS)

fuzz: $(VENV)/ready
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' \
		|| echo "atheris cannot be installed here."
	@$(BIN)/python -m tests.fuzz $(SECONDS)

soak: $(VENV)/ready
	@$(BIN)/python -m tests.servers
	@$(BIN)/python -m tests.faults.soak $(SOAK) --cycles $(CYCLES)

soak-cluster: $(VENV)/ready
	@$(BIN)/python -m tests.cluster $(CLUSTER)

loops: $(VENV)/ready
	@$(BIN)/python -m tests.servers
	@$(BIN)/python -m tests.faults.loops $(LOOPS)

mutate: $(VENV)/ready
	@$(BIN)/python -m tests.mutate $(MODULE)

table: $(VENV)/ready
	@WRITE_TABLE=1 $(BIN)/python -m pytest -q tests/contract/test_servers.py

docs: $(VENV)/made
	@$(BIN)/python -c 'import furo, myst_parser, tornado' 2>/dev/null || $(INSTALL) '.[docs]'
	@rm -rf docs/_build
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --quiet -d docs/_build/doctrees docs docs/_build/html
	@$(BIN)/python -m docs.site docs/_build/html

bench: $(VENV)/ready
	@$(BIN)/python -m bench $(ARGS)
	@$(BIN)/python -m bench.aio $(ARGS)
	@$(BIN)/python -m bench.server $(ARGS)

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

$(VENV)/ready: $(VENV)/made
	@echo "Installing sioclient, what it is tested against, and the development tools: 400 MB, a minute or two."
	@$(INSTALL) '.[$(EXTRA)]'
	@touch $(VENV)/demo $@

$(VENV)/demo: $(VENV)/made
	@echo "Installing sioclient with requests and websocket-client, and Tornado for its server: 5 MB, some seconds."
	@$(INSTALL) '.[server]'
	@touch $@

$(VENV)/made: setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "sioclient needs Python 3.10 or later; name one: make PYTHON=python3.12")'
	@! test -L $(VENV) || { echo "$(VENV) is a link: what it leads to is not cleared. Remove the link, or bring that up to date." >&2; exit 1; }
	@echo "Setting up a virtual environment in $(VENV)."
	@$(PYTHON) -m venv --clear $(VENV) || { echo "python -m venv does not work here; Debian and Ubuntu have it in the package python3-venv." >&2; exit 1; }
	@touch $@

clean:
	rm -rf $(VENV) docs/_build tests/typing/node_modules tests/servers/node_modules tests/servers/.python2.7
