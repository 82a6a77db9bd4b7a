# Every target is a line or two; what takes more stands in scripts/. GNU make 3.81 is enough.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python

.PHONY: help run install install-dev web web-packages system-packages test check style types rooms locks generated \
	web-check format lock generate bench faults clean \
	new-app apps-check
.NOTPARALLEL:

help: ## Show what make can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

run: web ## Set everything up and serve Outcode with the example flows
	@.venv/bin/outcode serve --example

install: ## Create .venv and install the locked packages
	@sh scripts/python.sh -m scripts.install

install-dev: ## The same, with what tests and checks need
	@sh scripts/python.sh -m scripts.install --dev

web: install ## Build the web page and pack the scripts' libraries, when their sources have changed
	@$(PYTHON) -m scripts.web build

web-packages: install-dev
	@$(PYTHON) -m scripts.web packages

system-packages:
	@sh scripts/python.sh -m scripts.system_packages

test: install-dev web system-packages ## Run every test
	@$(PYTHON) scripts/node.py vitest run
	@$(PYTHON) -m pytest -n 2 --dist loadscope

check: style types rooms locks apps-check generated web-check ## Run every check that needs no running program

style: install-dev ## Check style and format of the Python sources
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .

types: install-dev ## Check the types of the Python sources
	@$(PYTHON) -m mypy

rooms: install-dev ## Check which room imports which
	@.venv/bin/lint-imports

locks: install-dev ## Check that the locks fit pyproject.toml
	@$(PYTHON) -m scripts.lock --check

generated: web-packages ## Check that generated files are current
	@$(PYTHON) -m scripts.generate --check

apps-check: install-dev ## Show how good each app is, and what the next tier takes
	@$(PYTHON) -m scripts.apps_check

new-app: install-dev ## Start an app: NAME="Acme CRM" SLUG=acme-crm CATEGORY=Productivity
	@$(PYTHON) -m scripts.new_app "$(NAME)" "$(SLUG)" "$(CATEGORY)"

web-check: web-packages ## Check types and style of the web page's sources
	@$(PYTHON) scripts/node.py npm run check

format: install-dev ## Format the Python sources and mend what can be mended
	@$(PYTHON) -m ruff check --fix .
	@$(PYTHON) -m ruff format .

lock: install-dev ## Write the locks anew from pyproject.toml, keeping pins that still fit
	@$(PYTHON) -m scripts.lock

generate: web-packages ## Write the generated files anew
	@$(PYTHON) -m scripts.generate

bench: install ## Measure, and print figures as JSON
	@$(PYTHON) -m benchmarks.run

faults: install-dev system-packages ## Kill, stop and restart what runs, 200 times, and print what became of it
	@FAULT_POINTS=200 FAULT_RESTARTS=20 FAULT_FLOWS=200 FAULT_ROWS=10000 FAULT_ROWS_KILLS=10 \
		$(PYTHON) -m pytest tests/faults -p no:xdist

clean: ## Remove what was installed and built; your data in .outcode stays
	@rm -rf .venv web/node_modules src/outcode/server/static src/outcode/runs/sandbox/libraries.json \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
